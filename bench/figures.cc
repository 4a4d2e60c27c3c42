#include "bench/figures.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace dfs::bench {

double cpu_seconds(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(file, text);
  const std::size_t after_name = text.rfind(')');
  if (after_name == std::string::npos) return 0;
  std::istringstream fields(text.substr(after_name + 1));
  std::string skipped;
  for (int field = 3; field < 14; ++field) fields >> skipped;  // utime is field 14
  double user = 0;
  double system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

std::uint64_t pss_bytes(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/smaps_rollup");
  std::string line;
  while (std::getline(file, line)) {
    if (line.starts_with("Pss:")) return std::strtoull(line.c_str() + 4, nullptr, 10) * 1024;
  }
  return 0;
}

double cpu_seconds_of_ended_children() {
  rusage usage{};
  ::getrusage(RUSAGE_CHILDREN, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

CpuMeter::CpuMeter(const std::vector<ProcessName>& processes)
    : processes_(processes), children_(cpu_seconds_of_ended_children()) {
  for (const ProcessName& process : processes_) begun_.push_back(cpu_seconds(process.pid));
}

std::string CpuMeter::per_gb(std::uint64_t bytes) const {
  const double gb = static_cast<double>(bytes) / 1e9;
  std::string text;
  double sum = 0;
  const auto add = [&](const std::string& name, double seconds) {
    sum += seconds / gb;
    char part[80];
    std::snprintf(part, sizeof part, "%s %.2f, ", name.c_str(), seconds / gb);
    text += part;
  };
  for (std::size_t i = 0; i < processes_.size(); ++i) {
    add(processes_[i].name, cpu_seconds(processes_[i].pid) - begun_[i]);
  }
  add("clients", cpu_seconds_of_ended_children() - children_);
  char total[40];
  std::snprintf(total, sizeof total, "in sum %.2f", sum);
  return text + total;
}

void print_heading(const std::string& text) {
  std::printf("\n%-44s %12s %12s %7s\n", text.c_str(), "dfs", "machine", "ratio");
}

void print_row(const std::string& what, double ours, const std::string& unit, double machine,
               const std::string& against) {
  const char* format = ours < 100 ? "%-44s %12.3f " : "%-44s %12.0f ";
  std::printf(format, (what + ", " + unit).c_str(), ours);
  if (machine > 0) {
    std::printf(machine < 100 ? "%12.3f %7.2f" : "%12.0f %7.2f", machine, ours / machine);
    std::printf("  (%s)", against.c_str());
  }
  std::printf("\n");
  std::fflush(stdout);
}

void print_note(const std::string& text) {
  std::printf("    %s\n", text.c_str());
  std::fflush(stdout);
}

void give_up(const std::string& why) {
  std::fprintf(stderr, "dfs-bench: %s\n", why.c_str());
  std::exit(1);
}

}  // namespace dfs::bench
