// Which copies the judges of deletions believe a fence to count on when faults have taken some.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "core/datanode/checksum_builder.h"
#include "simulator/world/oracles.h"
#include "simulator/world/orders.h"

namespace dfs::world {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Nobody final : public sim::DataNodeObserver {
 public:
  void published(Address /*node*/, BlockId /*block*/) override {}
  void moved(Address /*node*/, BlockId /*block*/, sim::Folder /*from*/,
             sim::Folder /*to*/) override {}
  void purged(Address /*node*/, BlockId /*block*/) override {}
  void resends(Address /*node*/, BlockId /*block*/) override {}
  void found_unreadable(Address /*node*/, BlockId /*block*/) override {}
  void says(Address /*node*/, const wire::Request& /*request*/) override {}
  void hears(Address /*node*/, const wire::Reply& /*reply*/) override {}
};

constexpr Address kVictim = 1;
constexpr Address kHolder = 2;
constexpr Address kOther = 3;

// Machines that hold a block, each under the number that is its address.
class SurvivorsTest : public ::testing::Test {
 protected:
  SurvivorsTest() {
    datanode::ChecksumBuilder checksums;
    checksums.add(kBytes);
    checksums.finish();
    auto sidecar = std::make_shared<datanode::Sidecar>();
    sidecar->info = {BlockId{7}, kBytes.size(), checksums.crc()};
    sidecar->granule_crcs = checksums.granules();
    sidecar->chunk_crcs = checksums.chunks();
    sidecar_ = sidecar;
    for (const Address address : {kVictim, kHolder, kOther}) {
      machines_[address] = std::make_unique<sim::DataNodeNode>(
          scene_.queue, network_, address, sim::ClockSkew{}, datanode::Config{},
          sim::DataNodeTimes{}, std::vector<std::uint64_t>{1 << 20}, 0, Random{1}, nobody_);
      scene_.datanodes.push_back(machines_[address].get());
      scene_.atlas.add(*machines_[address]);
      is_called(address, NodeId{address});
    }
  }

  void wait(Duration time) {
    scene_.queue.after(time, [] {});
    scene_.queue.run_next();
  }
  // The machine's disks get the number, and it reports under it.
  void is_called(Address machine, NodeId number) {
    sim::DataNodeDirectory directory;
    machines_[machine]->swap_directory(directory);
    directory.identity.node = number;
    machines_[machine]->swap_directory(directory);
    scene_.addresses[number] = machine;
    reports_.answered(wire::ReportDigests{{number, 1, 1}, {}}, wire::ReportDigestsReply{});
  }
  void stores(Address machine) {
    sim::SimDisk& disk = machines_[machine]->disk(0);
    const Result<std::uint64_t> file = disk.create(kBytes.size());
    ASSERT_TRUE(file.ok() && disk.write(*file, 0, Bytes(kBytes)).ok() &&
                disk.publish(*file, sidecar_).ok());
    EXPECT_EQ(scene_.atlas.published(machine, replica().id), "");
  }
  void tells(NodeId number, wire::ReplicaEvent event = wire::ReplicaEvent::kVerified) {
    wire::Heartbeat message{.mark = {number, 1, ++sequence_}};
    message.changes = {{event, replica()}};
    words_.datanode_says(message);
    words_.answered(message, wire::HeartbeatReply{});
  }
  void is_wiped(Address machine) {
    scene_.atlas.destroyed(machine, replica().id, scene_.now_us());
    machines_[machine]->wipe();
    scene_.atlas.rescan(machine);
  }
  [[nodiscard]] wire::BlockInfo replica() const { return sidecar_->info; }
  // Without since when they may be gone.
  [[nodiscard]] std::vector<NodeId> survivors() const {
    std::vector<NodeId> nodes;
    for (const auto& [node, since_us] : judged()) nodes.push_back(node);
    return nodes;
  }
  [[nodiscard]] Survivors judged() const {
    return believable_survivors(scene_, reports_, words_, NodeId{kVictim}, replica(), false);
  }
  // The victim's copy has just gone into quarantine.
  void moves() { ASSERT_TRUE(machines_[kVictim]->disk(0).quarantine(replica()).ok()); }
  // The machines that were left when it was moved by an order that relied on these.
  [[nodiscard]] std::set<Address> left(const Survivors& relied_on) const {
    const auto gone =
        copy_gone(scene_, words_, kVictim, replica().id, sim::Folder::kCurrent, relied_on);
    return gone ? gone->left : std::set<Address>();
  }
  // A file has the block.
  void is_committed(std::uint32_t replication = 1) {
    wire::CreateReply created;
    created.inode = InodeId{first_id_of_epoch(1)};
    created.replication = replication;
    created.blocks = {{replica().id, {}}};
    wire::Create create;
    create.caller.client = "writer";
    create.path = "/file";
    wire::Complete complete;
    complete.caller.client = "writer";
    complete.inode = created.inode;
    complete.commit = {{replica(), 0, {NodeId{kVictim}, NodeId{kHolder}}}};
    applies(namenode::FormatCommand{}, wire::Empty{});
    applies(namenode::RequestCommand{create, {}}, created);
    applies(namenode::RequestCommand{complete, {}}, wire::FileStatus{});
  }

  static inline const std::vector<std::uint8_t> kBytes = {1, 2, 3};
  Plan plan_;
  Scene scene_{plan_};
  Nobody nobody_;
  sim::Network network_{scene_.queue, Random{1}, {}};
  std::map<Address, std::unique_ptr<sim::DataNodeNode>> machines_;
  std::shared_ptr<const datanode::Sidecar> sidecar_;
  Reports reports_;
  LastWords words_{scene_};

 private:
  template <class Body>
  void applies(const Body& command, const wire::Reply& reply) {
    ++position_;
    for (NamespaceModel* model : {&scene_.applied, &scene_.durable}) {
      model->apply({{}, command, {}}, {.position = position_, .reply = reply});
    }
  }

  namenode::Position position_ = 0;
  std::uint64_t sequence_ = 0;
};

TEST_F(SurvivorsTest, AMachineWithNewDisksCountsUnderItsOldNumberUntilThatIsMissed) {
  stores(kHolder);
  tells(NodeId{kHolder});
  is_wiped(kHolder);
  EXPECT_THAT(survivors(), ElementsAre(NodeId{kHolder}));
  is_called(kHolder, NodeId{9});
  EXPECT_THAT(survivors(), ElementsAre(NodeId{kHolder}));
  wait(kForgiven + milliseconds(1));
  EXPECT_THAT(survivors(), IsEmpty());
}

TEST_F(SurvivorsTest, AMachineCountsOnceHoweverManyNumbersItHasHad) {
  stores(kHolder);
  tells(NodeId{kHolder});
  is_wiped(kHolder);
  is_called(kHolder, NodeId{9});
  stores(kHolder);
  tells(NodeId{9});
  EXPECT_THAT(survivors(), ElementsAre(NodeId{kHolder}, NodeId{9}));
  EXPECT_THAT(machines_of(scene_, judged()), ElementsAre(kHolder));
}

TEST_F(SurvivorsTest, ADisksOwnNumberCountsAndNotANewerOneThatItsMachineHadBefore) {
  is_called(kHolder, NodeId{9});
  tells(NodeId{9});
  is_called(kHolder, NodeId{4});  // disks of another machine
  stores(kHolder);
  tells(NodeId{4});
  EXPECT_THAT(survivors(), ElementsAre(NodeId{4}));
  tells(NodeId{4}, wire::ReplicaEvent::kCorrupt);
  EXPECT_THAT(survivors(), IsEmpty());
}

TEST_F(SurvivorsTest, OnlyOthersAreSurvivors) {
  for (const Address machine : {kVictim, kOther}) {
    stores(machine);
    tells(NodeId{machine});
  }
  EXPECT_THAT(survivors(), ElementsAre(NodeId{kOther}));
}

// Whether it was rotten or whole: the NameNode hears no sooner of the one than of the other.
TEST_F(SurvivorsTest, ACopyOnAVolumeThatFailsCountsUntilItsNodeTellsOfIt) {
  stores(kHolder);
  tells(NodeId{kHolder});
  sim::SimDisk& disk = machines_[kHolder]->disk(0);
  ASSERT_TRUE(disk.rot(replica().id, 0, 1));
  scene_.atlas.destroyed(kHolder, replica().id, scene_.now_us());
  wait(kForgiven + seconds(1));
  disk.set_broken(true);
  scene_.atlas.rescan(kHolder);
  EXPECT_THAT(survivors(), ElementsAre(NodeId{kHolder}));
  tells(NodeId{kHolder}, wire::ReplicaEvent::kRemoved);
  EXPECT_THAT(survivors(), IsEmpty());
}

TEST_F(SurvivorsTest, ACopyThatVanishedUnseenCountsAsLongAsItsReadingDoes) {
  plan_.namenode.scrub_period = seconds(100);
  stores(kHolder);
  tells(NodeId{kHolder});
  ASSERT_TRUE(machines_[kHolder]->disk(0).vanish(replica().id));
  scene_.atlas.destroyed(kHolder, replica().id, scene_.now_us());
  scene_.atlas.refresh(kHolder, replica().id);
  wait(seconds(100));
  EXPECT_THAT(survivors(), ElementsAre(NodeId{kHolder}));
  wait(seconds(2));
  EXPECT_THAT(survivors(), IsEmpty());
}

TEST_F(SurvivorsTest, WhatASurvivorTellsAfterTheOrderIsTooLateForWhoCarriesItOut) {
  is_committed();
  stores(kVictim);
  stores(kHolder);
  tells(NodeId{kHolder});
  const Survivors relied_on = judged();
  scene_.atlas.destroyed(kHolder, replica().id, scene_.now_us());
  machines_[kHolder]->disk(0).set_broken(true);
  scene_.atlas.rescan(kHolder);
  tells(NodeId{kHolder}, wire::ReplicaEvent::kRemoved);
  moves();
  EXPECT_THAT(left(relied_on), ElementsAre(kHolder));
  EXPECT_THAT(left({}), IsEmpty());
}

// No fault took it: it went by another order.
TEST_F(SurvivorsTest, ASurvivorThatWasItselfOrderedAwayIsNotLeft) {
  is_committed();
  stores(kVictim);
  stores(kHolder);
  tells(NodeId{kHolder});
  const Survivors relied_on = judged();
  ASSERT_TRUE(machines_[kHolder]->disk(0).quarantine(replica()).ok());
  scene_.atlas.refresh(kHolder, replica().id);
  moves();
  EXPECT_THAT(left(relied_on), IsEmpty());
}

// The node was stopped before it could tell of the repair.
TEST_F(SurvivorsTest, OneSufficesForACopyThatWasToldToBeRottenThoughItIsRepaired) {
  is_committed(2);
  stores(kVictim);
  stores(kHolder);
  for (const bool told : {true, false}) {
    SCOPED_TRACE(told);
    for (const auto make : {make_d4, make_b1}) {
      const std::unique_ptr<Oracle> oracle = make(scene_);
      const auto hears = [&](NodeId number, wire::ReplicaEvent event) {
        oracle->answered(wire::ReportDigests{{number, 1, 1}, {}}, wire::ReportDigestsReply{},
                         false);
        wire::Heartbeat message{.mark = {number, 1, 2}};
        message.changes = {{event, replica()}};
        oracle->datanode_says(scene_.address_of(number), message);
        oracle->answered(message, wire::HeartbeatReply{}, false);
      };
      hears(NodeId{kHolder}, wire::ReplicaEvent::kVerified);
      hears(NodeId{kVictim}, told ? wire::ReplicaEvent::kCorrupt : wire::ReplicaEvent::kVerified);
      wire::HeartbeatReply orders;
      orders.orders.emplace_back().kind = wire::OrderKind::kQuarantine;
      orders.orders.front().block = replica();
      const std::size_t before = scene_.verdicts.violations().size();
      oracle->answered(wire::Heartbeat{.mark = {NodeId{kVictim}, 1, 3}}, orders, false);
      EXPECT_EQ(scene_.verdicts.violations().size() - before, told ? 0u : 1u);
    }
  }
}

}  // namespace
}  // namespace dfs::world
