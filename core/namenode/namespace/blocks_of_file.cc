#include "core/namenode/namespace/blocks_of_file.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "core/base/mutant.h"
#include "core/namenode/namespace/errors.h"

namespace dfs::namenode {
namespace {

Status bad_block(BlockId block, std::string_view why) {
  return {Code::kInvalidArgument, "block " + std::to_string(block.value) + ": " + std::string(why)};
}

// The distinct hosts of registered DataNodes, each looked up once a command.
class Hosts {
 public:
  explicit Hosts(Store& store) : store_(store) {}

  [[nodiscard]] bool at_least(std::size_t wanted, const std::vector<NodeId>& nodes) {
    std::set<std::pair<std::string, std::string>> hosts;
    for (const NodeId node : nodes) {
      auto known = nodes_.find(node);
      if (known == nodes_.end()) known = nodes_.emplace(node, store_.datanode(node)).first;
      if (known->second) hosts.emplace(known->second->rack, known->second->host);
      if (hosts.size() >= wanted) return true;
    }
    return hosts.size() >= wanted;
  }

 private:
  Store& store_;
  std::map<NodeId, std::optional<DataNodeRow>> nodes_;
};

Status check_block(const InodeRow& file, const wire::CommittedBlock& commit, Hosts& hosts) {
  const wire::BlockInfo& info = commit.info;
  if (commit.index >= kMaxBlocksPerFile) return bad_block(info.id, "Its index is over 2^20");
  if (info.length == 0) return bad_block(info.id, "A block must not be empty");
  if (info.length > file.block_size) {
    return bad_block(
        info.id, "It is longer than the file's block size of " + std::to_string(file.block_size));
  }
  const std::size_t needed = std::min<std::size_t>(2, file.replication);
  if (!mutated(Mutant::kD1CommitWithoutQuorum) && !hosts.at_least(needed, commit.stored)) {
    return bad_block(
        info.id, "It is stored on fewer than " + std::to_string(needed) + " hosts, write it again");
  }
  return {};
}

}  // namespace

Status check_lists(const std::vector<wire::CommittedBlock>& commits) {
  std::size_t stored = 0;
  for (const wire::CommittedBlock& commit : commits) stored += commit.stored.size();
  if (commits.size() > kMaxListed || stored > std::uint64_t{2} * wire::kMaxReplication) {
    return {Code::kInvalidArgument, "too many blocks are committed at once"};
  }
  return {};
}

Status check_targets(std::uint32_t blocks, const Targets& targets) {
  if (blocks > kMaxBlocksAtOnce) {
    return {Code::kInvalidArgument, "at most 8 blocks can be allocated at once"};
  }
  if (blocks != targets.size()) return {Code::kInternal, "targets do not match the request"};
  return {};
}

std::vector<wire::AllocatedBlock> allocate_blocks(Context& context, const InodeRow& file,
                                                  const Targets& targets) {
  std::vector<wire::AllocatedBlock> allocated;
  for (const std::vector<wire::NodeAddress>& pipeline : targets) {
    BlockRow row;
    row.id = BlockId{context.meta.next_block++};
    row.replication = file.replication;
    row.references = 1;
    row.owner = file.id;
    context.store.put_block(row);
    allocated.push_back({row.id, pipeline});
  }
  return allocated;
}

Result<Commits> check_commits(Context& context, const Writing& writing,
                              const std::vector<wire::CommittedBlock>& commits) {
  Status status = check_lists(commits);
  if (!status.ok()) return status;
  const InodeRow& file = writing.inode;
  Hosts hosts(context.store);
  Commits checked{{}, writing.pending};
  for (const wire::CommittedBlock& commit : commits) {
    const wire::BlockInfo& info = commit.info;
    std::optional<BlockRow> row = context.store.block(info.id);
    if (!row || row->owner != file.id) {
      return bad_block(info.id, "It is not allocated to this file");
    }
    DFS_ASSERT(row->state != BlockState::kFreed);  // only a published version's can be
    if (row->state == BlockState::kCommitted) {
      if (row->length == info.length && row->crc == info.crc && row->index == commit.index)
        continue;
      return bad_block(info.id, "It is committed with another length, checksum or index");
    }
    status = check_block(file, commit, hosts);
    if (!status.ok()) return status;
    bool taken = context.store.file_block(file.id, commit.index).has_value();
    for (const BlockRow& other : checked.blocks) {
      taken = taken || other.index == commit.index || other.id == info.id;
    }
    if (taken) return bad_block(info.id, "Another block is committed at its index");
    row->state = BlockState::kCommitted;
    row->length = info.length;
    row->crc = info.crc;
    row->index = commit.index;
    checked.blocks.push_back(*row);
    checked.pending.blocks += 1;
    checked.pending.end = std::max(checked.pending.end, commit.index + 1);
    checked.pending.length += info.length;
  }
  return checked;
}

void commit(Context& context, const Commits& commits) {
  for (const BlockRow& row : commits.blocks) {
    context.store.put_block(row);
    context.store.put_file_block({row.owner, row.index, row.id, row.length});
    context.effects.committed.push_back(row.id);
  }
  if (!commits.blocks.empty()) context.store.put_pending(commits.pending);
}

}  // namespace dfs::namenode
