// Commands about the cluster as a whole: its first one, the DataNode registry, safe mode, epochs.
#include <algorithm>

#include "core/base/mutant.h"
#include "core/namenode/namespace/operations.h"
#include "core/namenode/past_epochs.h"

namespace dfs::namenode {
namespace {

constexpr std::uint64_t kMaxDataNodes = 10'000;

}  // namespace

std::string owner_for(Context& context, const wire::Caller& caller) {
  return caller.user.empty() ? context.store.inode(kRootInode)->owner : caller.user;
}

wire::Reply format(Context& context, const FormatCommand& command) {
  MetaRow& meta = context.meta;
  if (meta.next_inode != 0) return Status(Code::kAlreadyExists, "the cluster is formatted already");
  meta.cluster = command.cluster;
  meta.next_inode = first_id_of_epoch(meta.epoch);
  meta.next_block = first_id_of_epoch(meta.epoch);
  meta.default_replication = command.default_replication;
  meta.default_block_size = command.default_block_size;
  InodeRow root;
  root.id = kRootInode;
  root.type = FileType::kDirectory;
  root.owner = command.owner;
  root.group = command.group;
  root.mode = 0755;
  root.mtime = root.atime = context.wall;
  root.sums.directories = 1;
  root.born = context.position;
  context.store.put_inode(root);
  return wire::Empty{};
}

wire::Reply register_datanode(Context& context, const RegisterCommand& command) {
  MetaRow& meta = context.meta;
  const std::optional<DataNodeRow> known = context.store.datanode_by_uuid(command.uuid);
  if (!known && meta.next_node > kMaxDataNodes) {
    return Status(Code::kTooLarge, "the cluster has " + std::to_string(kMaxDataNodes) +
                                       " DataNodes, which is the limit");
  }
  DataNodeRow row = known.value_or(DataNodeRow{});
  if (!known) row.id = NodeId{meta.next_node++};
  row.uuid = command.uuid;
  row.client_address = command.client_address;
  row.peer_address = command.peer_address;
  row.rack = command.rack;
  row.host = command.host;
  if (!known || row != *known) context.store.put_datanode(row);
  wire::RegisterReply reply;
  reply.cluster = meta.cluster;
  reply.node = row.id;
  reply.session = meta.next_session++;
  reply.history = {meta.epoch, context.position, meta.next_block - 1};
  return reply;
}

wire::Reply set_safe_mode(Context& context, const SafeModeCommand& command) {
  const bool stays = context.meta.safe_mode && mutated(Mutant::kA1StayInSafeMode);
  context.meta.safe_mode = command.on || stays;
  return wire::Empty{};
}

wire::Reply set_decommissioned(Context& context, const DecommissionCommand& command) {
  std::optional<DataNodeRow> row = context.store.datanode(command.node);
  if (!row) {
    return Status(Code::kNotFound, "there is no DataNode " + std::to_string(command.node.value));
  }
  row->decommissioned = command.on;
  context.store.put_datanode(*row);
  return wire::Empty{};
}

wire::Reply newer_history(Context& context, const NewerHistoryCommand& command) {
  context.meta.behind_epoch = std::max(context.meta.behind_epoch, command.epoch);
  return wire::Empty{};
}

wire::Reply raise_epoch(Context& context, const RaiseEpochCommand& command) {
  MetaRow& meta = context.meta;
  const std::uint64_t epoch = std::max({meta.epoch, meta.behind_epoch, command.above}) + 1;
  if (epoch > kMaxEpoch) return Status(Code::kInvalidArgument, "there is no epoch left");
  meta.past_epochs = with_past_epoch(std::move(meta.past_epochs), meta.epoch, meta.next_block);
  meta.epoch = epoch;
  meta.behind_epoch = 0;
  if (mutated(Mutant::kG1KeepCountersInNewEpoch)) return wire::Empty{};
  meta.next_inode = first_id_of_epoch(epoch);
  meta.next_block = first_id_of_epoch(epoch);
  return wire::Empty{};
}

}  // namespace dfs::namenode
