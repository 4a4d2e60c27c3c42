#include "cli/transfer.h"

#include <gtest/gtest.h>

#include <atomic>

namespace dfs::cli {
namespace {

TEST(Crew, RunsEveryTaskAlsoBeyondItsQueue) {
  std::atomic<int> ran = 0;
  {
    Crew crew(3);
    for (int i = 0; i < 5000; ++i) crew.add([&ran] { ++ran; });
    crew.wait();
    EXPECT_EQ(ran, 5000);
    crew.add([&ran] { ++ran; });
  }
  EXPECT_EQ(ran, 5001);
}

TEST(ProgressLine, FitsTheTerminal) {
  for (const std::size_t columns : {0u, 1u, 10u, 40u, 80u, 300u}) {
    for (const std::uint64_t moved : {0ull, 1ull, 500ull << 20, 1ull << 40}) {
      EXPECT_LE(progress_line(moved, 1ull << 30, 5000, columns).size(), columns);
    }
  }
}

TEST(ProgressLine, TellsPartSpeedAndWhatIsLeft) {
  EXPECT_EQ(progress_line(512ull << 20, 1ull << 30, 4000, 79),
            "[####################....................] 50%  512M/1.0G  128M/s  4 s left");
  EXPECT_EQ(progress_line(0, 0, 0, 20), " 0%  0/0  0/s");
}

}  // namespace
}  // namespace dfs::cli
