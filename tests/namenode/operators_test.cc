// What operators ask the NameNode machine: fsck in pages, the report, decommissioning.
#include <gmock/gmock.h>

#include "core/wire/json.h"
#include "core/wire/path.h"
#include "tests/namenode/machine_bench.h"

namespace dfs::namenode {
namespace {

struct Operators : ::testing::Test, MachineBench {
  Operators() { add_nodes(); }
};

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

TEST_F(Operators, HDFS_3626_FsckGoesThroughPathsThatRenamesMadeLongerThanClientsMaySend) {
  constexpr std::uint64_t kFiles = 200;
  for (std::uint64_t i = 0; i < kFiles; ++i) write("/s/" + std::to_string(i), 1);
  std::string names;
  for (int i = 0; i < 15; ++i) names += "/" + std::string(wire::kMaxNameBytes, 'n');
  for (int round = 0; round < 14; ++round) {
    ASSERT_EQ(code(mkdir("/p" + names)), Code::kOk);
    ASSERT_EQ(code(wire::Rename{caller(), "/s", "/p" + names + "/s", false}), Code::kOk);
    ASSERT_EQ(code(wire::Rename{caller(), "/p", "/s", false}), Code::kOk);
  }
  std::uint64_t files = 0;
  std::string cursor;
  do {
    const wire::Reply reply = send(wire::Fsck{"/", cursor});
    const auto& page = std::get<wire::FsckReply>(reply);
    EXPECT_LT(wire::to_json_text(page).size(), wire::kMaxMessageBytes);
    files += page.files;
    for (const wire::FileHealth& file : page.unhealthy) {
      EXPECT_GT(file.path.size(), 10 * wire::kMaxPathBytes);
    }
    cursor = page.next;
  } while (!cursor.empty());
  EXPECT_EQ(files, kFiles);
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

// Of DataNodes that have not reported since the start, only the hints say what they have.
TEST_F(Operators, Law11_FsckAndScrubStayShortRightAfterAStart) {
  for (int f = 0; f < 300; ++f) write("/" + std::to_string(f), 2);
  store.begin();
  for (const BlockRow& block : store.scan_blocks(BlockId{}, 1000)) {
    for (std::uint64_t node = 1; node <= 3; ++node) store.put_hint(block.id, NodeId{node});
  }
  store.commit();
  start();
  std::string cursor;
  const auto page = [&](const wire::Request& request) {
    const std::uint64_t before = store.rows_touched();
    const wire::Reply reply = send(request);
    EXPECT_LE(store.rows_touched() - before, 2000u);
    return reply;
  };
  std::uint64_t blocks = 0;
  do {
    const auto reply = std::get<wire::FsckReply>(page(wire::Fsck{"/", cursor}));
    blocks += reply.blocks;
    cursor = reply.next;
  } while (!cursor.empty());
  EXPECT_EQ(blocks, 600u);
  do {
    cursor = std::get<wire::ScrubReply>(page(wire::Scrub{"/", cursor})).next;
  } while (!cursor.empty());
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
  for (const char* cursor :
       {"x", "q/a", "/a", "-1/a", "1x/a", "a/../b", "a", "99999999999999999999/a"}) {
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

TEST_F(Operators, DecommissionANodeByItsNumberItsAddressOrItsHost) {
  for (const char* name : {"2", "a2:1", "a2:2", "a2"}) {
    const wire::Reply left = send(wire::Decommission{name});
    EXPECT_EQ(std::get<wire::NodeReport>(left).node, NodeId{2});
    EXPECT_EQ(std::get<wire::NodeReport>(left).service, wire::ServiceState::kDecommissioning);
    EXPECT_TRUE(store.datanode(NodeId{2})->decommissioned);
    const wire::Reply back = send(wire::Recommission{name});
    EXPECT_EQ(std::get<wire::NodeReport>(back).service, wire::ServiceState::kInService);
    EXPECT_FALSE(store.datanode(NodeId{2})->decommissioned);
  }
}

TEST_F(Operators, DecommissionANodeByTheHostInItsAddressToo) {
  wire::Register named = registration("a4");
  named.host = "the-fourth";
  ASSERT_EQ(code(named), Code::kOk);
  for (const char* name : {"the-fourth", "a4"}) {
    const wire::Reply left = send(wire::Decommission{name});
    EXPECT_EQ(std::get<wire::NodeReport>(left).node, NodeId{4}) << name;
    ASSERT_EQ(code(wire::Recommission{name}), Code::kOk);
  }
}

TEST_F(Operators, FsckTellsOfARottenReplicaOfAFileThatHasAllItsCopies) {
  wire::Create request = create("/f", 1);
  request.replication = 2;
  const wire::Reply opened = send(request);
  const auto& file = std::get<wire::CreateReply>(opened);
  ASSERT_EQ(message(complete(file)), "");
  const wire::BlockInfo block{file.blocks[0].block, 1000, 7};
  for (const std::size_t node : {0u, 1u, 2u}) {
    wire::Heartbeat beat;
    beat.mark = {nodes[node].registered.node, nodes[node].registered.session,
                 ++nodes[node].sequence};
    beat.changes.push_back(
        {node == 2 ? wire::ReplicaEvent::kCorrupt : wire::ReplicaEvent::kStored, block});
    ASSERT_EQ(code(beat), Code::kOk);
    wire::ReportDigests digests;
    digests.mark = beat.mark;
    digests.mark.sequence = ++nodes[node].sequence;
    digests.digests = {{wire::bucket_of(block.id), wire::replica_digest(block)}};
    ASSERT_EQ(code(digests), Code::kOk);
  }
  const wire::Reply reply = send(wire::Fsck{"/", ""});
  const auto& page = std::get<wire::FsckReply>(reply);
  ASSERT_EQ(page.unhealthy.size(), 1u);
  EXPECT_EQ(page.unhealthy[0].rotten_replicas, 1u);
  EXPECT_EQ(page.unhealthy[0].under_replicated + page.unhealthy[0].missing, 0u);
}

TEST_F(Operators, DecommissionNobodyWhoIsUnknownOrNeeded) {
  EXPECT_EQ(message(wire::Decommission{"a9"}),
            "no DataNode 'a9' has registered; see 'dfs admin report'");
  EXPECT_EQ(code(wire::Decommission{"a9"}), Code::kNotFound);
  EXPECT_EQ(code(wire::Recommission{""}), Code::kNotFound);
  EXPECT_EQ(code(wire::Decommission{"1"}), Code::kOk);
  EXPECT_EQ(code(wire::Decommission{"2"}), Code::kOk);
  EXPECT_EQ(code(wire::Decommission{"2"}), Code::kOk);
  EXPECT_EQ(code(wire::Decommission{"3"}), Code::kInvalidArgument);
  EXPECT_FALSE(store.datanode(NodeId{3})->decommissioned);
}

TEST_F(Operators, DecommissionNobodyByANameThatTwoHave) {
  wire::Register twin = registration("a1");
  twin.uuid = std::string(32, 'd');
  send(twin);
  EXPECT_EQ(message(wire::Decommission{"a1:1"}),
            "'a1:1' may mean the DataNodes 1, 4: name one by its number");
  nodes.erase(nodes.begin());  // the first one falls silent: its disks were replaced
  run(seconds(40));
  const wire::Reply registered = send(twin);
  wire::Heartbeat heartbeat;
  heartbeat.mark = {NodeId{4}, std::get<wire::RegisterReply>(registered).session, 1};
  send(heartbeat);
  const wire::Reply reply = send(wire::Decommission{"a1:1"});
  EXPECT_EQ(std::get<wire::NodeReport>(reply).node, NodeId{4});
}

TEST_F(Operators, DecommissionForGoodAndNotInSafeMode) {
  send(wire::SafeMode{"enter"});
  EXPECT_EQ(code(wire::Decommission{"2"}), Code::kSafeMode);
  send(wire::SafeMode{"leave"});
  EXPECT_EQ(code(wire::Decommission{"2"}), Code::kOk);
  start();
  add_nodes();
  const wire::Reply reply = send(wire::ClusterReport{});
  EXPECT_NE(std::get<wire::ClusterReportReply>(reply).nodes.at(1).service,
            wire::ServiceState::kInService);
}

}  // namespace
}  // namespace dfs::namenode
