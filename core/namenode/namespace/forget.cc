// forget_blocks and forget_requests: what has been kept for a time, and its time is over.
#include <algorithm>
#include <map>
#include <string>

#include "core/base/mutant.h"
#include "core/namenode/namespace/operations.h"
#include "core/namenode/namespace/records.h"

namespace dfs::namenode {
namespace {

// A dead version goes with the last of its blocks, unless the reaper is still busy with it.
void drop_empty_version(Store& store, InodeId id) {
  if (!store.scan_file_blocks(id, 0, 1).empty()) return;
  const std::vector<InodeId> reaped = store.scan_reap(InodeId{id.value - 1}, 1);
  if (reaped.empty() || reaped.front() != id) store.erase_inode(id);
}

}  // namespace

wire::Reply forget_blocks(Context& context, const ForgetBlocksCommand& command) {
  constexpr std::uint64_t kRowsEach = 7;
  constexpr std::uint64_t kRowsBesideHints = 4;
  const std::size_t limit = static_cast<std::size_t>(command.rows / kRowsEach);
  if (limit == 0) return wire::Empty{};
  std::uint64_t left = command.rows;
  for (const BlockRow& block : context.store.freed_blocks(command.freed_until, limit)) {
    const std::uint64_t rows =
        std::max<std::uint64_t>(kRowsEach, kRowsBesideHints + block.replication);
    const bool first = left == command.rows;  // it goes whatever it costs
    if (rows > left && !first) break;
    left -= std::min(left, rows);
    context.store.erase_block(block.id);
    context.store.erase_hints(block.id);
    context.store.erase_file_block(block.owner, block.index);
    drop_empty_version(context.store, block.owner);
    context.effects.forgotten.push_back(block.id);
  }
  return wire::Empty{};
}

wire::Reply forget_requests(Context& context, const ForgetRequestsCommand& command) {
  MetaRow& meta = context.meta;
  const auto limit = static_cast<std::size_t>(std::min<std::uint64_t>(command.rows, 1000));
  if (limit == 0) return wire::Empty{};
  std::map<std::string, std::uint64_t> newest;  // number that was dropped, by client
  for (const RequestRow& record : context.store.oldest_requests(limit)) {
    if (record.at > command.until) break;
    context.store.erase_request(record.client, record.request);
    std::uint64_t& number = newest[record.client];
    number = std::max(number, record.request);
    --meta.requests;
  }
  if (mutated(Mutant::kN1ForgetNumbers)) newest.clear();
  for (const auto& [name, number] : newest) {
    ClientRow client = context.store.client(name).value();
    if (client.settled_below > number) continue;
    client.settled_below = number + 1;
    context.store.put_client(client);
  }
  // What a client has settled is known for as long as a record of it is.
  const WallTime latest{std::min(command.until.ms, context.time.ms - kClientKeptMs)};
  for (const ClientRow& client : context.store.oldest_clients(limit)) {
    if (client.at > latest) break;
    if (!context.store.requests_below(client.client, INT64_MAX, 1).empty()) continue;
    context.store.erase_client(client.client);
    meta.forgotten = std::max(meta.forgotten, client.at);
    --meta.requests;
  }
  return wire::Empty{};
}

}  // namespace dfs::namenode
