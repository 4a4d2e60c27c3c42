// Two processes of one DataNode, as when a machine is cloned or a data directory is copied.
#include <gmock/gmock.h>

#include "tests/namenode/machine_bench.h"

namespace dfs::namenode {
namespace {

using wire::NodeState;

struct SecondProcess : ::testing::Test, MachineBench {
  SecondProcess() { add_nodes(); }

  // Of the first DataNode, by another process at this address.
  static wire::Register copy(const std::string& address = "b1:1") {
    wire::Register request = registration("a1");
    request.incarnation = std::string(32, '2');
    request.client_address = address;
    return request;
  }
  // The DataNode's process says nothing more.
  void stop_first() { nodes.erase(nodes.begin()); }
  NodeState first_state() {
    return std::get<wire::ClusterReportReply>(send(wire::ClusterReport{})).nodes.at(0).state;
  }
};

TEST_F(SecondProcess, IsRefusedWhileTheFirstIsLive) {
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(code(copy()), Code::kUnavailable);
    EXPECT_EQ(code_of(beat(nodes[0])), Code::kOk) << "the first is not disturbed";
    run(seconds(3));
  }
  EXPECT_EQ(message(copy()),
            "DataNode 1 is live at a1:1; the directory of this one, at b1:1, may be a copy of that "
            "one's: stop one of them, or give this one a directory of its own; a DataNode that "
            "moved is taken within seconds after the old process stopped");
}

TEST_F(SecondProcess, ThatIsRefusedChangesNothingInTheStore) {
  const MetaRow before = store.meta();
  const DataNodeRow row = *store.datanode(NodeId{1});
  wire::Register request = copy();
  request.seen = {before.epoch + 8, 1, 1};
  EXPECT_EQ(code(request), Code::kUnavailable);
  EXPECT_EQ(store.meta(), before);
  EXPECT_EQ(*store.datanode(NodeId{1}), row);
}

TEST_F(SecondProcess, IsTakenAtTheSameAddressAtOnce) {
  EXPECT_EQ(code(copy("a1:1")), Code::kOk);
  EXPECT_EQ(code_of(beat(nodes[0])), Code::kStale);
}

TEST_F(SecondProcess, IsNoneIfTheFirstRegistersAgainWithAnotherAddress) {
  wire::Register request = registration("a1");
  request.client_address = "b1:1";
  EXPECT_EQ(code(request), Code::kOk);
  EXPECT_EQ(store.datanode(NodeId{1})->client_address, "b1:1");
}

TEST_F(SecondProcess, IsTakenOnceTheFirstIsSuspect) {
  stop_first();
  run(config.suspect_after - seconds(1));
  EXPECT_EQ(code(copy()), Code::kUnavailable);
  run(seconds(1));
  ASSERT_EQ(first_state(), NodeState::kSuspect);
  EXPECT_EQ(code(copy()), Code::kOk);
  EXPECT_EQ(store.datanode(NodeId{1})->client_address, "b1:1");
}

TEST_F(SecondProcess, IsTakenOnceTheFirstIsDead) {
  stop_first();
  run(config.dead_after);
  ASSERT_EQ(first_state(), NodeState::kDead);
  EXPECT_EQ(code(copy()), Code::kOk);
}

TEST_F(SecondProcess, IsTakenIfNothingFollowedTheRegistrationOfTheFirst) {
  EXPECT_EQ(code(registration("a1")), Code::kOk);
  ASSERT_EQ(first_state(), NodeState::kLive);
  EXPECT_EQ(code(copy()), Code::kOk);
}

TEST_F(SecondProcess, IsTakenAfterARestartOfTheNameNodeIfItIsHeardFirst) {
  start();
  EXPECT_EQ(code(copy()), Code::kOk);
}

TEST_F(SecondProcess, IsRefusedWhoeverOfTheTwoIsHeardSecondAfterARestartOfTheNameNode) {
  start();
  const wire::Reply reply = send(copy());
  nodes[0].registered = std::get<wire::RegisterReply>(reply);
  nodes[0].sequence = 0;
  EXPECT_EQ(code_of(beat(nodes[0])), Code::kOk);
  EXPECT_EQ(code(registration("a1")), Code::kUnavailable);
}

TEST_F(SecondProcess, OfAnotherDataNodeIsNoCopy) {
  wire::Register request = copy("a1:9");
  request.uuid = std::string(32, 'f');
  EXPECT_EQ(code(request), Code::kOk);
}

}  // namespace
}  // namespace dfs::namenode
