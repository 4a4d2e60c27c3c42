// Request records: a request executes once (law 10, N1, HDFS-3031).
#include <gmock/gmock.h>

#include "core/namenode/namespace/records.h"
#include "tests/namenode/namespace_bench.h"

namespace dfs::namenode {
namespace {

using ::testing::SizeIs;

struct Retry : ::testing::Test, NamespaceBench {
  static wire::Mkdir settled(wire::Mkdir request, std::uint64_t below) {
    request.caller.settled_below = below;
    return request;
  }
  static wire::Mkdir aged(wire::Mkdir request, std::uint64_t age_ms) {
    request.caller.age_ms = age_ms;
    return request;
  }
};

TEST_F(Retry, HDFS_3031_OfAnAllocateGivesTheSameBlocks) {
  const wire::Create request = create(ann, "/f", false, 2);
  const Outcome first = this->request(request);
  const Outcome again = this->request(request);
  EXPECT_TRUE(again.replayed);
  EXPECT_EQ(first.reply, again.reply);
  EXPECT_THAT(store.scan_blocks(BlockId{}, 10), SizeIs(2));
  EXPECT_TRUE(again.effects.leases_begun.empty());
}

TEST_F(Retry, OfAFailureIsTheSameFailure) {
  const wire::Mkdir request = mkdir("/a/b");
  EXPECT_EQ(code(request), Code::kNotFound);
  EXPECT_EQ(code(mkdir("/a")), Code::kOk);
  EXPECT_EQ(message(request), "/a: No such file or directory");
}

TEST_F(Retry, OfACompleteIsAnsweredAfterTheFileIsGone) {
  const wire::Complete request = complete(ann, open(ann, "/f").inode);
  const Outcome first = this->request(request);
  EXPECT_EQ(code(remove("/f")), Code::kOk);
  EXPECT_EQ(this->request(request).reply, first.reply);
  EXPECT_EQ(stat_code("/f"), Code::kNotFound);
}

TEST_F(Retry, UnderTheNumberOfAnotherKindOfRequestIsRefused) {
  wire::Remove request = remove("/a");
  EXPECT_EQ(code(mkdir("/a")), Code::kOk);
  request.caller.request += 1;
  EXPECT_EQ(code(request), Code::kInvalidArgument);
  EXPECT_EQ(stat_code("/a"), Code::kOk);
}

TEST_F(Retry, OfOneOfEightSettledRequestsIsRefusedAndTheirRecordsAreGone) {
  const wire::Mkdir first = mkdir("/a");
  EXPECT_EQ(code(first), Code::kOk);
  for (int i = 2; i < 9; ++i) EXPECT_EQ(code(mkdir("/" + std::to_string(i))), Code::kOk);
  EXPECT_EQ(code(settled(mkdir("/9"), 8)), Code::kOk);
  EXPECT_FALSE(store.request(ann.id(), 1));
  EXPECT_FALSE(store.request(ann.id(), 7));
  EXPECT_TRUE(store.request(ann.id(), 8));
  EXPECT_EQ(store.meta().requests, 3u);  // and the client's own row
  EXPECT_EQ(code(remove("/a")), Code::kOk);
  EXPECT_EQ(code(first), Code::kUnknownOutcome);
  EXPECT_EQ(stat_code("/a"), Code::kNotFound);
}

TEST_F(Retry, OfASettledRequestIsAnsweredUntilThereAreEight) {
  const wire::Mkdir first = mkdir("/a");
  EXPECT_EQ(code(first), Code::kOk);
  for (std::uint64_t i = 2; i < 9; ++i) {
    EXPECT_EQ(code(settled(mkdir("/" + std::to_string(i)), i - 1)), Code::kOk);
  }
  EXPECT_TRUE(this->request(first).replayed);
  EXPECT_EQ(store.client(ann.id())->settled_below, 0u);
}

TEST_F(Retry, OfWhatAClientHadSettledBeforeItWasFirstHeardOfIsRefused) {
  wire::Mkdir early = mkdir("/a");
  for (int i = 0; i < 20; ++i) static_cast<void>(ann.next());
  EXPECT_EQ(code(settled(mkdir("/b"), 20)), Code::kOk);
  EXPECT_EQ(code(early), Code::kUnknownOutcome);
}

TEST_F(Retry, IsPossibleForAsLongAfterAClientsLastRequestAsAfterItsFirst) {
  EXPECT_EQ(code(mkdir("/a")), Code::kOk);
  const ClientRow first = *store.client(ann.id());
  EXPECT_GE(first.at, now);
  EXPECT_LE(first.at.ms, now.ms + 10'000);
  now = first.at;
  EXPECT_EQ(code(mkdir("/b")), Code::kOk);
  EXPECT_GE(store.client(ann.id())->at, now);
  run(ForgetRequestsCommand{first.at, 100});
  EXPECT_TRUE(store.client(ann.id()));
}

TEST_F(Retry, SettlingDropsAFewRecordsAtATimeAndAllInTheEnd) {
  for (int i = 0; i < 200; ++i) EXPECT_EQ(code(mkdir("/" + std::to_string(i))), Code::kOk);
  for (int i = 0; i < 4; ++i) {
    const std::uint64_t before = store.rows_touched();
    EXPECT_EQ(code(settled(mkdir("/x" + std::to_string(i)), 201)), Code::kOk);
    EXPECT_LE(store.rows_touched() - before, 200u);
  }
  EXPECT_THAT(store.requests_below(ann.id(), 1000, 1000), SizeIs(4));
  EXPECT_EQ(store.meta().requests, 5u);  // and the client's own row
}

// However long it was on its way: its age it measures where it is sent.
TEST_F(Retry, OfWhatIsNotAboveAForgottenRecordIsRefused) {
  wire::Mkdir lower = mkdir("/lower");
  const wire::Mkdir first = mkdir("/a");
  EXPECT_EQ(code(first), Code::kOk);
  const WallTime executed = now;
  now.ms += 1;
  const wire::Mkdir kept = mkdir("/b");
  EXPECT_EQ(code(kept), Code::kOk);
  run(ForgetRequestsCommand{executed, 100});
  EXPECT_EQ(code(remove("/a")), Code::kOk);
  EXPECT_EQ(code(first), Code::kUnknownOutcome);
  EXPECT_EQ(code(lower), Code::kUnknownOutcome);
  EXPECT_EQ(stat_code("/a"), Code::kNotFound);
  EXPECT_TRUE(this->request(kept).replayed);
  EXPECT_EQ(code(mkdir("/c")), Code::kOk);
}

TEST_F(Retry, OfAClientThatWasForgottenIsExecutedOnlyIfItIsYoungerThanThat) {
  const wire::Mkdir first = mkdir("/a");
  EXPECT_EQ(code(first), Code::kOk);
  const WallTime executed = now;
  const WallTime silent = store.client(ann.id())->at;
  now.ms = silent.ms + kClientKeptMs - 2;  // each command takes a millisecond
  run(ForgetRequestsCommand{now, 100});
  EXPECT_TRUE(store.client(ann.id())) << "it was silent for less than a minute";
  run(ForgetRequestsCommand{now, 100});
  EXPECT_FALSE(store.client(ann.id()));
  EXPECT_EQ(store.meta().forgotten, silent);
  EXPECT_EQ(code(wire::Remove{bob.next(), "/a", false}), Code::kOk);

  const auto age = static_cast<std::uint64_t>(now.ms - executed.ms);
  EXPECT_EQ(code(aged(first, age)), Code::kUnknownOutcome);
  EXPECT_EQ(stat_code("/a"), Code::kNotFound);
  EXPECT_EQ(code(aged(mkdir("/c"), 10)), Code::kOk);
  EXPECT_EQ(code(aged(mkdir("/d"), UINT64_MAX)), Code::kUnknownOutcome);
}

TEST_F(Retry, RecordsAndClientsAreForgottenOldestFirstAndCounted) {
  for (std::uint64_t i = 10; i < 20; ++i) {
    TestClient client(i);
    EXPECT_EQ(code(wire::Mkdir{client.next(), "/" + std::to_string(i), false, 0755}), Code::kOk);
  }
  EXPECT_EQ(store.meta().requests, 20u);
  const WallTime silent = store.oldest_clients(10).back().at;
  const WallTime later{silent.ms + kClientKeptMs};
  now = later;
  run(ForgetRequestsCommand{later, 4});
  EXPECT_EQ(store.meta().requests, 12u);
  EXPECT_EQ(store.oldest_requests(1)[0].client, TestClient(14).id());
  EXPECT_EQ(store.oldest_clients(1)[0].client, TestClient(14).id());
  run(ForgetRequestsCommand{later, 1000});
  EXPECT_EQ(store.meta().requests, 0u);
  EXPECT_EQ(store.meta().forgotten, silent);
}

TEST_F(Retry, ACallerThatIsNoneIsRefusedAndLeavesNoRecord) {
  for (const std::string& client :
       {std::string(), std::string(31, 'a'), std::string(33, 'a'), std::string(32, 'G')}) {
    wire::Mkdir request = mkdir("/a");
    request.caller.client = client;
    EXPECT_EQ(code(request), Code::kInvalidArgument);
  }
  wire::Mkdir request = mkdir("/a");
  request.caller.request = 0;
  EXPECT_EQ(code(request), Code::kInvalidArgument);
  request.caller.request = 5;
  request.caller.settled_below = 6;
  EXPECT_EQ(code(request), Code::kInvalidArgument);
  request.caller.settled_below = 0;
  request.caller.user = std::string(256, 'u');
  EXPECT_EQ(code(request), Code::kInvalidArgument);
  EXPECT_EQ(store.meta().requests, 0u);
}

}  // namespace
}  // namespace dfs::namenode
