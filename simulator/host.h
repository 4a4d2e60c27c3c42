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

// Runs `work(job)` in `jobs` processes at once (in this one if there is one job), hands every line
// that they say through `say` to `hear` here, and returns when all have ended. False if one did not
// end by itself with status 0.
using Say = std::function<void(const std::string& line)>;
bool run_jobs(std::uint32_t jobs,
              const std::function<void(std::uint32_t job, const Say& say)>& work,
              const std::function<void(std::uint32_t job, const std::string& line)>& hear);

// A file's text, at most `most` bytes of it; false if it cannot be read.
bool read_file(const std::string& path, std::size_t most, std::string& text);
bool write_file(const std::string& path, const std::string& text);

// The processors of this machine.
[[nodiscard]] std::uint32_t processors();

}  // namespace dfs::host
