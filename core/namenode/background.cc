// The NameNode's own commands, a bounded piece of each kind a tick (law 11).
#include <algorithm>

#include "core/namenode/namespace/records.h"
#include "core/namenode/state.h"

namespace dfs::namenode {
namespace {

constexpr std::size_t kLeasesAtOnce = 32;
constexpr std::uint64_t kRequestsAtOnce = 30;
constexpr std::uint64_t kForgetPercent = 20;  // of a tick's rows

WallTime before(WallTime time, Duration period) { return {time.ms - period.us / 1000}; }
WallTime after(WallTime time, Duration period) { return {time.ms + period.us / 1000}; }

}  // namespace

// The time of the oldest request or client record; `time` if there is none.
WallTime NameNode::State::oldest_record(WallTime time) {
  const auto requests = store.oldest_requests(1);
  const auto clients = store.oldest_clients(1);
  if (!requests.empty()) time = std::min(time, requests.front().at);
  if (!clients.empty()) time = std::min(time, clients.front().at);
  return time;
}

// Records go however young they are, clients do not.
bool NameNode::State::can_forget_records(WallTime time) {
  if (!store.oldest_requests(1).empty()) return true;
  const auto clients = store.oldest_clients(1);
  return !clients.empty() && clients.front().at.ms + kClientKeptMs <= time.ms;
}

void NameNode::State::background(Now now) {
  const std::uint64_t rows_before = store.rows_touched();
  blocks.tick(now);
  // Safe mode and an older history change nothing; a disk that is nearly full is no reason to keep
  // what can go.
  if (!refusal(true).ok()) return;
  const WallTime time = name_node_time();

  std::vector<InodeId> expired = leases.next_expired(store, lease_time(), kLeasesAtOnce);
  if (!expired.empty()) run(ExpireCommand{std::move(expired)}, now);

  const std::uint64_t kept = store.meta().requests;
  if (kept > config.max_requests_kept && can_forget_records(time)) {
    const WallTime all{time.ms + kClientTimeMs};
    run(ForgetRequestsCommand{all, std::min(kept - config.max_requests_kept, kRequestsAtOnce)},
        now);
  } else if (records_due <= time) {
    records_due = after(oldest_record(time), config.request_retention);
    if (records_due <= time) {
      run(ForgetRequestsCommand{before(time, config.request_retention), kRequestsAtOnce}, now);
    }
  }

  if (freed_due <= time) {
    const std::vector<BlockRow> oldest = store.freed_blocks(time, 1);
    freed_due = after(oldest.empty() ? time : oldest.front().freed, config.reader_grace);
    if (freed_due <= time) {
      run(ForgetBlocksCommand{before(time, config.reader_grace),
                              config.rows_per_tick * kForgetPercent / 100},
          now);
    }
  }
  const std::uint64_t rows = store.rows_touched() - rows_before;
  if (rows < config.rows_per_tick && !store.scan_reap(InodeId{}, 1).empty()) {
    run(ReapCommand{config.rows_per_tick - rows}, now);
  }
}

}  // namespace dfs::namenode
