// Work shared out to processes: all of it is done once, whatever dies.
#include "simulator/host.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <vector>

namespace dfs::host {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

struct Heard {
  std::map<std::string, int> lines;
  std::map<std::uint64_t, std::string> died;
};

// Items 1 … `last`, each said as its number once `before` it has happened.
Heard run_items(std::uint32_t count, std::uint64_t last,
                const std::function<bool(std::uint64_t item)>& before, bool go_on = true) {
  Heard heard;
  Jobs jobs{count, 1, last, {}, {}, {}};
  jobs.work = [&](std::uint64_t item, const Say& say) {
    if (!before(item)) return false;
    say(std::to_string(item));
    return true;
  };
  jobs.hear = [&](const std::string& line) { ++heard.lines[line]; };
  jobs.died = [&](std::uint64_t item, const std::string& how) {
    EXPECT_TRUE(heard.died.emplace(item, how).second);
    return go_on;
  };
  run_jobs(jobs);
  return heard;
}

void die_of(int signal) {
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  ::signal(signal, SIG_DFL);  // a sanitizer has a handler of its own
  ::raise(signal);
}

TEST(Jobs, DoEachItemOnceHoweverManyThereAre) {
  for (const std::uint32_t count : {1u, 2u, 3u, 20u}) {
    const Heard heard = run_items(count, 7, [](std::uint64_t) { return true; });
    EXPECT_EQ(heard.lines.size(), 7u) << count;
    for (const auto& [line, times] : heard.lines) EXPECT_EQ(times, 1) << line;
    EXPECT_TRUE(heard.died.empty());
  }
}

TEST(Jobs, WhoseProcessDiesTellOfTheItemAndGoOn) {
  for (const std::uint32_t count : {1u, 2u, 3u}) {
    const Heard heard = run_items(count, 7, [](std::uint64_t item) {
      if (item == 2) die_of(SIGABRT);
      if (item == 3) die_of(SIGSEGV);
      if (item == 7) ::_exit(5);
      return true;
    });
    EXPECT_THAT(heard.died, ElementsAre(Pair(2, "killed by signal 6 (Aborted)"),
                                        Pair(3, "killed by signal 11 (Segmentation fault)"),
                                        Pair(7, "ended with status 5")));
    EXPECT_THAT(heard.lines, ElementsAre(Pair("1", 1), Pair("4", 1), Pair("5", 1), Pair("6", 1)));
  }
}

TEST(Jobs, EndWhereTheyAreTold) {
  const Heard stopped = run_items(1, 7, [](std::uint64_t item) { return item < 3; });
  EXPECT_EQ(stopped.lines.size(), 2u);
  EXPECT_TRUE(stopped.died.empty());
  const auto die_at_3 = [](std::uint64_t item) {
    if (item == 3) ::_exit(1);
    return true;
  };
  const Heard died = run_items(2, 6, die_at_3, false);
  EXPECT_THAT(died.lines, ElementsAre(Pair("1", 1), Pair("2", 1), Pair("4", 1), Pair("6", 1)));
}

TEST(Jobs, EndAtTheHighestNumberThereIs) {
  Jobs jobs{2, UINT64_MAX - 2, UINT64_MAX, {}, {}, {}};
  std::vector<std::string> lines;
  jobs.work = [](std::uint64_t item, const Say& say) {
    say(std::to_string(item));
    return true;
  };
  jobs.hear = [&](const std::string& line) { lines.push_back(line); };
  jobs.died = [](std::uint64_t /*item*/, const std::string& /*how*/) { return true; };
  run_jobs(jobs);
  EXPECT_EQ(lines.size(), 3u);
}

}  // namespace
}  // namespace dfs::host
