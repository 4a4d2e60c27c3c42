#include "adapters/http/process.h"

#include <cryptopp/osrng.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <ctime>
#include <filesystem>

#include "core/base/bytes.h"

namespace dfs::http {
namespace {

sigset_t stop_set() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGHUP);
  return set;
}

}  // namespace

Now Clock::now() const {
  using std::chrono::duration_cast;
  const auto wall = std::chrono::system_clock::now().time_since_epoch();
  return {Instant{} + (monotonic_now() - start_),
          {duration_cast<std::chrono::milliseconds>(wall).count()}};
}

std::string random_identity() {
  std::array<std::uint8_t, 16> bytes{};
  CryptoPP::OS_GenerateRandomBlock(false, bytes.data(), bytes.size());
  return to_hex(bytes);
}

std::uint64_t random_seed() {
  std::array<std::uint8_t, 8> bytes{};
  CryptoPP::OS_GenerateRandomBlock(false, bytes.data(), bytes.size());
  return get_le64(bytes.data());
}

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "localhost";
  return name.data();
}

StopSignals::StopSignals() {
  const sigset_t set = stop_set();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

bool StopSignals::wait(Duration timeout) {
  const sigset_t set = stop_set();
  timespec limit{};
  limit.tv_sec = timeout.us / 1'000'000;
  limit.tv_nsec = timeout.us % 1'000'000 * 1000;
  return ::sigtimedwait(&set, nullptr, &limit) > 0;
}

void StopSignals::wait() {
  while (!wait(seconds(3600))) {
  }
}

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

std::optional<std::uint64_t> free_bytes(const std::string& path) {
  struct statvfs info {};
  if (::statvfs(path.c_str(), &info) != 0) return std::nullopt;
  return std::uint64_t{info.f_bavail} * info.f_frsize;
}

Result<OwnedDirectory> OwnedDirectory::open(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return {Code::kIo, path + ": " + error.message()};
  const std::string file = path + "/in_use.lock";
  Socket lock(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!lock) return {Code::kIo, file + ": " + std::strerror(errno)};
  if (::flock(lock.fd(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return {Code::kIo, file + ": " + std::strerror(errno)};
    return {Code::kAlreadyExists, path + ": in use by another process"};
  }
  return OwnedDirectory(std::move(lock));
}

}  // namespace dfs::http
