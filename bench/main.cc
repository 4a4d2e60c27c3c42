// dfs-bench: what a cluster on this machine does, beside what the machine itself can do, in one
// run.
//
//   dfs-bench [--size MIB] [--seconds S] [--dir DIR]
//
// Starts `dfs cluster` with three DataNodes and the raw program (raw.h) in a new folder below DIR,
// measures both in turn on the same file, and prints each figure of the cluster with the machine's
// beside it. All processes share one machine and one disk: the ratios say more than the figures.
#include <fcntl.h>
#include <stdlib.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>

#include "adapters/http/socket.h"
#include "bench/cluster.h"
#include "bench/figures.h"
#include "bench/raw.h"
#include "bench/small.h"
#include "core/base/random.h"

namespace dfs::bench {
namespace {

constexpr std::uint64_t kBlock = std::uint64_t{128} << 20;
constexpr int kDataNodes = 3;

struct Options {
  std::uint64_t size = std::uint64_t{512} << 20;
  double seconds = 3;
  std::string directory = std::filesystem::temp_directory_path();
};

Options parse(int count, char** arguments) {
  Options options;
  for (int i = 1; i < count; i += 2) {
    const std::string name = arguments[i];
    const char* value = i + 1 < count ? arguments[i + 1] : "";
    if (name == "--size" && std::atoi(value) > 0) {
      options.size = static_cast<std::uint64_t>(std::atoi(value)) << 20;
    } else if (name == "--seconds" && std::atof(value) > 0) {
      options.seconds = std::atof(value);
    } else if (name == "--dir" && *value != '\0') {
      options.directory = value;
    } else {
      std::fprintf(stderr, "usage: dfs-bench [--size MIB] [--seconds S] [--dir DIR]\n");
      std::exit(2);
    }
  }
  return options;
}

// A folder that goes away with its owner.
class Folder {
 public:
  explicit Folder(const std::string& below) : path_(below + "/dfs-bench.XXXXXX") {
    if (::mkdtemp(path_.data()) == nullptr) give_up(below + ": cannot make a folder");
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

void make_file(const std::string& path, std::uint64_t bytes) {
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "wb"), &std::fclose);
  if (!file) give_up(path + ": cannot be written");
  Random random(1);
  std::string part(1 << 20, '\0');
  for (std::uint64_t written = 0; written < bytes; written += part.size()) {
    for (std::size_t i = 0; i < part.size(); i += 8) {
      const std::uint64_t word = random.next();
      std::memcpy(part.data() + i, &word, 8);
    }
    if (std::fwrite(part.data(), 1, part.size(), file.get()) != part.size()) {
      give_up(path + ": cannot be written");
    }
  }
}

double gigabytes(std::uint64_t bytes) { return static_cast<double>(bytes) / 1e9; }

// Puts and gets by 1 and 4 clients: the cluster's CLI in a process each, the raw program likewise.
void bench_data(const Cluster& cluster, const Folder& folder, const std::string& file,
                std::uint64_t size) {
  RawChain raw(folder.path(), kDataNodes);
  int first = 0;
  print_heading("data, GB/s");
  for (const int copies : {3, 1}) {
    for (const int clients : {1, 4}) {
      const std::uint64_t bytes = size * static_cast<std::uint64_t>(clients);
      const std::string who = std::to_string(copies) + (copies == 1 ? " copy, " : " copies, ") +
                              std::to_string(clients) + (clients == 1 ? " client" : " clients");
      std::vector<std::vector<std::string>> puts;
      std::vector<std::vector<std::string>> gets;
      for (int i = 0; i < clients; ++i) {
        const std::string name = "/data-" + std::to_string(first + i);
        puts.push_back({"put", "-r", std::to_string(copies), file, name});
        gets.push_back({"get", name, folder.path() + name});
      }
      CpuMeter raw_meter(raw.processes());
      const double raw_put = raw.put(file, clients, copies, kBlock, first);
      const std::string raw_cpu = raw_meter.per_gb(bytes);
      CpuMeter put_meter(cluster.processes());
      print_row("put, " + who, gigabytes(bytes) / cluster.run(puts), "GB/s", raw_put,
                "plain sockets, CRC, fsync");
      print_note("CPU s/GB: " + put_meter.per_gb(bytes));
      print_note("     raw: " + raw_cpu);
      const double raw_get = raw.get(size, clients, kBlock, first);
      CpuMeter get_meter(cluster.processes());
      print_row("get, " + who, gigabytes(bytes) / cluster.run(gets), "GB/s", raw_get,
                "plain sockets, CRC, to a file");
      print_note("CPU s/GB: " + get_meter.per_gb(bytes));
      for (int i = 0; i < clients; ++i) {
        std::filesystem::remove(folder.path() + "/data-" + std::to_string(first + i));
      }
      first += clients;
    }
  }
}

void print_memory(const Cluster& cluster, const std::string& when) {
  std::printf("\nmemory (PSS) %s\n", when.c_str());
  double sum = 0;
  for (const ProcessName& process : cluster.processes()) {
    const double mib = static_cast<double>(pss_bytes(process.pid)) / (1 << 20);
    sum += mib;
    std::printf("    %-16s %7.1f MiB\n", process.name.c_str(), mib);
  }
  std::printf("    %-16s %7.1f MiB\n", "in sum", sum);
}

int run(const Options& options, const std::string& program) {
  const Folder folder(options.directory);
  const std::string file = folder.path() + "/file";
  make_file(file, options.size);
  const Stopwatch watch;
  Cluster cluster(program, folder.path(), kDataNodes);
  print_row("start of a cluster until it is ready", watch.seconds(), "s");
  print_memory(cluster, "idle");
  bench_data(cluster, folder, file, options.size);
  bench_small(cluster.address(), folder.path(), options.seconds);
  print_memory(cluster, "after the load");
  return 0;
}

}  // namespace
}  // namespace dfs::bench

int main(int count, char** arguments) {
  const dfs::bench::Options options = dfs::bench::parse(count, arguments);
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe");
  return dfs::bench::run(options, self.parent_path() / "dfs");
}
