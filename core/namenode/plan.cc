// Plans: a client's mutating request becomes a command with everything non-deterministic in it.
#include <algorithm>

#include "core/base/mutant.h"
#include "core/namenode/namespace/operations.h"
#include "core/namenode/namespace/records.h"
#include "core/namenode/state.h"
#include "core/wire/path.h"

namespace dfs::namenode {
namespace {

constexpr std::size_t kMaxExcluded = 1000;

std::uint32_t hosts_needed(std::uint32_t replication) {
  return std::min<std::uint32_t>(2, replication);
}

Status too_few(std::uint32_t have, std::uint32_t need) {
  return {Code::kNotEnoughDataNodes, "only " + std::to_string(have) + " of the " +
                                         std::to_string(need) +
                                         " DataNodes (on different hosts) that a write needs are "
                                         "able to store; start more"};
}

// What apply() would refuse for its size alone is refused before it is a command: that would be
// recorded and shipped, and in the form in which it is, a list of nothing is many times as long.
Status check_size(const std::string& path) {
  return path.size() > wire::kMaxPathBytes ? wire::Path::parse(path).status() : Status();
}
template <class T>
Status check_size(const T& request) {
  Status status;
  if constexpr (requires { request.path; }) status = check_size(request.path);
  if constexpr (requires { request.from; }) {
    status = check_size(request.from);
    if (status.ok()) status = check_size(request.to);
  }
  if constexpr (requires { request.commit; }) status = check_lists(request.commit);
  if constexpr (requires { request.abandon; }) {
    if (status.ok() && request.abandon.size() > kMaxListed) {
      status = {Code::kInvalidArgument, "too many blocks are given up at once"};
    }
  }
  if constexpr (requires { request.exclude; }) {
    if (status.ok() && request.exclude.size() > kMaxExcluded) {
      status = {Code::kInvalidArgument, "field 'exclude' names too many DataNodes"};
    }
  }
  return status;
}

// The blocks that a request wants, and for which file.
struct Wanted {
  std::uint32_t blocks = 0;
  std::uint32_t replication = 0;
  std::uint64_t block_size = 0;
  const std::vector<NodeId>* exclude = nullptr;
  bool opens = false;  // a create, which needs DataNodes even without blocks
};

Wanted wanted_by(const RequestCommand::Body& body, Store& store, const MetaRow& meta) {
  Wanted wanted;
  if (const auto* create = std::get_if<wire::Create>(&body)) {
    wanted.blocks = create->blocks;
    wanted.replication = create->replication != 0 ? create->replication : meta.default_replication;
    wanted.block_size = create->block_size != 0 ? create->block_size : meta.default_block_size;
    wanted.exclude = &create->exclude;
    wanted.opens = true;
  } else if (const auto* allocate = std::get_if<wire::Allocate>(&body)) {
    const std::optional<InodeRow> file = store.inode(allocate->inode);
    // Whose lease is over gets its answer from apply, without targets being chosen.
    if (!file || !store.pending(allocate->inode)) return wanted;
    wanted.blocks = allocate->blocks;
    wanted.replication = file->replication;
    wanted.block_size = file->block_size;
    wanted.exclude = &allocate->exclude;
  }
  return wanted;
}

}  // namespace

Status NameNode::State::refusal(bool frees_space) const {
  const MetaRow& meta = store.meta();
  if (meta.behind_epoch != 0) {
    return {Code::kReadOnly,
            "the NameNode's history is older than a DataNode's: it is read-only until "
            "'dfs admin accept-history'"};
  }
  if (meta.safe_mode && !mutated(Mutant::kS1IgnoreSafeMode)) {
    return {Code::kSafeMode, "the NameNode is in safe mode until 'dfs admin safemode leave'"};
  }
  if (disk_low && !frees_space) {
    return {Code::kNoSpace, "the NameNode's disk is nearly full: only deleting is possible"};
  }
  return {};
}

Status NameNode::State::refusal_of_writes() const {
  Status status = refusal(false);
  if (!status.ok()) return status;
  const std::uint32_t need = hosts_needed(store.meta().default_replication);
  const std::uint32_t have = blocks.writable_hosts(last_step);
  return have < need ? too_few(have, need) : Status();
}

Result<Targets> NameNode::State::choose_targets(const RequestCommand::Body& body, Now now) {
  const Wanted wanted = wanted_by(body, store, store.meta());
  Targets targets;
  if (wanted.exclude == nullptr || wanted.blocks > kMaxBlocksAtOnce) return targets;
  if (wanted.blocks == 0 && !wanted.opens) return targets;
  const std::uint32_t need = hosts_needed(wanted.replication);
  const std::uint32_t have = blocks.writable_hosts(now);
  const bool ungated = mutated(Mutant::kS1WriteWithoutDataNodes);
  // Where blocks are wanted, the placement tells a lack of space from a lack of DataNodes.
  if (wanted.blocks == 0 && have < need && !ungated) return too_few(have, need);
  for (std::uint32_t i = 0; i < wanted.blocks; ++i) {
    auto pipeline =
        blocks.choose_targets(wanted.replication, wanted.block_size, *wanted.exclude, now);
    if (!pipeline.ok() && !ungated) return pipeline.status();
    targets.push_back(pipeline.ok() ? std::move(*pipeline) : std::vector<wire::NodeAddress>());
  }
  return targets;
}

wire::Reply NameNode::State::mutate(RequestCommand::Body body, Now now) {
  const auto finished = [&](wire::Reply reply) {
    if (auto* created = std::get_if<wire::CreateReply>(&reply)) {
      created->lease_limit = config.lease_limit;
    }
    return reply;
  };
  Status status = check_caller(caller_of(body));
  if (status.ok()) {
    status = std::visit([](const auto& request) { return check_size(request); }, body);
  }
  if (!status.ok()) return status;
  if (auto before = recorded(store, store.meta(), name_node_time(), body)) {
    return finished(std::move(*before));
  }
  status = refusal(std::holds_alternative<wire::Remove>(body) ||
                   std::holds_alternative<wire::Abandon>(body));
  if (!status.ok()) return status;
  if (const auto* create = std::get_if<wire::Create>(&body)) {
    if (create->block_size != 0 && create->block_size < config.min_block_size) {
      return Status(Code::kInvalidArgument, "the block size is below the server's minimum of " +
                                                std::to_string(config.min_block_size));
    }
  }
  Result<Targets> targets = choose_targets(body, now);
  if (!targets.ok()) return targets.status();
  const auto* allocate = std::get_if<wire::Allocate>(&body);
  const InodeId writing = allocate == nullptr ? InodeId{} : allocate->inode;
  Outcome outcome = run(RequestCommand{std::move(body), std::move(*targets)}, now);
  if (std::holds_alternative<wire::AllocateReply>(outcome.reply)) {
    leases.renew(writing, lease_time());
  }
  return finished(std::move(outcome.reply));
}

}  // namespace dfs::namenode
