#include "bench/limits.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "adapters/http/server.h"
#include "adapters/http/socket_client.h"
#include "bench/figures.h"

namespace dfs::bench {

double rate(int threads, double seconds, const std::function<bool(int)>& work) {
  std::atomic<std::uint64_t> done = 0;
  std::atomic<bool> failed = false;
  const Stopwatch watch;
  std::vector<std::jthread> workers;
  workers.reserve(static_cast<std::size_t>(threads));
  for (int i = 0; i < threads; ++i) {
    workers.emplace_back([&, i] {
      while (watch.seconds() < seconds && !failed) {
        if (work(i)) {
          ++done;
        } else {
          failed = true;
        }
      }
    });
  }
  workers.clear();
  if (failed) give_up("an operation failed");
  return static_cast<double>(done) / watch.seconds();
}

double empty_handler(int threads, double seconds) {
  http::Server server({});
  server.handle("GET", "/empty", [](const http::ServerRequest&, http::ServerResponse& response) {
    response.body = "{}";
  });
  const Status started = server.start();
  if (!started.ok()) give_up(started.message());
  const std::string address = server.address().text();
  http::SocketClient client;
  const double per_second = rate(threads, seconds, [&](int) {
    const Result<http::Answer> answer = client.get(address, "/empty", dfs::seconds(5));
    return answer.ok() && answer->status == 200;
  });
  server.stop();
  return per_second;
}

double synced_appends(const std::string& folder, int threads, double seconds) {
  const std::string text(100, 'x');
  std::vector<http::Socket> files;
  for (int i = 0; i < threads; ++i) {
    const std::string path = folder + "/append-" + std::to_string(i);
    files.emplace_back(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644));
  }
  return rate(threads, seconds, [&](int thread) {
    const int fd = files[static_cast<std::size_t>(thread)].fd();
    return ::write(fd, text.data(), text.size()) > 0 && ::fdatasync(fd) == 0;
  });
}

double synced_files(const std::string& folder, int threads, double seconds) {
  const std::string text(4096, 'x');
  for (int i = 0; i < threads; ++i) {
    ::mkdir((folder + "/files-" + std::to_string(i)).c_str(), 0755);
  }
  std::vector<std::uint64_t> next(static_cast<std::size_t>(threads));
  return rate(threads, seconds, [&](int thread) {
    const std::string own = folder + "/files-" + std::to_string(thread);
    const std::string path = own + "/" + std::to_string(next[static_cast<std::size_t>(thread)]++);
    const std::string temporary = path + ".tmp";
    const http::Socket file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0644));
    const http::Socket directory(::open(own.c_str(), O_RDONLY | O_DIRECTORY));
    return ::write(file.fd(), text.data(), text.size()) > 0 && ::fsync(file.fd()) == 0 &&
           ::rename(temporary.c_str(), path.c_str()) == 0 && ::fsync(directory.fd()) == 0;
  });
}

}  // namespace dfs::bench
