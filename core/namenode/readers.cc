// Answers to clients that change nothing durable.
#include "core/namenode/queries.h"
#include "core/namenode/state.h"

namespace dfs::namenode {
namespace {

constexpr std::size_t kMaxRenewed = 1000;
constexpr std::size_t kMaxReported = 1000;

}  // namespace

wire::Reply NameNode::State::answer(const wire::Stat& request, Now /*now*/) {
  return stat(store, request);
}

wire::Reply NameNode::State::answer(const wire::List& request, Now /*now*/) {
  return list(store, request);
}

wire::Reply NameNode::State::answer(const wire::Locate& request, Now now) {
  return locate(
      store, request, [&](BlockId block) { return blocks.locations(block, now); },
      config.locate_page);
}

wire::Reply NameNode::State::answer(const wire::Summarize& request, Now /*now*/) {
  return summarize(store, request);
}

// Whether the directory of a pending file is still there is not asked here: its writer learns that
// with its next request, or from the lease that ends when the directory is reaped.
wire::Reply NameNode::State::answer(const wire::RenewLease& request, Now /*now*/) {
  if (request.inodes.size() > kMaxRenewed) {
    return Status(Code::kInvalidArgument, "at most 1000 leases can be renewed at once");
  }
  wire::RenewLeaseReply reply;
  for (const InodeId inode : request.inodes) {
    const std::optional<PendingRow> pending = store.pending(inode);
    if (pending && pending->client == request.client) {
      leases.renew(inode, lease_time());
    } else {
      reply.lost.push_back(inode);
    }
  }
  return reply;
}

wire::Reply NameNode::State::answer(const wire::ReportBad& request, Now now) {
  if (request.replicas.size() > kMaxReported) {
    return Status(Code::kInvalidArgument, "at most 1000 replicas can be reported at once");
  }
  blocks.report_bad(request, now);
  return wire::Empty{};
}

}  // namespace dfs::namenode
