// Answers to operators: reports, fsck, scrub, safe mode, decommissioning, accept-history.
#include "core/namenode/past_epochs.h"
#include "core/namenode/state.h"
#include "core/namenode/walk.h"

namespace dfs::namenode {
namespace {

constexpr std::size_t kPendingCounted = 1000;

}  // namespace

wire::Reply NameNode::State::answer(const wire::ClusterReport& /*request*/, Now now) {
  const MetaRow& meta = store.meta();
  wire::ClusterReportReply reply;
  reply.cluster = meta.cluster;
  reply.history = history();
  reply.safe_mode = meta.safe_mode;
  reply.read_only = meta.behind_epoch != 0;
  const Status refused = refusal_of_writes();
  reply.accepts_writes = refused.ok();
  reply.why_not = refused.message();
  reply.default_replication = meta.default_replication;
  reply.default_block_size = meta.default_block_size;
  reply.content = store.inode(kRootInode)->sums;
  reply.pending_files = store.scan_pending(InodeId{}, kPendingCounted).size();
  blocks.describe(reply, now);
  return reply;
}

wire::Reply NameNode::State::answer(const wire::Fsck& request, Now now) {
  wire::FsckReply reply;
  const auto look = [&](const WalkedBlocks& file) {
    wire::FileHealth health;
    health.path = file.path;
    health.inode = file.inode;
    health.blocks = file.blocks.size();
    for (const BlockRow& block : file.blocks) {
      const BlockHealth state = blocks.health(block, now);
      health.rotten_replicas += state.corrupt;
      if (state.good >= state.wanted) continue;
      // What is not reported yet is unknown, and unknown is not absent (law 8).
      if (state.good + state.unknown > 0) {
        ++health.under_replicated;
      } else {
        ++(state.corrupt > 0 ? health.corrupt : health.missing);
      }
    }
    if (file.first) ++reply.files;
    reply.blocks += health.blocks;
    const bool healthy = health.under_replicated + health.corrupt + health.missing == 0;
    if (!healthy || health.rotten_replicas > 0) reply.unhealthy.push_back(std::move(health));
  };
  Result<std::string> next = walk_page(store, request.path, request.cursor, look);
  if (!next.ok()) return next.status();
  reply.next = std::move(*next);
  return reply;
}

wire::Reply NameNode::State::answer(const wire::Scrub& request, Now now) {
  wire::ScrubReply reply;
  const auto order = [&](const WalkedBlocks& file) {
    for (const BlockRow& block : file.blocks) reply.ordered += blocks.scrub(block.id, now);
  };
  Result<std::string> next = walk_page(store, request.path, request.cursor, order);
  if (!next.ok()) return next.status();
  reply.next = std::move(*next);
  reply.waiting = blocks.scrubs_waiting();
  return reply;
}

wire::Reply NameNode::State::answer(const wire::SafeMode& request, Now now) {
  const bool on = request.action == "enter";
  if (!on && request.action != "leave" && request.action != "get") {
    return Status(Code::kInvalidArgument, "field 'action' must be get, enter or leave");
  }
  if (request.action != "get" && store.meta().safe_mode != on) run(SafeModeCommand{on}, now);
  return wire::SafeModeReply{store.meta().safe_mode};
}

wire::Reply NameNode::State::set_service(Result<NodeId> node, bool leave, Now now) {
  if (!node.ok()) return node.status();
  if (store.datanode(*node)->decommissioned != leave) {
    if (Status status = refusal(false); !status.ok()) return status;
    run(DecommissionCommand{*node, leave}, now);
  }
  return blocks.describe_node(*node, now);
}

wire::Reply NameNode::State::answer(const wire::Decommission& request, Now now) {
  return set_service(blocks.may_leave(request.node), true, now);
}

wire::Reply NameNode::State::answer(const wire::Recommission& request, Now now) {
  return set_service(blocks.find_node(request.node), false, now);
}

wire::Reply NameNode::State::answer(const wire::AcceptHistory& /*request*/, Now now) {
  const MetaRow& meta = store.meta();
  if (meta.behind_epoch == 0) return wire::Empty{};
  const std::uint64_t above = draw_above(meta, blocks.newest_seen().epoch, random);
  return run(RaiseEpochCommand{above}, now).reply;
}

}  // namespace dfs::namenode
