// Figures of the bench: time, CPU and memory of processes, and the table that is printed.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace dfs::bench {

class Stopwatch {
 public:
  [[nodiscard]] double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun_).count();
  }

 private:
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
};

// Of a process that runs, from /proc; 0 if it is gone.
[[nodiscard]] double cpu_seconds(pid_t pid);
[[nodiscard]] std::uint64_t pss_bytes(pid_t pid);
// Of all children that were waited for so far.
[[nodiscard]] double cpu_seconds_of_ended_children();

struct ProcessName {
  pid_t pid = 0;
  std::string name;
};

// What each process uses from here on.
class CpuMeter {
 public:
  explicit CpuMeter(const std::vector<ProcessName>& processes);
  // "namenode 0.01, datanode-1 0.61, …, clients 0.30 s/GB" for so many bytes.
  [[nodiscard]] std::string per_gb(std::uint64_t bytes) const;

 private:
  std::vector<ProcessName> processes_;
  std::vector<double> begun_;
  double children_ = 0;
};

// One line of the table: a figure, the machine's own beside it, their ratio, a remark. No machine
// figure (0): none is shown.
void print_heading(const std::string& text);
void print_row(const std::string& what, double ours, const std::string& unit, double machine = 0,
               const std::string& against = "");
void print_note(const std::string& text);

// Ends the program with a message.
[[noreturn]] void give_up(const std::string& why);

}  // namespace dfs::bench
