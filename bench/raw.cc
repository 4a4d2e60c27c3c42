#include "bench/raw.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <functional>
#include <memory>
#include <thread>

#include "adapters/http/socket.h"
#include "core/base/crc32c.h"

namespace dfs::bench {
namespace {

constexpr std::size_t kBuffer = 256 * 1024;

// What a transfer begins with. Sent as it lies in memory: both ends are this program.
struct Order {
  std::uint32_t name = 0;
  std::uint32_t read = 0;  // 1: send me the block
  std::uint64_t length = 0;
  std::array<std::uint16_t, 4> next = {};  // ports of the rest of the chain, 0 after the last
};

bool send_all(int fd, const void* data, std::size_t size) {
  const char* at = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t n = ::write(fd, at, size);
    if (n <= 0) return false;
    at += n;
    size -= static_cast<std::size_t>(n);
  }
  return true;
}

bool receive_all(int fd, void* data, std::size_t size) {
  char* at = static_cast<char*>(data);
  while (size > 0) {
    const ssize_t n = ::read(fd, at, size);
    if (n <= 0) return false;
    at += n;
    size -= static_cast<std::size_t>(n);
  }
  return true;
}

http::Socket connect_to(std::uint16_t port) {
  Result<http::Socket> socket = http::connect_to("127.0.0.1:" + std::to_string(port), seconds(5));
  if (!socket.ok()) give_up(socket.status().message());
  return std::move(*socket);
}

std::size_t piece(std::uint64_t left) {
  return left < kBuffer ? static_cast<std::size_t>(left) : kBuffer;
}

std::string block_name(const std::string& folder, std::uint32_t name) {
  return folder + "/block-" + std::to_string(name);
}

void serve_write(int client, const std::string& folder, const Order& order, std::uint8_t* buffer) {
  http::Socket next;
  if (order.next[0] != 0) {
    next = connect_to(order.next[0]);
    Order rest = order;
    for (std::size_t i = 0; i < rest.next.size(); ++i) {
      rest.next[i] = i + 1 < rest.next.size() ? order.next[i + 1] : std::uint16_t{0};
    }
    if (!send_all(next.fd(), &rest, sizeof rest)) return;
  }
  const std::string path = block_name(folder, order.name);
  const std::string temporary = path + ".tmp";
  const http::Socket file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644));
  if (order.length > 0) (void)::posix_fallocate(file.fd(), 0, static_cast<off_t>(order.length));
  std::uint32_t crc = 0;
  for (std::uint64_t left = order.length; left > 0;) {
    const std::size_t size = piece(left);
    if (!receive_all(client, buffer, size)) return;
    crc = crc32c({buffer, size}, crc);
    if (next && !send_all(next.fd(), buffer, size)) return;
    if (!send_all(file.fd(), buffer, size)) return;
    left -= size;
  }
  if (::fsync(file.fd()) != 0 || ::rename(temporary.c_str(), path.c_str()) != 0) return;
  const http::Socket directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY));
  if (::fsync(directory.fd()) != 0) return;
  std::uint32_t theirs = crc;
  if (next && !receive_all(next.fd(), &theirs, sizeof theirs)) return;
  if (theirs == crc) send_all(client, &crc, sizeof crc);
}

void serve_read(int client, const std::string& folder, const Order& order, std::uint8_t* buffer) {
  const http::Socket file(::open(block_name(folder, order.name).c_str(), O_RDONLY));
  for (std::uint64_t left = order.length; left > 0;) {
    const std::size_t size = piece(left);
    if (!receive_all(file.fd(), buffer, size) || !send_all(client, buffer, size)) return;
    left -= size;
  }
}

[[noreturn]] void serve(const http::Socket& listener, const std::string& folder) {
  for (;;) {
    const int fd = ::accept(listener.fd(), nullptr, nullptr);
    if (fd < 0) ::_exit(1);
    std::thread([fd, folder] {
      const http::Socket client(fd);
      http::set_no_delay(fd);
      const auto buffer = std::make_unique<std::uint8_t[]>(kBuffer);
      Order order;
      while (receive_all(fd, &order, sizeof order)) {
        (order.read != 0 ? serve_read : serve_write)(fd, folder, order, buffer.get());
      }
    }).detach();
  }
}

// Runs `work(i)` in `clients` processes; gigabytes a second for `bytes` each.
double in_processes(int clients, std::uint64_t bytes, const std::function<bool(int)>& work) {
  const Stopwatch watch;
  std::vector<pid_t> children;
  for (int i = 0; i < clients; ++i) {
    const pid_t pid = ::fork();
    if (pid == 0) ::_exit(work(i) ? 0 : 1);
    children.push_back(pid);
  }
  bool ok = true;
  for (const pid_t pid : children) {
    int status = 0;
    ::waitpid(pid, &status, 0);
    ok = ok && WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }
  if (!ok) give_up("the raw program failed");
  return static_cast<double>(bytes) * clients / watch.seconds() / 1e9;
}

std::uint64_t size_of(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) give_up(path + ": cannot be read");
  return static_cast<std::uint64_t>(info.st_size);
}

// Blocks of client i: 1000 numbers each.
std::uint32_t name_of(int client, std::uint64_t offset, std::uint64_t block_bytes) {
  return static_cast<std::uint32_t>(client) * 1000 +
         static_cast<std::uint32_t>(offset / block_bytes);
}

}  // namespace

RawChain::RawChain(const std::string& folder, int servers) : folder_(folder) {
  for (int i = 0; i < servers; ++i) {
    const std::string own = folder + "/raw-" + std::to_string(i + 1);
    ::mkdir(own.c_str(), 0755);
    Result<http::Socket> listener = http::listen_on({"127.0.0.1", 0}, 64);
    if (!listener.ok()) give_up(listener.status().message());
    ports_.push_back(http::port_of(*listener));
    const pid_t pid = ::fork();
    if (pid == 0) serve(*listener, own);
    processes_.push_back({pid, "server-" + std::to_string(i + 1)});
  }
}

RawChain::~RawChain() {
  for (const ProcessName& process : processes_) {
    ::kill(process.pid, SIGKILL);
    ::waitpid(process.pid, nullptr, 0);
  }
}

double RawChain::put(const std::string& file, int clients, int copies, std::uint64_t block_bytes,
                     int first) {
  const std::uint64_t bytes = size_of(file);
  return in_processes(clients, bytes, [&](int client) {
    const http::Socket source(::open(file.c_str(), O_RDONLY));
    const http::Socket head = connect_to(ports_[0]);
    const auto buffer = std::make_unique<std::uint8_t[]>(kBuffer);
    for (std::uint64_t offset = 0; offset < bytes; offset += block_bytes) {
      Order order;
      order.name = name_of(first + client, offset, block_bytes);
      order.length = bytes - offset < block_bytes ? bytes - offset : block_bytes;
      for (int i = 1; i < copies; ++i) {
        order.next[static_cast<std::size_t>(i) - 1] = ports_[static_cast<std::size_t>(i)];
      }
      if (!send_all(head.fd(), &order, sizeof order)) return false;
      std::uint32_t crc = 0;
      for (std::uint64_t left = order.length; left > 0;) {
        const std::size_t size = piece(left);
        if (!receive_all(source.fd(), buffer.get(), size)) return false;
        crc = crc32c({buffer.get(), size}, crc);
        if (!send_all(head.fd(), buffer.get(), size)) return false;
        left -= size;
      }
      std::uint32_t theirs = 0;
      if (!receive_all(head.fd(), &theirs, sizeof theirs) || theirs != crc) return false;
    }
    return true;
  });
}

double RawChain::get(std::uint64_t file_bytes, int clients, std::uint64_t block_bytes, int first) {
  return in_processes(clients, file_bytes, [&](int client) {
    const std::string path = folder_ + "/got-" + std::to_string(client);
    const http::Socket target(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0644));
    ::unlink(path.c_str());
    const http::Socket server = connect_to(ports_[0]);
    const auto buffer = std::make_unique<std::uint8_t[]>(kBuffer);
    std::uint32_t crc = 0;
    for (std::uint64_t offset = 0; offset < file_bytes; offset += block_bytes) {
      Order order;
      order.read = 1;
      order.name = name_of(first + client, offset, block_bytes);
      order.length = file_bytes - offset < block_bytes ? file_bytes - offset : block_bytes;
      if (!send_all(server.fd(), &order, sizeof order)) return false;
      for (std::uint64_t left = order.length; left > 0;) {
        const std::size_t size = piece(left);
        if (!receive_all(server.fd(), buffer.get(), size)) return false;
        crc = crc32c({buffer.get(), size}, crc);
        if (!send_all(target.fd(), buffer.get(), size)) return false;
        left -= size;
      }
    }
    return true;
  });
}

}  // namespace dfs::bench
