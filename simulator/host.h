// The simulator's one door to the machine that it runs on: its wall clock and its processes.
//
// Nothing in a world sees through it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace dfs::host {

// Milliseconds of wall time since some fixed moment.
[[nodiscard]] std::int64_t wall_ms();

// Items first … last, shared out: job j of n does first + j, first + j + n, … in a process of its
// own, which is replaced by another if it dies.
using Say = std::function<void(const std::string& line)>;
struct Jobs {
  std::uint32_t count = 1;
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  // There: does an item and says lines of it, none of them empty. False: the job ends.
  std::function<bool(std::uint64_t item, const Say& say)> work;
  // Here: what was said.
  std::function<void(const std::string& line)> hear;
  // Here: how the process over this item ended, for people. False: the job ends; otherwise it goes
  // on with the item after.
  std::function<bool(std::uint64_t item, const std::string& how)> died;
};
// Returns when all jobs have ended.
void run_jobs(const Jobs& jobs);

// A file's text, at most `most` bytes of it; false if it cannot be read.
bool read_file(const std::string& path, std::size_t most, std::string& text);
bool write_file(const std::string& path, const std::string& text);

// The processors of this machine.
[[nodiscard]] std::uint32_t processors();

}  // namespace dfs::host
