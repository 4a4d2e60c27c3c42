#include "simulator/host.h"

#include <cstdio>

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <vector>

namespace dfs::host {
namespace {

struct Child {
  std::uint32_t job = 0;
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

Child start(std::uint32_t job, const std::function<void(std::uint32_t, const Say&)>& work) {
  int ends[2] = {-1, -1};
  if (::pipe(ends) != 0) return {};
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::close(ends[0]);
    work(job, [&](const std::string& line) { write_all(ends[1], line + "\n"); });
    ::_exit(0);
  }
  ::close(ends[1]);
  if (pid < 0) {
    ::close(ends[0]);
    return {};
  }
  return {job, pid, ends[0], {}};
}

// Reads what the child has said; false at the end of it.
bool read_lines(Child& child, const std::function<void(std::uint32_t, const std::string&)>& hear) {
  char bytes[65536];
  const ssize_t count = ::read(child.output, bytes, sizeof bytes);
  if (count <= 0) return false;
  child.buffer.append(bytes, static_cast<std::size_t>(count));
  std::size_t begin = 0;
  for (std::size_t end = 0; (end = child.buffer.find('\n', begin)) != std::string::npos;
       begin = end + 1) {
    hear(child.job, child.buffer.substr(begin, end - begin));
  }
  child.buffer.erase(0, begin);
  return true;
}

}  // namespace

std::int64_t wall_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

bool run_jobs(std::uint32_t jobs, const std::function<void(std::uint32_t, const Say&)>& work,
              const std::function<void(std::uint32_t, const std::string&)>& hear) {
  if (jobs <= 1) {
    work(0, [&](const std::string& line) { hear(0, line); });
    return true;
  }
  std::vector<Child> children;
  bool good = true;
  for (std::uint32_t job = 0; job < jobs; ++job) {
    Child child = start(job, work);
    if (child.pid < 0) {
      good = false;
    } else {
      children.push_back(std::move(child));
    }
  }
  while (!children.empty()) {
    std::vector<pollfd> polled;
    polled.reserve(children.size());
    for (const Child& child : children) polled.push_back({child.output, POLLIN, 0});
    if (::poll(polled.data(), polled.size(), -1) < 0) continue;
    for (std::size_t i = polled.size(); i-- > 0;) {
      if (polled[i].revents == 0 || read_lines(children[i], hear)) continue;
      ::close(children[i].output);
      int status = 0;
      ::waitpid(children[i].pid, &status, 0);
      good = good && WIFEXITED(status) && WEXITSTATUS(status) == 0;
      children.erase(children.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }
  return good;
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
