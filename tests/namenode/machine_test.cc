// The NameNode machine: rounds and commits, gates, leases, background work.
#include <gmock/gmock.h>

#include "core/base/mutant.h"
#include "core/namenode/command.h"
#include "tests/namenode/machine_bench.h"

namespace dfs::namenode {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

struct Round : ::testing::Test, MachineBench {
  // The commit that a request's reply waits for.
  CommitToken after(const wire::Request& request) {
    EffectList effects;
    machine->request(1, request, now, effects);
    return std::get<SendReply>(effects.at(0)).after;
  }
  std::vector<CommitToken> flush() {
    EffectList effects;
    machine->flush(effects);
    std::vector<CommitToken> commits;
    for (const Effect& effect : effects) commits.push_back(std::get<Commit>(effect).token);
    return commits;
  }
};
struct Gate : ::testing::Test, MachineBench {};
struct OlderHistory : ::testing::Test, MachineBench {};
struct Leased : ::testing::Test, MachineBench {
  Leased() { add_nodes(); }
};
struct Kept : ::testing::Test, MachineBench {
  Kept() { add_nodes(); }
};
struct Background : ::testing::Test, MachineBench {
  Background() { add_nodes(); }
};
struct Operators : ::testing::Test, MachineBench {
  Operators() { add_nodes(); }
};

TEST_F(Round, D2_ReadsBeforeTheFirstMutationAreFreeAndAllElseWaits) {
  EXPECT_EQ(after(wire::Stat{"/"}), 0u);
  const CommitToken token = after(mkdir("/a"));
  EXPECT_NE(token, 0u);
  EXPECT_EQ(after(wire::Stat{"/a"}), token);
  EXPECT_EQ(after(wire::Stat{"/nothing"}), token);
  EXPECT_THAT(flush(), ::testing::ElementsAre(token));
  EXPECT_EQ(after(wire::Stat{"/a"}), token) << "the commit is asked for and not done";
  EffectList effects;
  store.commit();
  machine->committed(token, effects);
  EXPECT_EQ(after(wire::Stat{"/a"}), 0u);
  EXPECT_THAT(flush(), IsEmpty());
}

TEST_F(Round, D2_ARetryOfWhatIsNotDurableYetWaitsForTheSameCommit) {
  const wire::Mkdir request = mkdir("/a");
  const CommitToken token = after(request);
  EXPECT_EQ(after(request), token);
}

TEST_F(Round, EndsOnlyWithACommitIfSomethingWasApplied) {
  after(wire::Stat{"/"});
  EXPECT_THAT(flush(), IsEmpty());
}

TEST_F(Round, ShipsItsCommandsAfterItsCommitAndTheyReplay) {
  shipped.clear();
  const Position before = store.meta().applied;
  EffectList effects;
  machine->request(1, mkdir("/a"), now, effects);
  machine->request(2, mkdir("/b"), now, effects);
  machine->flush(effects);
  for (const Effect& effect : effects) EXPECT_FALSE(std::holds_alternative<Ship>(effect));
  store.commit();
  EffectList later;
  machine->committed(std::get<Commit>(effects.back()).token, later);
  const Ship ship = std::get<Ship>(later.at(0));
  EXPECT_EQ(ship.first, before + 1);
  EXPECT_THAT(ship.lines, SizeIs(2));
}

TEST(Rounds, D3_WhatWasShippedSinceTheFormatGivesTheSameDigest) {
  MachineBench bench;
  bench.add_nodes();
  bench.write("/d/f", 3);
  bench.open("/d/g", 1);
  static_cast<void>(bench.send(wire::Remove{bench.caller(), "/d/f", false}));
  bench.run(seconds(70));
  sqlite::SqliteStore replayed{sqlite::Options{
      .file = ":memory:", .vfs = "", .fatal = [](const std::string& line) {
        throw std::runtime_error(line);
      }}};
  replayed.begin();
  Position next = 1;
  for (const Ship& ship : bench.shipped) {
    EXPECT_EQ(ship.first, next);
    for (const std::string& line : ship.lines) {
      EXPECT_EQ(apply(replayed, *command_from_text(line)).position, next++);
    }
  }
  EXPECT_EQ(digest_of(replayed), digest_of(bench.store));
}

TEST_F(Gate, S1_WritesWaitForTwoHosts) {
  EXPECT_EQ(code(mkdir("/d")), Code::kOk) << "names need no DataNodes";
  EXPECT_EQ(message(create("/f")),
            "only 0 of the 2 DataNodes (on different hosts) that a write needs are able to store; "
            "start more");
  std::string why;
  EXPECT_FALSE(machine->accepts_writes(&why));
  EXPECT_EQ(why,
            "only 0 of the 2 DataNodes (on different hosts) that a write needs are able to store; "
            "start more");
  add_node("a1");
  EXPECT_EQ(code(create("/f", 1)), Code::kNotEnoughDataNodes);
  wire::Create one = create("/one", 1);
  one.replication = 1;
  EXPECT_EQ(code(one), Code::kOk);
  add_node("a2");
  EXPECT_EQ(code(create("/f", 1)), Code::kOk);
  EXPECT_TRUE(machine->accepts_writes());
  start();
  EXPECT_EQ(code(create("/g", 1)), Code::kNotEnoughDataNodes) << "nobody has come back yet";
}

TEST_F(Gate, S1_SafeModeByHandRefusesMutationsAndEndsOnlyOnRequest) {
  add_nodes();
  write("/f");
  EXPECT_EQ(code(wire::SafeMode{"on"}), Code::kInvalidArgument);
  EXPECT_TRUE(std::get<wire::SafeModeReply>(send(wire::SafeMode{"enter"})).on);
  EXPECT_EQ(code(mkdir("/a")), Code::kSafeMode);
  EXPECT_EQ(code(wire::Remove{caller(), "/f", false}), Code::kSafeMode);
  EXPECT_EQ(code(wire::Stat{"/f"}), Code::kOk);
  start();
  run(seconds(5));
  EXPECT_EQ(code(mkdir("/a")), Code::kSafeMode);
  EXPECT_FALSE(std::get<wire::SafeModeReply>(send(wire::SafeMode{"leave"})).on);
  EXPECT_EQ(code(mkdir("/a")), Code::kOk);
}

TEST_F(Gate, S1_SafeModeHoldsBackLeasesAndReaping) {
  add_nodes();
  write("/f");
  open("/g", 1);
  EXPECT_EQ(code(wire::Remove{caller(), "/f", false}), Code::kOk);
  static_cast<void>(send(wire::SafeMode{"enter"}));
  const Position applied = store.meta().applied;
  run(seconds(100));
  EXPECT_EQ(store.meta().applied, applied);
}

TEST_F(Gate, AFullDiskLeavesDeletingPossible) {
  add_nodes();
  write("/f");
  machine->set_disk_low(true);
  EXPECT_EQ(code(mkdir("/a")), Code::kNoSpace);
  EXPECT_EQ(code(create("/g")), Code::kNoSpace);
  EXPECT_EQ(code(wire::Stat{"/f"}), Code::kOk);
  EXPECT_EQ(code(wire::Remove{caller(), "/f", false}), Code::kOk);
  run(seconds(2));
  EXPECT_TRUE(store.scan_reap(InodeId{}, 1).empty());
  machine->set_disk_low(false);
  EXPECT_EQ(code(mkdir("/a")), Code::kOk);
}

TEST_F(Gate, ChecksTheBlockSizeAgainstTheServersMinimum) {
  config.min_block_size = 512;
  start();
  add_nodes();
  wire::Create request = create("/f");
  request.block_size = 511;
  EXPECT_EQ(code(request), Code::kInvalidArgument);
}

TEST_F(OlderHistory, D5_MakesTheNameNodeReadOnlyUntilItIsAccepted) {
  add_nodes();
  write("/f", 2);
  const MetaRow meta = store.meta();
  nodes[0].seen = {meta.epoch, meta.applied + 100, meta.next_block + 50};
  static_cast<void>(beat(nodes[0]));
  EXPECT_EQ(code(mkdir("/a")), Code::kReadOnly);
  EXPECT_EQ(code(wire::Stat{"/f"}), Code::kOk);
  EXPECT_TRUE(std::get<wire::ClusterReportReply>(send(wire::ClusterReport{})).read_only);

  // Registrations make our own history longer than the one that was seen; it stays foreign.
  for (int i = 0; i < 120; ++i) static_cast<void>(send(registration("a1")));
  start();
  EXPECT_EQ(code(mkdir("/a")), Code::kReadOnly);

  EXPECT_EQ(code(wire::AcceptHistory{}), Code::kOk);
  EXPECT_EQ(store.meta().epoch, meta.epoch + 1);
  EXPECT_EQ(epoch_of(store.meta().next_block), meta.epoch + 1);
  EXPECT_EQ(code(mkdir("/a")), Code::kOk);
  EXPECT_EQ(code(wire::AcceptHistory{}), Code::kOk);
  EXPECT_EQ(store.meta().epoch, meta.epoch + 1) << "accepting once is enough";
}

TEST_F(OlderHistory, D5_IsNoticedAtRegistrationToo) {
  wire::Register request = registration("b1");
  request.seen = {9, 1, 1};
  EXPECT_EQ(code(request), Code::kOk);
  EXPECT_EQ(code(mkdir("/a")), Code::kReadOnly);
  EXPECT_EQ(code(wire::AcceptHistory{}), Code::kOk);
  EXPECT_EQ(store.meta().epoch, 10u);
}

TEST_F(OlderHistory, OfAnotherClusterIsRefusedBeforeItIsBelieved) {
  wire::Register request = registration("b1");
  request.cluster = std::string(32, '9');
  request.seen = {9, 1, 1};
  EXPECT_EQ(code(request), Code::kWrongCluster);
  EXPECT_EQ(code(mkdir("/a")), Code::kOk);
}

TEST_F(OlderHistory, ARegistrationThatIsMalformedIsRefused) {
  const auto refused = [&](auto change) {
    wire::Register request = registration("b1");
    change(request);
    EXPECT_EQ(code(request), Code::kInvalidArgument);
  };
  refused([](wire::Register& r) { r.uuid = "../../etc"; });
  refused([](wire::Register& r) { r.incarnation = ""; });
  refused([](wire::Register& r) { r.client_address = ""; });
  refused([](wire::Register& r) { r.peer_address = std::string(256, 'x'); });
  refused([](wire::Register& r) { r.host = "a\nb"; });
  EXPECT_TRUE(store.scan_datanodes(NodeId{}, 1).empty());
}

TEST_F(Leased, C4_OfAVanishedClientExpiresAndARenewedOneLives) {
  const wire::CreateReply gone = open("/gone", 1);
  const wire::CreateReply kept = open("/kept", 1);
  EXPECT_EQ(gone.lease_limit, config.lease_limit);
  for (int i = 0; i < 8; ++i) {
    run(seconds(10));
    wire::RenewLease renew{caller().client, {kept.inode, gone.inode}};
    if (i > 0) renew.inodes.pop_back();
    static_cast<void>(send(renew));
  }
  EXPECT_EQ(code(wire::Stat{"/gone"}), Code::kNotFound);
  EXPECT_EQ(code(wire::Stat{"/kept"}), Code::kOk);
  const wire::Reply reply = send(wire::RenewLease{caller().client, {kept.inode, gone.inode}});
  EXPECT_THAT(std::get<wire::RenewLeaseReply>(reply).lost, ::testing::ElementsAre(gone.inode));
  run(seconds(5));
  EXPECT_FALSE(store.block(gone.blocks[0].block)) << "no leaked space";
}

TEST_F(Leased, OfAnotherClientCannotBeRenewed) {
  const wire::CreateReply file = open("/f");
  const wire::Reply reply = send(wire::RenewLease{std::string(32, 'b'), {file.inode}});
  EXPECT_THAT(std::get<wire::RenewLeaseReply>(reply).lost, SizeIs(1));
}

TEST_F(Leased, HasAFullPeriodAfterARestart) {
  open("/f");
  run(seconds(50));
  start();
  run(seconds(55));
  EXPECT_EQ(code(wire::Stat{"/f"}), Code::kOk);
  run(seconds(10));
  EXPECT_EQ(code(wire::Stat{"/f"}), Code::kNotFound);
}

TEST_F(Leased, T1_CountsOnlyTimeInWhichTheNameNodeRan) {
  open("/f");
  advance(seconds(3600));
  tick();
  EXPECT_EQ(code(wire::Stat{"/f"}), Code::kOk);
  now.wall.ms += 3600 * 1000;
  tick();
  EXPECT_EQ(code(wire::Stat{"/f"}), Code::kOk);
}

TEST_F(Leased, HDFS_10763_ManyVanishedWritersAllExpire) {
  for (int i = 0; i < 200; ++i) open("/d/" + std::to_string(i));
  run(seconds(70));
  EXPECT_TRUE(store.scan_pending(InodeId{}, 1).empty());
  EXPECT_THAT(std::get<wire::ListReply>(send(wire::List{"/d"})).entries, IsEmpty());
}

TEST_F(Leased, MoreThanAThousandAtOnceAreRefused) {
  wire::RenewLease request{caller().client, std::vector<InodeId>(1001)};
  EXPECT_EQ(code(request), Code::kInvalidArgument);
}

TEST_F(Kept, N1_ARetryAfterARestartIsAnsweredFromItsRecord) {
  const wire::Create request = create("/f", 2);
  const wire::Reply first = send(request);
  start();
  EXPECT_EQ(send(request), first);
  EXPECT_THAT(store.scan_pending(InodeId{}, 10), SizeIs(1));
}

TEST_F(Kept, N1_ARetryIsAnsweredEvenInSafeMode) {
  const wire::Mkdir request = mkdir("/a");
  EXPECT_EQ(code(request), Code::kOk);
  static_cast<void>(send(wire::SafeMode{"enter"}));
  EXPECT_EQ(code(request), Code::kOk);
}

TEST_F(Kept, RequestsAreForgottenAfterTheirTimeAndAnswerUnknownThen) {
  config.request_retention = seconds(20);
  start();
  wire::Mkdir request = mkdir("/a");
  EXPECT_EQ(code(request), Code::kOk);
  run(seconds(15));
  EXPECT_EQ(code(request), Code::kOk);
  run(seconds(10));
  EXPECT_FALSE(store.request(request.caller.client, request.caller.request));
  request.caller.age_ms = 25'000;
  EXPECT_EQ(code(request), Code::kUnknownOutcome);
  EXPECT_EQ(code(mkdir("/b")), Code::kOk);
}

TEST_F(Kept, T1_AClockThatIsSetForgetsNoRequest) {
  config.request_retention = seconds(20);
  start();
  wire::Mkdir request = mkdir("/a");
  EXPECT_EQ(code(request), Code::kOk);
  for (const std::int64_t step : {7'200'000, -14'400'000}) {
    now.wall.ms += step;
    run(seconds(4));
    request.caller.age_ms += 4000;
    EXPECT_TRUE(store.request(request.caller.client, request.caller.request));
    EXPECT_EQ(code(request), Code::kOk);
  }
}

TEST_F(Kept, T1_AClockThatIsSetBetweenTheDropAndTheRetryExecutesNothingTwice) {
  config.max_requests_kept = 4;
  start();
  wire::Mkdir request = mkdir("/a");
  EXPECT_EQ(code(request), Code::kOk);
  run(seconds(1));
  for (int i = 0; i < 8; ++i) EXPECT_EQ(code(mkdir("/" + std::to_string(i))), Code::kOk);
  run(seconds(1));
  EXPECT_FALSE(store.request(request.caller.client, request.caller.request));
  EXPECT_EQ(code(wire::Remove{caller(), "/a", false}), Code::kOk);
  now.wall.ms += 3'600'000;
  start();
  request.caller.age_ms = 2100;
  EXPECT_EQ(code(request), Code::kUnknownOutcome);
  EXPECT_EQ(code(wire::Stat{"/a"}), Code::kNotFound);
}

TEST_F(Kept, B3_RecordsAreBoundedInNumber) {
  config.max_requests_kept = 50;
  start();
  for (std::uint64_t i = 0; i < 200; ++i) {
    static_cast<void>(send(wire::Mkdir{caller(100 + i), "/x", true, 0755}));
  }
  run(seconds(10));
  EXPECT_LE(store.meta().requests, 50u);
}

TEST_F(Kept, FreedBlocksStayForTheGraceWhateverTheClockSays) {
  config.reader_grace = seconds(30);
  start();
  add_nodes();
  write("/f", 2);
  EXPECT_EQ(code(wire::Remove{caller(), "/f", false}), Code::kOk);
  now.wall.ms += 3'600'000;
  run(seconds(25));
  EXPECT_THAT(store.scan_blocks(BlockId{}, 10), SizeIs(2));
  run(seconds(10));
  EXPECT_THAT(store.scan_blocks(BlockId{}, 10), IsEmpty());
}

TEST_F(Background, Law11_NoTickIsLongWhateverThereIsToDo) {
  config.reader_grace = seconds(2);
  config.request_retention = seconds(5);
  config.lease_limit = seconds(5);
  start();
  add_nodes();
  run(seconds(1));
  for (int i = 0; i < 600; ++i) write("/d/" + std::to_string(i % 4) + "/" + std::to_string(i), 2);
  for (int i = 0; i < 60; ++i) open("/w/" + std::to_string(i), 3);
  EXPECT_EQ(code(wire::Remove{caller(), "/d", true}), Code::kOk);
  for (int i = 0; i < 60; ++i) {
    advance(milliseconds(500));
    for (Node& node : nodes) beat(node);
    const std::uint64_t before = store.rows_touched();
    tick();
    EXPECT_LE(store.rows_touched() - before, 2000u);
  }
  EXPECT_TRUE(store.scan_reap(InodeId{}, 1).empty());
  EXPECT_TRUE(store.scan_blocks(BlockId{}, 1).empty());
  EXPECT_EQ(store.scan_inodes(InodeId{}, 10).size(), 2u);
}

TEST_F(Operators, FsckPagesCoverEveryFileOnce) {
  std::uint64_t files = 0;
  for (int d = 0; d < 40; ++d) {
    for (int f = 0; f < 20; ++f, ++files) {
      write("/d" + std::to_string(d) + "/" + std::to_string(f), f % 4 == 0 ? 2 : 0);
    }
  }
  open("/under/construction");
  std::uint64_t seen = 0;
  std::uint64_t blocks = 0;
  int pages = 0;
  std::string cursor;
  do {
    const std::uint64_t before = store.rows_touched();
    const wire::Reply reply = send(wire::Fsck{"/", cursor});
    EXPECT_LE(store.rows_touched() - before, 2000u);
    const auto& page = std::get<wire::FsckReply>(reply);
    seen += page.files;
    blocks += page.blocks;
    cursor = page.next;
    ++pages;
  } while (!cursor.empty());
  EXPECT_EQ(seen, files);
  EXPECT_EQ(blocks, 40u * 5 * 2);
  EXPECT_GT(pages, 1);
}

TEST_F(Operators, FsckOfALongFileComesInPartsAndCountsItOnce) {
  const wire::CreateReply file = open("/f");
  wire::Complete done = complete(file);
  for (std::uint64_t index = 0; index < 900;) {
    wire::Allocate more{caller(), file.inode, {}, {}, 8, {}};
    const wire::Reply reply = send(more);
    wire::Allocate commit{caller(), file.inode, {}, {}, 0, {}};
    for (const auto& block : std::get<wire::AllocateReply>(reply).blocks) {
      commit.commit.push_back({{block.block, 1000, 7}, index++, {NodeId{1}, NodeId{2}}});
    }
    ASSERT_EQ(message(commit), "");
    done.length = index * 1000;
  }
  ASSERT_EQ(message(done), "");
  for (const char* path : {"/f", "/"}) {
    std::uint64_t files = 0;
    std::uint64_t blocks = 0;
    std::string cursor;
    do {
      const wire::Reply reply = send(wire::Fsck{path, cursor});
      files += std::get<wire::FsckReply>(reply).files;
      blocks += std::get<wire::FsckReply>(reply).blocks;
      cursor = std::get<wire::FsckReply>(reply).next;
    } while (!cursor.empty());
    EXPECT_EQ(files, 1u);
    EXPECT_EQ(blocks, 904u);
  }
}

TEST_F(Operators, ACursorWhosePlaceIsGoneGoesOnBehindIt) {
  for (const char* path : {"/a/1", "/a/2", "/b/1", "/c"}) write(path, 0);
  const auto files = [&](const std::string& cursor) {
    const wire::Reply reply = send(wire::Fsck{"/", cursor});
    return std::get<wire::FsckReply>(reply).files;
  };
  EXPECT_EQ(files("a/a/1"), 3u);
  EXPECT_EQ(files("d/b"), 2u);
  EXPECT_EQ(files("a/a/17/x"), 3u);
  EXPECT_EQ(files("a/aa"), 2u);
  EXPECT_EQ(files("5/b/gone"), 1u);
  EXPECT_EQ(files("a/z"), 0u);
}

TEST_F(Operators, ACursorThatIsNoneIsRefused) {
  write("/a/1", 0);
  for (const char* cursor : {"x", "q/a", "/a", "-1/a", "1x/a", "a/../b", "a", "99999999999999999999/a"}) {
    EXPECT_EQ(code(wire::Fsck{"/", cursor}), Code::kInvalidArgument) << cursor;
  }
  EXPECT_EQ(code(wire::Fsck{"/a", "a/b"}), Code::kInvalidArgument);
  EXPECT_EQ(code(wire::Fsck{"/nothing", ""}), Code::kNotFound);
}

TEST_F(Operators, TheClusterReportTellsWhatThereIs) {
  write("/d/f", 2);
  open("/g");
  const wire::Reply reply = send(wire::ClusterReport{});
  const auto& report = std::get<wire::ClusterReportReply>(reply);
  EXPECT_EQ(report.cluster, store.meta().cluster);
  EXPECT_EQ(report.cluster.size(), 32u);
  EXPECT_EQ(report.content.files, 1u);
  EXPECT_EQ(report.content.directories, 2u);
  EXPECT_EQ(report.pending_files, 1u);
  EXPECT_EQ(report.nodes.size(), 3u);
  EXPECT_TRUE(report.accepts_writes) << report.why_not;
  EXPECT_EQ(report.history.applied, store.meta().applied);
}

#if defined(DFS_MUTANTS)
struct MachineMutants : ::testing::Test, MachineBench {
  ~MachineMutants() override { switch_on(Mutant::kNone); }
};

TEST_F(MachineMutants, D2ReplyBeforeCommitWaitsForNothing) {
  switch_on(Mutant::kD2ReplyBeforeCommit);
  EffectList effects;
  machine->request(1, mkdir("/a"), now, effects);
  EXPECT_EQ(std::get<SendReply>(effects.at(0)).after, 0u);
  settle(effects);
}

TEST_F(MachineMutants, D5ForgetHistoryWritesOn) {
  add_nodes();
  switch_on(Mutant::kD5ForgetHistory);
  nodes[0].seen = {9, 1, 1};
  static_cast<void>(beat(nodes[0]));
  EXPECT_EQ(code(mkdir("/a")), Code::kOk);
}

TEST_F(MachineMutants, C4NeverExpireLeasesLeavesTheWriter) {
  add_nodes();
  open("/f");
  switch_on(Mutant::kC4NeverExpireLeases);
  run(seconds(70));
  EXPECT_EQ(code(wire::Stat{"/f"}), Code::kOk);
}

TEST_F(MachineMutants, S1WriteWithoutDataNodesWrites) {
  switch_on(Mutant::kS1WriteWithoutDataNodes);
  EXPECT_EQ(code(create("/f", 1)), Code::kOk);
}
#endif

}  // namespace
}  // namespace dfs::namenode
