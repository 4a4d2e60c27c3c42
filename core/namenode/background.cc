// The NameNode's own commands, a bounded piece of each kind a tick (law 11).
#include <algorithm>

#include "core/namenode/state.h"

namespace dfs::namenode {
namespace {

constexpr std::uint64_t kTickRows = 1900;  // of a tick as a whole, law 11 allows 2,000
constexpr std::size_t kLeasesAtOnce = 32;
constexpr std::uint64_t kRequestsAtOnce = 30;
constexpr std::uint64_t kForgetRows = 400;

WallTime before(WallTime time, Duration period) { return {time.ms - period.us / 1000}; }

}  // namespace

void NameNode::State::background(Now now) {
  const std::uint64_t rows_before = store.rows_touched();
  blocks.tick(now);
  // Safe mode and an older history change nothing; a disk that is nearly full is no reason to keep
  // what can go.
  if (!refusal(true).ok()) return;
  const WallTime time = name_node_time();

  std::vector<InodeId> expired = leases.next_expired(store, clock.now(), kLeasesAtOnce);
  if (!expired.empty()) run(ExpireCommand{std::move(expired)}, now);

  const std::uint64_t kept = store.meta().requests;
  const WallTime old = before(time, config.request_retention);
  const auto requests = store.oldest_requests(1);
  const auto clients = store.oldest_clients(1);
  if (kept > config.max_requests_kept) {
    run(ForgetRequestsCommand{time, std::min(kept - config.max_requests_kept, kRequestsAtOnce)},
        now);
  } else if ((!requests.empty() && requests.front().at <= old) ||
             (!clients.empty() && clients.front().at <= old)) {
    run(ForgetRequestsCommand{old, kRequestsAtOnce}, now);
  }

  const WallTime freed = before(time, config.reader_grace);
  if (!store.freed_blocks(freed, 1).empty()) run(ForgetBlocksCommand{freed, kForgetRows}, now);
  const std::uint64_t rows = store.rows_touched() - rows_before;
  if (rows < kTickRows && !store.scan_reap(InodeId{}, 1).empty()) {
    run(ReapCommand{kTickRows - rows}, now);
  }
}

}  // namespace dfs::namenode
