// The simulated disk of a DataNode: what survives a power loss and what errors mean.
#include "adapters/sim/disk.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "adapters/sim/ambush.h"
#include "core/base/crc32c.h"
#include "core/datanode/checksum_builder.h"
#include "core/wire/datanode_messages.h"

namespace dfs::sim {
namespace {

std::vector<std::uint8_t> bytes_of(std::size_t length, std::uint8_t first) {
  std::vector<std::uint8_t> bytes(length);
  for (std::size_t i = 0; i < length; ++i) bytes[i] = static_cast<std::uint8_t>(first + i);
  return bytes;
}

SharedSidecar sidecar_for(BlockId block, const std::vector<std::uint8_t>& data) {
  datanode::ChecksumBuilder checksums;
  checksums.add(data);
  checksums.finish();
  auto sidecar = std::make_shared<datanode::Sidecar>();
  sidecar->info = {block, data.size(), checksums.crc()};
  sidecar->granule_crcs = checksums.granules();
  sidecar->chunk_crcs = checksums.chunks();
  return sidecar;
}

std::vector<std::uint8_t> content(const FileBytes* data) {
  return {data->view().begin(), data->view().end()};
}

Status store(SimDisk& disk, BlockId block, const std::vector<std::uint8_t>& data,
             int steps = kPublishSteps) {
  const Result<std::uint64_t> file = disk.create(data.size());
  if (!file.ok()) return file.status();
  Status written = disk.write(*file, 0, data);
  if (!written.ok()) return written;
  return disk.publish(*file, sidecar_for(block, data), steps);
}

constexpr BlockId kBlock{7};

wire::BlockInfo info_of(const std::vector<std::uint8_t>& data) {
  return sidecar_for(kBlock, data)->info;
}

// The bytes of every copy of the block in quarantine/ that is whole.
std::vector<std::vector<std::uint8_t>> kept_of(const SimDisk& disk) {
  std::vector<std::vector<std::uint8_t>> kept;
  for (const Quarantined& copy : disk.quarantined(kBlock)) {
    if (copy.whole()) kept.push_back(content(copy.files.data));
  }
  return kept;
}

TEST(SimDisk, PublishedReplicaSurvivesEveryPowerLoss) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SimDisk disk(1 << 20);
    const std::vector<std::uint8_t> data = bytes_of(3000, 1);
    ASSERT_TRUE(store(disk, kBlock, data).ok());
    disk.power_loss(Random(seed));
    const Result<ReplicaFiles> files = disk.open(kBlock);
    ASSERT_TRUE(files.ok());
    EXPECT_EQ(content(files->data), data);
    ASSERT_NE(files->sidecar, nullptr);
    EXPECT_EQ(files->sidecar->info.crc, crc32c(data));
  }
}

TEST(SimDisk, ReplicaThatWasNotSyncedIsLostByPowerLossAtLeastSometimesAndTornAtLeastSometimes) {
  int lost = 0;
  int whole = 0;
  int without_sidecar = 0;
  for (int steps = 0; steps < kPublishSteps; ++steps) {
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
      SimDisk disk(1 << 20);
      const std::vector<std::uint8_t> data = bytes_of(3000, 1);
      ASSERT_TRUE(store(disk, kBlock, data, steps).ok());
      disk.power_loss(Random(seed));
      disk.clean();
      const Result<ReplicaFiles> files = disk.open(kBlock);
      if (!files.ok()) {
        ++lost;
      } else if (files->sidecar == nullptr) {
        ++without_sidecar;
      } else {
        // With a sidecar that was synced after its data, the data is whole.
        EXPECT_EQ(content(files->data), data);
        ++whole;
      }
      EXPECT_LE(disk.used(), data.size());
    }
  }
  EXPECT_GT(lost, 0);
  EXPECT_GT(whole, 0);
  EXPECT_GT(without_sidecar, 0);
}

TEST(SimDisk, WithoutPowerLossACrashKeepsWhatWasWritten) {
  SimDisk disk(1 << 20);
  ASSERT_TRUE(store(disk, kBlock, bytes_of(100, 1), 4).ok());
  disk.clean();
  EXPECT_TRUE(disk.open(kBlock).ok());
  EXPECT_EQ(disk.list(), std::vector<BlockId>{kBlock});
}

TEST(SimDisk, ListsTheReplicasOfOneReportBucketAlone) {
  SimDisk disk(1 << 20);
  const BlockId first{7 + wire::kReportBuckets};
  const BlockId second{7 + 2 * wire::kReportBuckets};
  const BlockId far{7 + (std::uint64_t{3} << 40)};
  const BlockId others[] = {BlockId{8}, BlockId{6 + 9 * wire::kReportBuckets}};
  for (const BlockId block : {first, others[0], second, far, others[1]}) {
    ASSERT_TRUE(store(disk, block, bytes_of(100, 1)).ok());
  }
  EXPECT_EQ(disk.list_bucket(7), (std::vector<BlockId>{first, second, far}));
  EXPECT_TRUE(disk.lose_sidecar(first));
  EXPECT_EQ(disk.list_bucket(7), (std::vector<BlockId>{second, far}));
}

TEST(SimDisk, NewContentOfABlockSendsTheOldToQuarantine) {
  SimDisk disk(1 << 20);
  ASSERT_TRUE(store(disk, kBlock, bytes_of(100, 1)).ok());
  ASSERT_TRUE(store(disk, kBlock, bytes_of(100, 2)).ok());
  EXPECT_EQ(content(disk.open(kBlock)->data), bytes_of(100, 2));
  EXPECT_EQ(kept_of(disk), std::vector({bytes_of(100, 1)}));
}

TEST(SimDisk, TellsAReplicaOfOtherContentByItsSidecarWhileItIsInItsPlace) {
  SimDisk disk(1 << 20);
  const wire::BlockInfo same = info_of(bytes_of(100, 1));
  const wire::BlockInfo other = info_of(bytes_of(100, 2));
  EXPECT_FALSE(disk.has_other(other));
  ASSERT_TRUE(store(disk, kBlock, bytes_of(100, 1)).ok());
  EXPECT_TRUE(disk.has_other(other));
  EXPECT_TRUE(disk.has_other(info_of(bytes_of(99, 1))));
  EXPECT_FALSE(disk.has_other(same));
  ASSERT_TRUE(disk.quarantine(same).ok());
  EXPECT_FALSE(disk.has_other(other));
  ASSERT_TRUE(disk.restore(same, 0).ok());
  EXPECT_TRUE(disk.has_other(other));
  ASSERT_TRUE(disk.lose_sidecar(kBlock));
  EXPECT_FALSE(disk.has_other(other)) << "nothing says what it is";
}

TEST(SimDisk, V3_TooManyOpenFilesAndReadErrorsNeverSayThatAReplicaIsAbsent) {
  SimDisk disk(1 << 20);
  ASSERT_TRUE(store(disk, kBlock, bytes_of(100, 1)).ok());
  disk.set_out_of_descriptors(true);
  EXPECT_EQ(disk.open(kBlock).status().code(), Code::kUnavailable) << "as adapters/disk says";
  EXPECT_EQ(disk.quarantine(info_of(bytes_of(100, 1))).code(), Code::kUnavailable);
  disk.repair_faults();
  disk.set_unreadable(kBlock);
  EXPECT_EQ(disk.open(kBlock).status().code(), Code::kIo);
  disk.set_unreadable(kBlock, {20, 30});
  EXPECT_EQ(disk.open(kBlock).status().code(), Code::kIo);
  EXPECT_EQ(disk.open(kBlock, {29, 31}).status().code(), Code::kIo);
  EXPECT_TRUE(disk.open(kBlock, {0, 20}).ok());
  EXPECT_TRUE(disk.open(kBlock, {30, 100}).ok());
  disk.set_readable(kBlock);
  EXPECT_TRUE(disk.open(kBlock).ok());
  EXPECT_EQ(disk.open(BlockId{8}).status().code(), Code::kNotFound);
}

TEST(SimDisk, V3_ADiskThatCannotReadFilesKnowsFromItsDirectoryWhichThereAre) {
  SimDisk disk(1 << 20);
  ASSERT_TRUE(store(disk, kBlock, bytes_of(100, 1)).ok());
  disk.set_reads_fail(true);
  EXPECT_EQ(disk.open(kBlock).status().code(), Code::kIo);
  EXPECT_EQ(disk.open(BlockId{8}).status().code(), Code::kNotFound);
  const wire::BlockInfo replica = info_of(bytes_of(100, 1));
  EXPECT_EQ(disk.open_quarantined(replica).status().code(), Code::kNotFound);
  ASSERT_TRUE(disk.quarantine(replica).ok());
  EXPECT_EQ(disk.open_quarantined(replica).status().code(), Code::kIo);
}

TEST(SimDisk, FullDiskRefusesAndCountsOnlyWhatIsThere) {
  SimDisk disk(1000);
  ASSERT_TRUE(store(disk, kBlock, bytes_of(600, 1)).ok());
  EXPECT_EQ(disk.free(), 400u);
  EXPECT_EQ(store(disk, BlockId{8}, bytes_of(600, 1)).code(), Code::kNoSpace);
  ASSERT_TRUE(disk.quarantine(info_of(bytes_of(600, 1))).ok());
  ASSERT_TRUE(disk.purge(info_of(bytes_of(600, 1))).ok());
  EXPECT_EQ(disk.free(), 1000u);
}

TEST(SimDisk, RotChangesOneByteAndALostSidecarLeavesTheData) {
  SimDisk disk(1 << 20);
  ASSERT_TRUE(store(disk, kBlock, bytes_of(100, 1)).ok());
  EXPECT_FALSE(disk.rot(kBlock, 100, 1));
  EXPECT_TRUE(disk.rot(kBlock, 99, 1));
  EXPECT_NE(content(disk.open(kBlock)->data), bytes_of(100, 1));
  EXPECT_TRUE(disk.lose_sidecar(kBlock));
  EXPECT_EQ(disk.open(kBlock)->sidecar, nullptr);
  EXPECT_TRUE(disk.list().empty());
}

TEST(SimDisk, QuarantineKeepsEveryCopyBesideTheOthers) {
  const std::vector<std::uint8_t> data = bytes_of(100, 1);
  const std::vector<std::uint8_t> other = bytes_of(100, 2);
  SimDisk disk(1 << 20);
  ASSERT_TRUE(store(disk, kBlock, data).ok());
  ASSERT_TRUE(store(disk, kBlock, data).ok());
  ASSERT_TRUE(disk.rot(kBlock, 9, 1));
  ASSERT_TRUE(store(disk, kBlock, other).ok());
  ASSERT_TRUE(disk.quarantine(info_of(other)).ok());
  EXPECT_EQ(disk.quarantined().size(), 3u);
  EXPECT_EQ(disk.used(), 300u);
  const Result<std::vector<Quarantined>> copies = disk.open_quarantined(info_of(data));
  ASSERT_TRUE(copies.ok());
  ASSERT_EQ(copies->size(), 2u);
  EXPECT_FALSE(copies->front().whole()) << "the latest is rotten";
  EXPECT_TRUE(copies->back().whole());
  ASSERT_TRUE(disk.restore(info_of(data), copies->back().copy).ok());
  EXPECT_EQ(content(disk.open(kBlock)->data), data);
  ASSERT_TRUE(disk.purge(info_of(other)).ok());
  ASSERT_EQ(disk.quarantined(kBlock).size(), 1u);
  EXPECT_EQ(disk.quarantined(kBlock).front().info, info_of(data));
  EXPECT_EQ(disk.purge(info_of(other)).code(), Code::kNotFound);
}

TEST(SimDisk, PurgeTakesAllCopiesOfTheContent) {
  SimDisk disk(1 << 20);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(store(disk, kBlock, bytes_of(100, 1)).ok());
  ASSERT_TRUE(store(disk, kBlock, bytes_of(100, 2)).ok());
  ASSERT_TRUE(disk.purge(info_of(bytes_of(100, 1))).ok());
  EXPECT_TRUE(disk.quarantined().empty());
  EXPECT_EQ(disk.used(), 100u);
}

TEST(SimDisk, HDFS_3391_AQuarantineOfOtherContentTouchesNothing) {
  SimDisk disk(1 << 20);
  ASSERT_TRUE(store(disk, kBlock, bytes_of(100, 1)).ok());
  EXPECT_EQ(disk.quarantine(info_of(bytes_of(100, 2))).code(), Code::kNotFound);
  EXPECT_TRUE(disk.open(kBlock).ok());
  ASSERT_TRUE(disk.lose_sidecar(kBlock));
  EXPECT_TRUE(disk.quarantine(info_of(bytes_of(100, 1))).ok()) << "nothing protects it";
  ASSERT_EQ(disk.quarantined(kBlock).size(), 1u);
  EXPECT_EQ(disk.quarantined(kBlock).front().files.sidecar, nullptr);
}

TEST(SimDisk, MoveThatIsCutShortAndAPowerLossLeaveTheReplicaInOnePlaceAtLeast) {
  int in_both = 0;
  int came_back = 0;
  for (int steps = 0; steps <= kMoveSteps; ++steps) {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
      SimDisk disk(1 << 20);
      ASSERT_TRUE(store(disk, kBlock, bytes_of(2000, 1)).ok());
      ASSERT_TRUE(disk.quarantine(info_of(bytes_of(2000, 1)), steps).ok());
      disk.power_loss(Random(seed));
      disk.clean();
      const bool current = disk.list().size() == 1;
      const bool quarantine = disk.quarantined().size() == 1;
      EXPECT_TRUE(current || quarantine);
      if (current && quarantine) ++in_both;
      if (current && steps == kMoveSteps) ++came_back;
    }
  }
  EXPECT_GT(in_both, 0);
  EXPECT_GT(came_back, 0);
}

TEST(SimDisk, RestoreInThePlaceOfABadReplicaThatIsCutShortLosesNeither) {
  const std::vector<std::uint8_t> whole = bytes_of(2000, 1);
  const std::vector<std::uint8_t> other = bytes_of(2000, 2);
  for (int steps = 0; steps <= 2 * kMoveSteps; ++steps) {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
      SimDisk disk(1 << 20);
      ASSERT_TRUE(store(disk, kBlock, whole).ok());
      ASSERT_TRUE(store(disk, kBlock, other).ok());
      ASSERT_TRUE(disk.make_way(kBlock, std::min(steps, kMoveSteps)).ok());
      if (steps > kMoveSteps) {
        ASSERT_TRUE(disk.restore(info_of(whole), 0, steps - kMoveSteps).ok());
      }
      disk.power_loss(Random(seed));
      std::vector<std::vector<std::uint8_t>> left = kept_of(disk);
      const Result<ReplicaFiles> files = disk.open(kBlock);
      if (files.ok() && files->whole()) left.push_back(content(files->data));
      EXPECT_NE(std::find(left.begin(), left.end(), whole), left.end());
      EXPECT_NE(std::find(left.begin(), left.end(), other), left.end());
    }
  }
}

TEST(SimDisk, WayIsMadeAlsoByWhatNoSidecarNames) {
  SimDisk disk(1 << 20);
  ASSERT_TRUE(store(disk, kBlock, bytes_of(100, 1)).ok());
  ASSERT_TRUE(disk.lose_sidecar(kBlock));
  ASSERT_TRUE(disk.make_way(kBlock).ok());
  EXPECT_EQ(disk.open(kBlock).status().code(), Code::kNotFound);
  EXPECT_TRUE(disk.quarantined().empty());
}

TEST(SimDisk, UnlinkOfAPurgeThatWasNotSyncedComesUndoneSometimes) {
  int came_back = 0;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    SimDisk disk(1 << 20);
    ASSERT_TRUE(store(disk, kBlock, bytes_of(2000, 1)).ok());
    ASSERT_TRUE(disk.quarantine(info_of(bytes_of(2000, 1))).ok());
    ASSERT_TRUE(disk.purge(info_of(bytes_of(2000, 1))).ok());
    disk.power_loss(Random(seed));
    if (kept_of(disk).empty()) continue;
    ++came_back;
    EXPECT_EQ(kept_of(disk), std::vector({bytes_of(2000, 1)}));
    EXPECT_EQ(disk.used(), 2000u);
  }
  EXPECT_GT(came_back, 0);
  EXPECT_LT(came_back, 50);
}

TEST(SimDisk, MoveToQuarantineNeverComesUndoneAfterAPurge) {
  for (int steps = 1; steps <= kPurgeSteps; ++steps) {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
      SimDisk disk(1 << 20);
      ASSERT_TRUE(store(disk, kBlock, bytes_of(2000, 1)).ok());
      ASSERT_TRUE(disk.quarantine(info_of(bytes_of(2000, 1))).ok());
      ASSERT_TRUE(disk.purge(info_of(bytes_of(2000, 1)), steps).ok());
      disk.power_loss(Random(seed));
      EXPECT_TRUE(disk.list().empty());
    }
  }
}

TEST(SimDisk, PowerLossTearsWhatWasNotSyncedBySectors) {
  int mixed = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SimDisk disk(1 << 20);
    const std::vector<std::uint8_t> data = bytes_of(4096, 1);
    const Result<std::uint64_t> file = disk.create(data.size());
    ASSERT_TRUE(disk.write(*file, 0, data).ok());
    disk.power_loss(Random(seed));
    const BlockId temporary{*file};
    const FileBytes* left = disk.data(temporary, Folder::kTemporary);
    if (left == nullptr || left->size() != data.size()) continue;
    int whole = 0;
    for (std::size_t at = 0; at < data.size(); at += 512) {
      const auto begin = static_cast<std::ptrdiff_t>(at);
      if (std::equal(data.begin() + begin, data.begin() + begin + 512,
                     left->view().begin() + begin)) {
        ++whole;
      }
    }
    if (whole > 0 && whole < 8) ++mixed;
  }
  EXPECT_GT(mixed, 0);
}

TEST(SimDisk, V3_DiskThatFailedAnswersWithErrorsUntilTheNextStartUnlessItIsBroken) {
  SimDisk disk(1 << 20);
  ASSERT_TRUE(store(disk, kBlock, bytes_of(100, 1)).ok());
  EXPECT_EQ(disk.fail().code(), Code::kIo);
  EXPECT_EQ(disk.open(kBlock).status().code(), Code::kIo);
  EXPECT_EQ(store(disk, BlockId{8}, bytes_of(100, 1)).code(), Code::kIo);
  EXPECT_EQ(disk.free(), 0u);
  disk.clean();
  EXPECT_TRUE(disk.open(kBlock).ok());
  disk.set_broken(true);
  disk.clean();
  EXPECT_FALSE(disk.in_service());
  disk.set_broken(false);
  disk.clean();
  EXPECT_EQ(content(disk.open(kBlock)->data), bytes_of(100, 1));
}

TEST(SimDisk, V3_DiskThatFailsReadsTakesWritesAndListsWhatItHas) {
  SimDisk disk(1 << 20);
  disk.set_reads_fail(true);
  ASSERT_TRUE(store(disk, kBlock, bytes_of(100, 1)).ok());
  EXPECT_EQ(disk.open(kBlock).status().code(), Code::kIo);
  EXPECT_EQ(disk.list(), std::vector{kBlock});
  disk.clean();
  EXPECT_EQ(disk.open(kBlock).status().code(), Code::kIo) << "also after a start";
  disk.repair_faults();
  EXPECT_TRUE(disk.open(kBlock).ok());
}

TEST(SimDisk, DiskThatFailsWritesIsOutOfServiceFromTheFirstOne) {
  SimDisk disk(1 << 20);
  ASSERT_TRUE(store(disk, kBlock, bytes_of(100, 1)).ok());
  disk.set_writes_fail(true);
  EXPECT_TRUE(disk.open(kBlock).ok());
  EXPECT_EQ(store(disk, BlockId{8}, bytes_of(100, 1)).code(), Code::kIo);
  EXPECT_FALSE(disk.in_service());
  disk.clean();
  EXPECT_TRUE(disk.open(kBlock).ok());
  EXPECT_EQ(disk.purge({kBlock, 100, 0}).code(), Code::kIo);
  EXPECT_FALSE(disk.in_service()) << "once more";
}

TEST(SimDisk, WritesThatWentAstrayLeaveTheSidecarAndOtherBytes) {
  SimDisk disk(1 << 20);
  ASSERT_TRUE(store(disk, kBlock, bytes_of(1500, 1)).ok());
  ASSERT_TRUE(store(disk, BlockId{8}, bytes_of(700, 9)).ok());
  EXPECT_FALSE(disk.misdirect(kBlock, kBlock, 0));
  ASSERT_TRUE(disk.misdirect(kBlock, BlockId{8}, 512));
  std::vector<std::uint8_t> expected = bytes_of(1500, 1);
  const std::vector<std::uint8_t> other = bytes_of(700, 9);
  std::copy(other.begin(), other.end(), expected.begin() + 512);
  EXPECT_EQ(content(disk.open(kBlock)->data), expected);
  EXPECT_NE(disk.open(kBlock)->sidecar->info.crc, crc32c(expected));

  ASSERT_TRUE(disk.lose_write(kBlock, 512, 1, false));
  std::fill(expected.begin() + 512, expected.begin() + 1024, std::uint8_t{0});
  EXPECT_EQ(content(disk.open(kBlock)->data), expected);
  EXPECT_FALSE(disk.lose_write(kBlock, 512, 1, false));
  ASSERT_TRUE(disk.lose_write(kBlock, 512, 1, true));
  EXPECT_EQ(disk.open(kBlock)->data->size(), 512u);
  EXPECT_EQ(disk.used(), 512u + 700u);
}

TEST(SimDisk, VanishedReplicaIsAbsentAlsoAfterAPowerLoss) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SimDisk disk(1 << 20);
    ASSERT_TRUE(store(disk, kBlock, bytes_of(100, 1)).ok());
    EXPECT_FALSE(disk.vanish(BlockId{8}));
    ASSERT_TRUE(disk.vanish(kBlock));
    disk.power_loss(Random(seed));
    EXPECT_EQ(disk.open(kBlock).status().code(), Code::kNotFound);
  }
}

TEST(SimDisk, ACopyKeepsWhatItsDiskHadWhateverHappensToEither) {
  SimDisk disk(1 << 20);
  const auto data = bytes_of(3000, 1);
  ASSERT_TRUE(store(disk, kBlock, data).ok());
  ASSERT_TRUE(disk.quarantine(info_of(data)).ok());
  const auto other = bytes_of(2000, 2);
  ASSERT_TRUE(store(disk, kBlock, other, kPublishSteps - 1).ok());  // its folder is not synced
  disk.set_unreadable(kBlock);
  SimDisk copy = disk.copy();
  EXPECT_EQ(copy.used(), disk.used());
  ASSERT_TRUE(disk.purge(info_of(data)).ok());
  ASSERT_TRUE(disk.rot(kBlock, 0, 1));
  copy.power_loss(Random(1));
  EXPECT_EQ(content(copy.open(kBlock)->data), other);
  EXPECT_EQ(kept_of(copy), std::vector<std::vector<std::uint8_t>>{data});
  ASSERT_TRUE(copy.vanish(kBlock));
  ASSERT_TRUE(copy.purge(info_of(data)).ok());
  EXPECT_EQ(copy.used(), 0u);
}

TEST(Ambushes, SpringOnceForTheirWorkAndOnlyIfTheMomentIsRight) {
  Ambushes ambushes;
  bool right = false;
  const auto lay = [&] {
    ambushes.lay({{Work::kPublish, 3, "probe"}, Blow::kDeath, [&right](std::uint32_t volume) {
                    return right && volume == 1;
                  }});
  };
  lay();
  EXPECT_FALSE(ambushes.spring(Work::kPurge, 1).has_value());
  EXPECT_FALSE(ambushes.spring(Work::kPublish, 1).has_value());
  right = true;
  EXPECT_FALSE(ambushes.spring(Work::kPublish, 1).has_value());  // it was let pass: over
  lay();
  const std::optional<Ambush> sprung = ambushes.spring(Work::kPublish, 1);
  ASSERT_TRUE(sprung.has_value());
  EXPECT_EQ(sprung->point.steps, 3);
  EXPECT_FALSE(ambushes.spring(Work::kPublish, 1).has_value());
}

TEST(SimDisk, ASidecarIsReadOrProvenAbsentOrUnknown) {
  SimDisk disk(1 << 20);
  const auto data = bytes_of(2000, 1);
  ASSERT_TRUE(store(disk, kBlock, data).ok());
  EXPECT_EQ(*disk.read_sidecar(kBlock), info_of(data));
  disk.set_unreadable(kBlock, {1024, UINT64_MAX});
  EXPECT_EQ(*disk.read_sidecar(kBlock), info_of(data)) << "only the data's end cannot be read";
  disk.set_unreadable(kBlock);
  EXPECT_EQ(disk.read_sidecar(kBlock).status().code(), Code::kIo);
  disk.set_readable(kBlock);
  disk.set_out_of_descriptors(true);
  EXPECT_EQ(disk.read_sidecar(kBlock).status().code(), Code::kUnavailable);
  disk.set_out_of_descriptors(false);
  ASSERT_TRUE(disk.lose_sidecar(kBlock));
  EXPECT_EQ(disk.read_sidecar(kBlock).status().code(), Code::kNotFound);
  ASSERT_TRUE(disk.vanish(kBlock));
  EXPECT_EQ(disk.read_sidecar(kBlock).status().code(), Code::kNotFound);
}

}  // namespace
}  // namespace dfs::sim
