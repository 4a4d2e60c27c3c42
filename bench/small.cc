#include "bench/small.h"

#include <atomic>
#include <cstring>
#include <functional>
#include <memory>
#include <vector>

#include "adapters/http/client_session.h"
#include "bench/figures.h"
#include "bench/limits.h"

namespace dfs::bench {
namespace {

// 4 KiB of nothing in particular.
class SmallFile : public http::BlockSource {
 public:
  static constexpr std::uint64_t kBytes = 4096;
  Result<http::Prepared> prepare(std::uint64_t /*index*/, std::uint64_t offset,
                                 std::uint64_t at_most) override {
    const std::uint64_t left = kBytes - offset;
    return http::Prepared{left < at_most ? left : at_most, left <= at_most};
  }
  Status read(std::uint64_t /*index*/, std::uint64_t /*at*/, MutableBytes out) override {
    std::memset(out.data(), 'x', out.size());
    return {};
  }
  void release(std::uint64_t /*index*/) override {}
  std::optional<std::uint64_t> length() const override { return kBytes; }
};

// A client process for each thread, as far as the NameNode can tell.
class Sessions {
 public:
  Sessions(const std::string& namenode, int count) {
    for (int i = 0; i < count; ++i) {
      http::SessionOptions options;
      options.namenodes = {namenode};
      options.user = "bench";
      all_.push_back(std::make_unique<http::ClientSession>(std::move(options)));
    }
  }
  http::ClientSession& operator[](int i) { return *all_[static_cast<std::size_t>(i)]; }

 private:
  std::vector<std::unique_ptr<http::ClientSession>> all_;
};

bool fine(const Status& status) {
  if (!status.ok()) print_note("failed: " + status.message());
  return status.ok();
}

}  // namespace

void bench_small(const std::string& namenode, const std::string& folder, double seconds) {
  Sessions sessions(namenode, 8);
  std::atomic<std::uint64_t> next = 0;
  const auto name = [](std::uint64_t number) {
    return "/small/" + std::to_string(number % 100) + "/" + std::to_string(number);
  };
  for (int i = 0; i < 100; ++i) {
    wire::Mkdir request;
    request.path = "/small/" + std::to_string(i);
    request.parents = true;
    if (!fine(sessions[0].call(request).status())) give_up("mkdir failed");
  }

  print_heading("small operations a second");
  for (const int threads : {1, 8}) {
    const std::string by = threads == 1 ? "1 thread" : "8 threads";
    print_row(
        "create + 4 KiB, 3 copies",
        rate(threads, seconds,
             [&](int thread) {
               client::WriteOptions options;
               options.path = name(next++);
               return fine(sessions[thread].write(options, std::make_shared<SmallFile>()).status());
             }),
        by, synced_files(folder, threads, seconds / 2), "a local file, synced");
  }
  const std::uint64_t files = next;
  const std::function<bool(int)> stat = [&](int thread) {
    thread_local std::uint64_t number = 0;
    wire::Stat request;
    request.path = name(number++ % files);
    return fine(sessions[thread].call(request).status());
  };
  const std::function<bool(int)> mkdir = [&](int thread) {
    wire::Mkdir request;
    request.path = name(next++) + "d";
    return fine(sessions[thread].call(request).status());
  };
  // Each thread moves a directory of its own, there and back.
  std::vector<std::uint64_t> moves(8);
  for (int i = 0; i < 8; ++i) {
    wire::Mkdir request;
    request.path = "/small/moves-" + std::to_string(i);
    if (!fine(sessions[i].call(request).status())) give_up("mkdir failed");
  }
  const std::function<bool(int)> rename = [&](int thread) {
    const bool back = moves[static_cast<std::size_t>(thread)]++ % 2 == 1;
    const std::string here = "/small/moves-" + std::to_string(thread);
    wire::Rename request;
    request.from = here + (back ? "-moved" : "");
    request.to = here + (back ? "" : "-moved");
    return fine(sessions[thread].call(request).status());
  };
  for (const int threads : {1, 8}) {
    const std::string by = threads == 1 ? "1 thread" : "8 threads";
    const double handler = empty_handler(threads, seconds / 2);
    const double appends = synced_appends(folder, threads, seconds / 2);
    print_row("stat", rate(threads, seconds, stat), by, handler, "an empty handler");
    print_row("mkdir", rate(threads, seconds, mkdir), by, appends, "fsync of an append");
    print_row("rename", rate(threads, seconds, rename), by, appends, "fsync of an append");
  }
}

}  // namespace dfs::bench
