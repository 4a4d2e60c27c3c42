// Real `dfs` processes under a test's control: started with fork and exec, ended by pid, all of
// them gone when the test is.
#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "adapters/http/socket_client.h"
#include "tests/http/temp_folder.h"

namespace dfs::integration {

inline constexpr Duration kPatience = seconds(100);  // for what must happen, not for how soon

class Process {
 public:
  // `dfs` with these arguments; both outputs are appended to the file `output`.
  Process(std::vector<std::string> arguments, const std::string& output);
  // Kills it if it still runs.
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void send(int signal) const;
  // Waits for its end: the exit status, or 128 + the signal.
  int wait();
  [[nodiscard]] bool running();

 private:
  void reap(int options);

  pid_t pid_ = -1;
  int status_ = 0;
};

struct Done {
  int status = 0;
  std::string output;
};

// A NameNode and DataNodes, each a process of its own, without `dfs cluster` between.
class RealCluster {
 public:
  explicit RealCluster(int datanodes);

  void start_namenode();
  void start_datanode(int number);  // from 1
  // kill -9, and waits until it is gone.
  void kill(const std::string& name);  // "namenode", "datanode-1"
  // Writes are accepted and so many DataNodes are live and have reported.
  [[nodiscard]] bool wait_until_ready(int datanodes);
  // No block is short of replicas, corrupt or missing.
  [[nodiscard]] bool wait_until_healthy();

  // `dfs WORDS --meta …`, to its end.
  Done run(std::vector<std::string> words);
  [[nodiscard]] std::unique_ptr<Process> spawn(std::vector<std::string> words);

  [[nodiscard]] std::string at(const std::string& name) const { return folder_.at(name); }
  [[nodiscard]] std::string namenode() const { return address(0); }
  [[nodiscard]] std::string datanode(int number) const { return address(number); }
  [[nodiscard]] http::SocketClient& client() { return client_; }
  // Bytes of all replica files of a DataNode, temporaries included.
  [[nodiscard]] std::uint64_t stored_bytes(int number) const;

 private:
  [[nodiscard]] std::string address(int offset) const;
  [[nodiscard]] std::vector<std::string> with_meta(std::vector<std::string> words) const;

  http::TempFolder folder_;
  int port_;
  int outputs_ = 0;
  http::SocketClient client_;
  std::map<std::string, std::unique_ptr<Process>> processes_;
};

// The first of `count` consecutive ports that were free just now.
[[nodiscard]] int free_ports(int count);
// Writes `size` bytes that differ everywhere, made from `seed`.
void write_file(const std::string& path, std::uint64_t size, std::uint64_t seed);
[[nodiscard]] std::string read_file(const std::string& path);
// Asks until it holds; false after kPatience.
[[nodiscard]] bool eventually(const std::function<bool()>& condition);

}  // namespace dfs::integration
