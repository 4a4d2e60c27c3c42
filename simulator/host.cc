#include "simulator/host.h"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace dfs::host {
namespace {

struct Child {
  std::uint64_t item = 0;  // that it is at; the last one when that is done
  pid_t pid = -1;
  int output = -1;
  std::string buffer;
};

void write_all(int descriptor, const std::string& text) {
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t count = ::write(descriptor, text.data() + done, text.size() - done);
    if (count <= 0) ::_exit(3);  // nobody listens any more
    done += static_cast<std::size_t>(count);
  }
}

bool is_last(const Jobs& jobs, std::uint64_t item) { return jobs.last - item < jobs.count; }

// In the child. An empty line says that an item is done.
[[noreturn]] void work(const Jobs& jobs, std::uint64_t item, int output) {
  const Say say = [output](const std::string& line) { write_all(output, line + "\n"); };
  while (jobs.work(item, say)) {
    say("");
    if (is_last(jobs, item)) break;
    item += jobs.count;
  }
  std::exit(0);  // and not _exit(): where runs are counted, the counts are written then
}

// Adds a process that does its job from `item` on.
void start(const Jobs& jobs, std::uint64_t item, std::vector<Child>& children) {
  int ends[2] = {-1, -1};
  std::fflush(nullptr);  // what is buffered here is not the child's to write
  const pid_t pid = ::pipe(ends) == 0 ? ::fork() : -1;
  if (pid == 0) {
    ::close(ends[0]);
    work(jobs, item, ends[1]);
  }
  if (ends[1] >= 0) ::close(ends[1]);
  if (pid > 0) {
    children.push_back({item, pid, ends[0], {}});
  } else {
    if (ends[0] >= 0) ::close(ends[0]);
    jobs.died(item, "no process could be started for it");
  }
}

// Reads what the child has said; false at the end of it.
bool read_lines(Child& child, const Jobs& jobs) {
  char bytes[65536];
  const ssize_t count = ::read(child.output, bytes, sizeof bytes);
  if (count <= 0) return false;
  child.buffer.append(bytes, static_cast<std::size_t>(count));
  std::size_t begin = 0;
  for (std::size_t end = 0; (end = child.buffer.find('\n', begin)) != std::string::npos;
       begin = end + 1) {
    if (end > begin) {
      jobs.hear(child.buffer.substr(begin, end - begin));
    } else if (!is_last(jobs, child.item)) {
      child.item += jobs.count;
    }
  }
  child.buffer.erase(0, begin);
  return true;
}

// How the process ended; "" if it did by itself and with status 0.
std::string end_of(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(status)) {
    const int signal = WTERMSIG(status);
    return "killed by signal " + std::to_string(signal) + " (" + ::strsignal(signal) + ")";
  }
  const int code = WEXITSTATUS(status);
  return code == 0 ? "" : "ended with status " + std::to_string(code);
}

}  // namespace

std::int64_t wall_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

void run_jobs(const Jobs& jobs) {
  std::vector<Child> children;
  for (std::uint32_t job = 0; job < jobs.count && job <= jobs.last - jobs.first; ++job) {
    start(jobs, jobs.first + job, children);
  }
  while (!children.empty()) {
    std::vector<pollfd> polled;
    polled.reserve(children.size());
    for (const Child& child : children) polled.push_back({child.output, POLLIN, 0});
    if (::poll(polled.data(), polled.size(), -1) < 0) continue;
    for (std::size_t i = polled.size(); i-- > 0;) {
      if (polled[i].revents == 0 || read_lines(children[i], jobs)) continue;
      const Child ended = std::move(children[i]);
      children.erase(children.begin() + static_cast<std::ptrdiff_t>(i));
      ::close(ended.output);
      const std::string how = end_of(ended.pid);
      if (how.empty() || !jobs.died(ended.item, how) || is_last(jobs, ended.item)) continue;
      start(jobs, ended.item + jobs.count, children);
    }
  }
}

bool read_file(const std::string& path, std::size_t most, std::string& text) {
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) return false;
  text.resize(most);
  text.resize(std::fread(text.data(), 1, most, file));
  const bool ok = std::ferror(file) == 0;
  return std::fclose(file) == 0 && ok;
}

bool write_file(const std::string& path, const std::string& text) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr) return false;
  const bool ok = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  return std::fclose(file) == 0 && ok;
}

std::uint32_t processors() {
  return static_cast<std::uint32_t>(std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN)));
}

}  // namespace dfs::host
