// The rules of the namespace: with which code a mutation must be answered.
#include <algorithm>

#include "simulator/world/namespace_model.h"

namespace dfs::world {

Code NamespaceModel::expect(const wire::Mkdir& request) const {
  const Spot spot = look(request.path, request.parents);
  if (spot.root) return request.parents ? Code::kOk : Code::kAlreadyExists;
  if (spot.code != Code::kOk) return spot.code;
  if (spot.under_construction()) return Code::kAlreadyExists;
  if (spot.inode == nullptr) return Code::kOk;
  return request.parents && spot.inode->directory ? Code::kOk : Code::kAlreadyExists;
}

Code NamespaceModel::expect(const wire::Create& request) const {
  const Spot spot = look(request.path, request.parents);
  if (spot.root) return Code::kIsDirectory;
  if (spot.code != Code::kOk) return spot.code;
  if (spot.inode != nullptr && spot.inode->directory) return Code::kIsDirectory;
  if (spot.inode != nullptr && !request.overwrite) return Code::kAlreadyExists;
  if (spot.writer != nullptr && !request.overwrite &&
      spot.writer->client != request.caller.client) {
    return Code::kAlreadyBeingCreated;
  }
  return Code::kOk;
}

// A block is committed once, at a place of the file that no other block has. The same again, by a
// retry under a new number, changes nothing.
Code NamespaceModel::expect_commits(const ModelWriter& owner,
                                    const std::vector<wire::CommittedBlock>& commits) const {
  std::set<BlockId> ids;  // a NameNode that lost a command may have given the writer one twice
  std::set<std::uint64_t> indexes;
  for (const wire::CommittedBlock& commit : commits) {
    const wire::BlockInfo& info = commit.info;
    const auto known = owner.committed.find(commit.index);
    if (known != owner.committed.end()) {
      const ModelBlockState* before = block(known->second.id);
      if (before == nullptr || before->info != info) return Code::kInvalidArgument;
      continue;
    }
    if (!owner.allocated.contains(info.id)) return Code::kInvalidArgument;
    if (info.length == 0 || info.length > owner.block_size) return Code::kInvalidArgument;
    if (!ids.insert(info.id).second) return Code::kInvalidArgument;
    if (!indexes.insert(commit.index).second) return Code::kInvalidArgument;
    std::set<std::string> hosts;
    for (const NodeId node : commit.stored) {
      const auto host = hosts_.find(node);
      if (host != hosts_.end()) hosts.insert(host->second);
    }
    if (hosts.size() < std::min<std::size_t>(2, owner.replication)) return Code::kInvalidArgument;
  }
  return Code::kOk;
}

// A block that is committed, by this request or before, cannot be given up: a client can ask for it
// where it was told an id that a NameNode which lost a command gave out twice.
Code NamespaceModel::expect(const wire::Allocate& request) const {
  if (!is_writer(request.inode, request.caller.client)) return Code::kFenced;
  const ModelWriter& owner = *writer(request.inode);
  const Code commits = expect_commits(owner, request.commit);
  if (commits != Code::kOk) return commits;
  for (const BlockId abandoned : request.abandon) {
    const bool committed =
        std::ranges::any_of(owner.committed,
                            [&](const auto& at) { return at.second.id == abandoned; }) ||
        std::ranges::any_of(request.commit,
                            [&](const auto& commit) { return commit.info.id == abandoned; });
    if (committed) return Code::kInvalidArgument;
  }
  return Code::kOk;
}

Code NamespaceModel::expect(const wire::Complete& request) const {
  if (!is_writer(request.inode, request.caller.client)) return Code::kFenced;
  const ModelWriter& owner = *writer(request.inode);
  const Code commits = expect_commits(owner, request.commit);
  if (commits != Code::kOk) return commits;
  std::map<std::uint64_t, std::uint64_t> lengths;
  for (const auto& [index, block] : owner.committed) lengths[index] = block.length;
  for (const wire::CommittedBlock& commit : request.commit) {
    lengths[commit.index] = commit.info.length;
  }
  std::uint64_t length = 0;
  std::uint64_t next = 0;
  for (const auto& [index, bytes] : lengths) {
    if (index != next++) return Code::kInvalidArgument;
    length += bytes;
  }
  if (length != request.length) return Code::kInvalidArgument;
  const ModelInode& parent = *inode(owner.parent);
  const auto entry = parent.entries.find(owner.name);
  if (entry != parent.entries.end() && inode(entry->second)->directory) return Code::kIsDirectory;
  return Code::kOk;
}

Code NamespaceModel::expect(const wire::Abandon& /*request*/) const { return Code::kOk; }

Code NamespaceModel::expect(const wire::Remove& request) const {
  const Spot spot = look(request.path);
  if (spot.root) return Code::kInvalidArgument;
  if (spot.code != Code::kOk) return spot.code;
  if (spot.under_construction()) return Code::kOk;
  if (spot.inode == nullptr) return Code::kNotFound;
  return children(*spot.inode) > 0 && !request.recursive ? Code::kNotEmpty : Code::kOk;
}

Code NamespaceModel::expect(const wire::Rename& request) const {
  const Spot from = look(request.from);
  if (from.root) return Code::kInvalidArgument;
  if (from.code != Code::kOk) return from.code;
  if (from.under_construction()) return Code::kAlreadyBeingCreated;
  if (from.inode == nullptr) return Code::kNotFound;
  if (request.to == "/" || request.to == request.from) return Code::kAlreadyExists;
  if (request.to.starts_with(request.from + "/")) return Code::kInvalidArgument;
  const Spot to = look(request.to);
  if (to.code != Code::kOk) return to.code;
  if (to.under_construction()) return Code::kAlreadyBeingCreated;
  if (to.inode == nullptr) return Code::kOk;
  if (!request.overwrite) return Code::kAlreadyExists;
  if (to.inode->directory && !from.inode->directory) return Code::kIsDirectory;
  if (!to.inode->directory && from.inode->directory) return Code::kNotDirectory;
  return children(*to.inode) > 0 ? Code::kNotEmpty : Code::kOk;
}

Code NamespaceModel::expect(const wire::SetReplication& request) const {
  const Spot spot = look(request.path);
  if (spot.root) return Code::kIsDirectory;
  if (spot.code != Code::kOk) return spot.code;
  if (spot.under_construction()) return Code::kAlreadyBeingCreated;
  if (spot.inode == nullptr) return Code::kNotFound;
  return spot.inode->directory ? Code::kIsDirectory : Code::kOk;
}

Code NamespaceModel::expect(const wire::SetTimes& request) const {
  const Spot spot = look(request.path);
  if (spot.code != Code::kOk) return spot.code;
  if (spot.root) return Code::kOk;
  if (spot.under_construction()) return Code::kAlreadyBeingCreated;
  return spot.inode == nullptr ? Code::kNotFound : Code::kOk;
}

Code NamespaceModel::expected(const namenode::RequestCommand& command) const {
  return std::visit([this](const auto& request) { return expect(request); }, command.body);
}

}  // namespace dfs::world
