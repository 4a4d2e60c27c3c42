// The NameNode machine over time: leases, request records, freed blocks, the length of a tick.
#include <gmock/gmock.h>

#include "tests/namenode/machine_bench.h"

namespace dfs::namenode {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

struct Leased : ::testing::Test, MachineBench {
  Leased() { add_nodes(); }
};
struct Kept : ::testing::Test, MachineBench {
  Kept() { add_nodes(); }
};
struct Background : ::testing::Test, MachineBench {
  Background() { add_nodes(); }
};

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

TEST_F(Leased, HDFS_11817_OfAFileWhoseDataNodesAreGoneExpiresToo) {
  const wire::CreateReply file = open("/f", 1);
  nodes.clear();  // none sends a heartbeat again
  run(seconds(70));
  EXPECT_EQ(code(wire::Stat{"/f"}), Code::kNotFound);
  EXPECT_TRUE(store.scan_pending(InodeId{}, 1).empty());
  EXPECT_FALSE(store.block(file.blocks[0].block));
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
  EXPECT_THAT(store.oldest_requests(1), IsEmpty());
  EXPECT_LE(store.meta().requests, 200u) << "their clients are kept for a minute";
  const Position then = store.meta().applied;
  run(seconds(10));
  EXPECT_EQ(store.meta().applied, then) << "commands that change nothing";
  run(seconds(60));
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

}  // namespace
}  // namespace dfs::namenode
