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
            "another process of DataNode 1 is at work at a1:1; the directory of this one, at "
            "b1:1, may be a copy of that one's: stop one of them, or give this one a directory of "
            "its own; if it has moved, it is taken once the old process has been silent for 5 s");
}

TEST_F(SecondProcess, ThatIsRefusedChangesNothingInTheStore) {
  const MetaRow before = store.meta();
  const DataNodeRow row = *store.datanode(NodeId{1});
  EXPECT_EQ(code(copy()), Code::kUnavailable);
  EXPECT_EQ(store.meta(), before);
  EXPECT_EQ(*store.datanode(NodeId{1}), row);
}

TEST_F(SecondProcess, D5_ThatIsRefusedHasSeenWhatItHasSeen) {
  wire::Register request = copy();
  request.seen = {store.meta().epoch + 8, 1, 1};
  EXPECT_EQ(code(request), Code::kUnavailable);
  EXPECT_EQ(code(mkdir("/d")), Code::kReadOnly);
}

TEST_F(SecondProcess, TakesTheFirstOnesPlaceAtItsAddress) {
  const wire::Reply reply = send(copy("a1:1"));
  ASSERT_TRUE(std::holds_alternative<wire::RegisterReply>(reply));
  EXPECT_EQ(code_of(beat(nodes[0])), Code::kStale);
  EXPECT_EQ(code(registration("a1")), Code::kOk) << "the second may be gone, and late";
  Node second{"a1", std::get<wire::RegisterReply>(send(copy("a1:1"))), 0, {}};
  EXPECT_EQ(code_of(beat(second)), Code::kOk);
  EXPECT_EQ(code(registration("a1")), Code::kUnavailable) << "or for ever the one after the other";
  nodes.erase(nodes.begin());
  run(config.suspect_after);
  EXPECT_EQ(code(registration("a1")), Code::kOk);
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

TEST_F(SecondProcess, IsRefusedAfterARestartOfTheNameNodeToo) {
  start();
  EXPECT_EQ(code(copy()), Code::kUnavailable);
  EXPECT_EQ(code(registration("a1")), Code::kOk);
  EXPECT_EQ(code(copy()), Code::kUnavailable);
}

TEST_F(SecondProcess, IsTakenAfterARestartOfTheNameNodeIfTheFirstStaysSilent) {
  start();
  run(config.suspect_after);
  EXPECT_EQ(code(copy()), Code::kOk);
}

TEST_F(SecondProcess, OfAnotherDataNodeIsNoCopy) {
  wire::Register request = copy("a1:9");
  request.uuid = std::string(32, 'f');
  EXPECT_EQ(code(request), Code::kOk);
}

}  // namespace
}  // namespace dfs::namenode
