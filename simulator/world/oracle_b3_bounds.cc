// B3: no step of the NameNode touches more than 2,000 rows, records stay within their bound, and
// retries back off.
#include <algorithm>
#include <vector>

#include "simulator/world/oracles.h"

namespace dfs::world {
namespace {

constexpr std::uint64_t kMaxRows = 2000;
constexpr std::size_t kMaxAttemptsInOneSecond = 12;
constexpr Duration kRepeatWindow = seconds(3);
constexpr std::ptrdiff_t kMostRepeats = 9;

class Bounds final : public Oracle {
 public:
  using Oracle::Oracle;

  void stepped(std::uint64_t rows) override {
    scene_.verdicts.expect(rows <= kMaxRows, "B3",
                           [&] { return "one step touched " + std::to_string(rows) + " rows"; });
  }

  void attempt(Address client, std::uint64_t call, std::uint64_t /*attempt*/, Now now) override {
    std::vector<std::int64_t>& times = attempts_[{client, call}];
    times.push_back(now.mono.us);
    std::size_t recent = 0;
    for (auto it = times.rbegin(); it != times.rend() && now.mono.us - *it < 1'000'000; ++it) {
      ++recent;
    }
    if (times.size() == 1) return;
    scene_.verdicts.expect(recent <= kMaxAttemptsInOneSecond, "B3", [&] {
      return "one request was sent " + std::to_string(recent) + " times within a second";
    });
  }

  // A message that a DataNode sends again carries the mark of the first time.
  void datanode_says(Address node, const wire::Request& request) override {
    const auto* heartbeat = std::get_if<wire::Heartbeat>(&request);
    if (heartbeat == nullptr) return;
    Repeats& repeats = repeats_[node];
    if (repeats.of != heartbeat->mark) repeats = {heartbeat->mark, {}};
    repeats.times.push_back(scene_.now_us());
    const auto recent = std::ranges::count_if(
        repeats.times, [&](std::int64_t at) { return scene_.now_us() - at < kRepeatWindow.us; });
    scene_.verdicts.expect(recent <= kMostRepeats, "B3", [&] {
      return "node " + std::to_string(node) + " sent one heartbeat " + std::to_string(recent) +
             " times within 3 seconds";
    });
  }

  void every_second() override {
    namenode::Store* store = scene_.namenode->store();
    if (store == nullptr) return;
    const std::uint64_t kept = store->meta().requests;
    const std::uint64_t bound = scene_.plan.namenode.max_requests_kept;
    scene_.verdicts.expect(kept <= bound + kMaxRows, "B3", [&] {
      return std::to_string(kept) + " request records are kept, the bound is " +
             std::to_string(bound);
    });
    if (attempts_.size() > 5000) attempts_.clear();
  }

 private:
  struct Repeats {
    wire::SessionMark of;
    std::vector<std::int64_t> times;
  };
  std::map<Address, Repeats> repeats_;
  std::map<std::pair<Address, std::uint64_t>, std::vector<std::int64_t>> attempts_;
};

}  // namespace

std::unique_ptr<Oracle> make_b3(Scene& scene) { return std::make_unique<Bounds>(scene); }

}  // namespace dfs::world
