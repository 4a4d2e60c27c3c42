// The black-box check of linearizability: histories that it must accept or refuse, and what clients
// see of small clusters that lose messages and restart.
#include "simulator/world/history.h"

#include <gtest/gtest.h>

#include "core/base/mutant.h"
#include "simulator/world/cluster.h"

namespace dfs::world {
namespace {

HistoryCall call(CallKind kind, const std::string& path, std::int64_t begin, std::int64_t end,
                 std::optional<Code> answer, const std::string& to = "") {
  return {kind, path, to, begin, end, answer};
}

TEST(History, IsRightWhenSomeOrderExplainsIt) {
  EXPECT_TRUE(linearizable({}));
  EXPECT_TRUE(linearizable({call(CallKind::kMkdir, "/a", 0, 10, Code::kOk),
                            call(CallKind::kStat, "/a", 5, 6, Code::kOk),
                            call(CallKind::kStat, "/a", 5, 7, Code::kNotFound),
                            call(CallKind::kRename, "/a", 11, 12, Code::kOk, "/b"),
                            call(CallKind::kStat, "/a", 13, 14, Code::kNotFound)}));
}

TEST(History, IsWrongWhenAReaderSeesThePast) {
  EXPECT_FALSE(linearizable({call(CallKind::kMkdir, "/a", 0, 1, Code::kOk),
                             call(CallKind::kStat, "/a", 2, 3, Code::kNotFound)}));
  EXPECT_FALSE(linearizable({call(CallKind::kMkdir, "/a", 0, 10, Code::kOk),
                             call(CallKind::kStat, "/a", 2, 3, Code::kOk),
                             call(CallKind::kStat, "/a", 4, 5, Code::kNotFound)}));
}

TEST(History, IsWrongWhenARetryExecutedTwice) {
  EXPECT_FALSE(linearizable({call(CallKind::kMkdir, "/a", 0, 9, Code::kAlreadyExists)}));
  EXPECT_FALSE(linearizable({call(CallKind::kMkdir, "/a", 0, 1, Code::kOk),
                             call(CallKind::kRename, "/a", 2, 9, Code::kNotFound, "/b"),
                             call(CallKind::kStat, "/b", 10, 11, Code::kOk)}));
}

TEST(History, OfAnUnknownOutcomeMayTakeEffectLateOrNever) {
  const auto unknown = call(CallKind::kMkdir, "/a", 0, INT64_MAX, std::nullopt);
  EXPECT_TRUE(linearizable({unknown, call(CallKind::kStat, "/a", 1, 2, Code::kNotFound),
                            call(CallKind::kStat, "/a", 3, 4, Code::kOk)}));
  EXPECT_TRUE(linearizable({unknown, call(CallKind::kStat, "/a", 1, 2, Code::kNotFound)}));
  EXPECT_FALSE(linearizable({unknown, call(CallKind::kStat, "/a", 1, 2, Code::kOk),
                             call(CallKind::kStat, "/a", 3, 4, Code::kNotFound)}));
}

// What three clients see who all work on a few names while messages are lost and the NameNode is
// killed. No oracle judges.
std::vector<HistoryCall> seen_by_clients(std::uint64_t seed) {
  constexpr std::uint64_t kCalls = 18;
  constexpr std::int64_t kPace = 40'000;  // microseconds
  PlanOptions options;
  options.seed = seed;
  options.datanodes = 1;
  options.invariants = {"B3"};
  options.faults.emplace();
  options.selection.operations.emplace();
  Plan plan = make_plan(options);
  plan.network.reset_per_million = 60'000;
  plan.network.loss_per_million = 30'000;
  plan.retry.attempt_timeout = milliseconds(300);
  plan.retry.limit = seconds(2);
  plan.faults.push_back({Instant{} + milliseconds(1400), FaultKind::kNameNodeCrash, seconds(1), 7});
  Cluster cluster(plan);
  cluster.begin();
  cluster.run_until(Instant{} + seconds(1));
  std::vector<HistoryCall> history(kCalls);
  sim::EventQueue& queue = cluster.scene().queue;
  for (std::uint64_t i = 0; i < kCalls; ++i) {
    Random draw = Random(seed).fork("history").fork(i);
    const auto some_path = [&draw] {
      const std::string top(1, static_cast<char>('a' + draw.below(2)));
      return draw.chance(1, 3) ? "/" + top + "/x" : "/" + top;
    };
    HistoryCall& each = history[i];
    each.kind = static_cast<CallKind>(draw.below(4));
    each.path = some_path();
    each.to = some_path();
    each.begin_us = queue.now().us;
    wire::Request request = wire::Stat{each.path};
    if (each.kind == CallKind::kMkdir) request = wire::Mkdir{{}, each.path};
    if (each.kind == CallKind::kRemove) request = wire::Remove{{}, each.path, true};
    if (each.kind == CallKind::kRename) request = wire::Rename{{}, each.path, each.to};
    cluster.client(i % 3).call({request, plan.retry, [&each, &queue](const wire::Reply& reply) {
                                  const Code code = code_of(reply);
                                  if (code == Code::kUnavailable || code == Code::kTimedOut ||
                                      code == Code::kUnknownOutcome) {
                                    return;
                                  }
                                  each.answer = code;
                                  each.end_us = queue.now().us;
                                }});
    cluster.run_until(queue.now() +
                      microseconds(static_cast<std::int64_t>(draw.below(2 * kPace)) + 1));
  }
  cluster.run_until(queue.now() + seconds(6));
  return history;
}

constexpr std::uint64_t kSeeds = 100;

TEST(History, OfClientsIsLinearizable) {
  std::size_t known = 0;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const std::vector<HistoryCall> history = seen_by_clients(seed);
    EXPECT_TRUE(linearizable(history)) << "seed " << seed;
    for (const HistoryCall& each : history) known += each.answer ? 1u : 0u;
  }
  EXPECT_GT(known, kSeeds * 9);  // most calls are answered, or little was checked
}

#if defined(DFS_MUTANTS)
TEST(History, AloneShowsThatARetryExecutedTwice) {
  switch_on(Mutant::kN1NoRetryRecord);
  bool caught = false;
  for (std::uint64_t seed = 1; seed <= kSeeds && !caught; ++seed) {
    caught = !linearizable(seen_by_clients(seed));
  }
  switch_on(Mutant::kNone);
  EXPECT_TRUE(caught);
}
#endif

}  // namespace
}  // namespace dfs::world
