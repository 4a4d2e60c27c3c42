// The digest of everything durable but hints.
#include "core/base/digest.h"
#include "core/namenode/command.h"
#include "core/wire/fields.h"

namespace dfs::namenode {
namespace {

constexpr std::size_t kAll = std::size_t{1} << 40;

void add(Digest& digest, const auto&... values) { (wire::hash_value(digest, values), ...); }

void add_inode(Digest& digest, Store& store, const InodeRow& row) {
  add(digest, row.id, row.type, row.parent, row.name, row.owner, row.group, row.mode, row.mtime,
      row.atime, row.replication, row.block_size, row.length, row.sums, row.children, row.born,
      row.died, row.progress, row.height);
  for (const EntryRow& entry : store.scan_entries(row.id, "", kAll)) {
    add(digest, entry.name, entry.inode, entry.born, entry.died);
  }
  for (const FileBlockRow& block : store.scan_file_blocks(row.id, 0, kAll)) {
    add(digest, block.index, block.block, block.visible_length);
  }
}

void add_registry(Digest& digest, Store& store) {
  for (const DataNodeRow& row : store.scan_datanodes(NodeId{}, kAll)) {
    add(digest, row.id, row.uuid, row.client_address, row.peer_address, row.rack, row.host,
        row.decommissioned);
  }
  for (const RequestRow& row : store.oldest_requests(kAll)) {
    add(digest, row.client, row.request, row.at, row.reply);
  }
  for (const ClientRow& row : store.oldest_clients(kAll)) {
    add(digest, row.client, row.settled_below, row.at);
  }
}

}  // namespace

std::uint64_t digest_of(Store& store) {
  Digest digest;
  const MetaRow& meta = store.meta();
  add(digest, meta.cluster, meta.epoch, meta.applied, meta.next_inode, meta.next_block,
      meta.next_node, meta.next_session, meta.time, meta.forgotten, meta.requests, meta.safe_mode,
      meta.default_replication, meta.default_block_size, meta.behind_epoch, meta.past_epochs);
  for (const InodeRow& row : store.scan_inodes(InodeId{}, kAll)) add_inode(digest, store, row);
  for (const PendingRow& row : store.scan_pending(InodeId{}, kAll)) {
    add(digest, row.inode, row.parent, row.name, row.client, row.path, row.opened, row.replaces,
        row.blocks, row.end, row.length);
  }
  for (const BlockRow& row : store.scan_blocks(BlockId{}, kAll)) {
    add(digest, row.id, row.state, row.length, row.crc, row.replication, row.references, row.owner,
        row.freed, row.index);
  }
  for (const InodeId inode : store.scan_reap(InodeId{}, kAll)) add(digest, inode);
  add_registry(digest, store);
  return digest.value();
}

}  // namespace dfs::namenode
