// The agenda of the simulated world, its clocks and its processes.
#include "adapters/sim/event_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "adapters/sim/process.h"

namespace dfs::sim {
namespace {

TEST(EventQueue, RunsInOrderOfTimeAndThenOfPuttingDown) {
  EventQueue queue;
  std::string order;
  queue.at(Instant{20}, [&] { order += 'c'; });
  queue.at(Instant{10}, [&] {
    order += 'a';
    queue.at(Instant{5}, [&] { order += '!'; });  // the past is now
  });
  queue.at(Instant{10}, [&] { order += 'b'; });
  while (queue.run_next()) {
  }
  EXPECT_EQ(order, "ab!c");
  EXPECT_EQ(queue.now().us, 20);
}

TEST(EventQueue, KeepsTheOrderOfManyActionsSomeOfWhichPutDownOthers) {
  EventQueue queue;
  Random draw(7);
  std::vector<std::pair<Instant, std::uint64_t>> ran;
  std::uint64_t number = 0;
  const auto put_down = [&](const auto& again) -> void {
    const std::uint64_t most = draw.chance(1, 2) ? 300 : 10'000'000;
    const Instant when = queue.now() + microseconds(static_cast<std::int64_t>(draw.below(most)));
    queue.at(when, [&, when, mine = number++] {
      ran.emplace_back(when, mine);
      if (number < 5'000 && draw.chance(2, 3)) again(again);
    });
  };
  for (int i = 0; i < 500; ++i) put_down(put_down);
  while (queue.run_next()) {
  }
  EXPECT_EQ(ran.size(), number);
  EXPECT_GT(number, 1'000u);
  EXPECT_TRUE(std::is_sorted(ran.begin(), ran.end()));
}

TEST(EventQueue, TraceTellsRunsApartThatDifferInOneEvent) {
  const auto trace = [](std::int64_t second_at) {
    EventQueue queue;
    queue.at(Instant{10}, [] {});
    queue.at(Instant{second_at}, [] {});
    while (queue.run_next()) {
    }
    return queue.trace_hash();
  };
  EXPECT_EQ(trace(20), trace(20));
  EXPECT_NE(trace(20), trace(21));
}

TEST(SimClock, FastClockReachesAnInstantEarlierAndIsNeverReadShortOfIt) {
  for (const std::int64_t drift : {-500, -1, 0, 1, 500}) {
    SimClock clock({drift, 0});
    clock.start(Instant{1'000'000});
    for (const std::int64_t mono : {0L, 1L, 999'999L, 60'000'000L, 3'600'000'001L}) {
      const Instant at = clock.when(Instant{mono});
      EXPECT_GE(clock.read(at).mono.us, mono);
      EXPECT_LT(clock.read(at - microseconds(2)).mono.us, mono);
    }
  }
}

TEST(SimClock, SteppingTheWallLeavesMonotonicTimeAlone) {
  SimClock clock({});
  clock.start(Instant{});
  const Now before = clock.read(Instant{5'000'000});
  clock.step_wall(-3'600'000);
  const Now after = clock.read(Instant{5'000'000});
  EXPECT_EQ(before.mono, after.mono);
  EXPECT_EQ(before.wall.ms - 3'600'000, after.wall.ms);
}

TEST(SimClock, WallClocksAreWrongByEveryMagnitudeUpToTwoYearsEitherWay) {
  constexpr std::int64_t kDayMs = 86'400'000;
  Random draw(1);
  int ahead = 0;
  int small = 0;
  int large = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::int64_t ms = wall_error(draw);
    const std::int64_t size = ms < 0 ? -ms : ms;
    EXPECT_GE(size, 1);
    EXPECT_LT(size, 800 * kDayMs);
    ahead += ms > 0 ? 1 : 0;
    small += size < 1000 ? 1 : 0;
    large += size > 100 * kDayMs ? 1 : 0;
  }
  EXPECT_GT(ahead, 400);
  EXPECT_LT(ahead, 600);
  EXPECT_GT(small, 200);
  EXPECT_GT(large, 50);
}

class Sleeper final : public Process {
 public:
  explicit Sleeper(EventQueue& queue) : Process(queue, 1, {}) { begin(); }
  void restart() {
    end();
    begin();
  }
};

TEST(Process, WhatAnEarlierIncarnationPlannedNeverHappens) {
  EventQueue queue;
  Sleeper process(queue);
  int done = 0;
  process.after(seconds(1), [&] { ++done; });
  process.restart();
  process.after(seconds(1), [&] { done += 10; });
  while (queue.run_next()) {
  }
  EXPECT_EQ(done, 10);
}

TEST(Process, PausedProcessCatchesUpInOrderWhenItGoesOn) {
  EventQueue queue;
  Sleeper process(queue);
  std::string order;
  process.after(seconds(1), [&] { order += 'a'; });
  process.after(seconds(2), [&] { order += 'b'; });
  process.pause();
  queue.at(Instant{5'000'000}, [&] {
    EXPECT_EQ(order, "");
    process.resume();
  });
  while (queue.run_next()) {
  }
  EXPECT_EQ(order, "ab");
}

}  // namespace
}  // namespace dfs::sim
