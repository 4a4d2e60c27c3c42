#include "core/client/writer.h"

#include <algorithm>

#include "core/base/mutant.h"

namespace dfs::client {
namespace {

constexpr std::uint32_t kMaxBlocksPerCall = 8;
constexpr Duration kExcludeFor = seconds(30);
constexpr std::int64_t kRenewalsPerLease = 6;

// Answers that say nothing about the state of the lease: the NameNode is away.
bool nobody_there(Code code) { return code == Code::kTimedOut || code == Code::kUnknownOutcome; }

// Where the cluster cannot take more at the moment: the message names no path yet.
bool cannot_store(Code code) { return code == Code::kNotEnoughDataNodes || code == Code::kNoSpace; }

}  // namespace

Writer::Writer(WriteOptions options, RequestNumbers& numbers, std::string cluster)
    : options_(std::move(options)), numbers_(numbers), cluster_(std::move(cluster)) {
  options_.window = std::clamp(options_.window, 1u, kMaxBlocksPerCall);
}

Status Writer::about(Code code, std::string_view what) const {
  return {code, options_.path + ": " + std::string(what)};
}

std::uint64_t Writer::call(wire::Request request, WriterEffects& effects) {
  const std::uint64_t id = next_call_++;
  effects.push_back(CallNameNode{id, std::move(request)});
  return id;
}

void Writer::start(Instant /*now*/, WriterEffects& effects) {
  wire::Create create;
  create.path = options_.path;
  create.overwrite = options_.overwrite;
  create.replication = options_.replication;
  create.block_size = options_.block_size;
  create.mode = options_.mode;
  create.blocks = 1;
  if (options_.length == 0) {
    create.blocks = 0;
  } else if (options_.length && options_.block_size > 0) {
    const std::uint64_t blocks = (*options_.length - 1) / options_.block_size + 1;
    create.blocks = static_cast<std::uint32_t>(std::min<std::uint64_t>(blocks, options_.window));
  }
  create_call_ = call(std::move(create), effects);
}

void Writer::called(std::uint64_t call, wire::Reply reply, Instant now, WriterEffects& effects) {
  if (phase_ == Phase::kDone || call == 0) return;
  if (call == create_call_) {
    create_call_ = 0;
    created(std::move(reply), now, effects);
  } else if (call == allocate_call_) {
    allocate_call_ = 0;
    allocated(std::move(reply), now, effects);
  } else if (call == complete_call_) {
    complete_call_ = 0;
    completed(std::move(reply), now, effects);
  } else if (call == renew_call_) {
    renew_call_ = 0;
    renewed(reply, now, effects);
  } else if (call == abandon_call_) {
    finish(failure_, effects);
  }
}

void Writer::created(wire::Reply reply, Instant now, WriterEffects& effects) {
  if (const auto* status = std::get_if<Status>(&reply)) {
    const bool names_no_path = cannot_store(status->code()) || nobody_there(status->code());
    return finish(names_no_path ? about(status->code(), status->message()) : *status, effects);
  }
  auto* granted = std::get_if<wire::CreateReply>(&reply);
  if (granted == nullptr || granted->block_size == 0) {
    return finish(about(Code::kInternal, "the NameNode's answer to create makes no sense"),
                  effects);
  }
  inode_ = granted->inode;
  if (cancelled_) return fail(about(Code::kUnavailable, "interrupted"), true, effects);
  phase_ = Phase::kWriting;
  block_size_ = granted->block_size;
  replication_ = std::max(granted->replication, 1u);
  pool_ = std::move(granted->blocks);
  renew_every_ = std::max(granted->lease_limit / kRenewalsPerLease, milliseconds(100));
  renew_at_ = now + renew_every_;
  pump(now, effects);
}

// Whatever can go on does: one source, every block that has both its bytes and its DataNodes, one
// call for more of these, and in the end the completion.
void Writer::pump(Instant now, WriterEffects& effects) {
  if (phase_ != Phase::kWriting) return;
  if (!source_ended_ && !preparing_ && slots_.size() < options_.window) {
    preparing_ = true;
    slots_[next_index_];
    effects.push_back(PrepareSource{next_index_, next_index_ * block_size_, block_size_});
    ++next_index_;
  }
  for (auto& [index, slot] : slots_) {
    if (pool_.empty()) break;
    if (slot.state == SlotState::kReady && slot.retry_at <= now) send(index, slot, effects);
  }
  allocate(now, effects);
  if (source_ended_ && slots_.empty()) complete(effects);
  schedule(now, effects);
}

void Writer::send(std::uint64_t index, Slot& slot, WriterEffects& effects) {
  slot.block = std::move(pool_.front());
  pool_.erase(pool_.begin());
  slot.state = SlotState::kSending;
  slot.transfer = next_transfer_++;
  SendBlock transfer;
  transfer.transfer = slot.transfer;
  transfer.index = index;
  transfer.header = {cluster_, slot.block.block, slot.length, inode_, index, options_.path, {}, {}};
  if (!slot.block.targets.empty()) {
    transfer.to = slot.block.targets.front();
    transfer.header.node = transfer.to.node;
    transfer.header.targets.assign(slot.block.targets.begin() + 1, slot.block.targets.end());
  }
  effects.push_back(std::move(transfer));
}

// Blocks for the slots that have none; what was written so far is committed on the way.
void Writer::allocate(Instant now, WriterEffects& effects) {
  if (allocate_call_ != 0) return;
  wire::Allocate request;
  request.blocks = static_cast<std::uint32_t>(std::ranges::count_if(slots_, [&](const auto& slot) {
    return slot.second.state == SlotState::kReady && slot.second.retry_at <= now;
  }));
  if (request.blocks == 0) return;
  request.inode = inode_;
  request.commit = to_commit_;
  request.abandon = to_abandon_;
  commits_out_ = to_commit_.size();
  abandons_out_ = to_abandon_.size();
  std::erase_if(excluded_, [now](const auto& entry) { return entry.second.until <= now; });
  for (const auto& [node, exclusion] : excluded_) request.exclude.push_back(node);
  std::ranges::stable_sort(request.exclude, {},
                           [this](NodeId node) { return excluded_.at(node).times; });
  allocate_call_ = call(std::move(request), effects);
}

void Writer::allocated(wire::Reply reply, Instant now, WriterEffects& effects) {
  if (phase_ != Phase::kWriting) return;
  if (const auto* status = std::get_if<Status>(&reply)) {
    if (cannot_store(status->code()) && !excluded_.empty()) {
      excluded_.clear();  // one that failed is better than none
      return pump(now, effects);
    }
    // Whatever became of the allocation: nothing has been published.
    if (nobody_there(status->code())) {
      return fail(about(Code::kTimedOut, status->message()), false, effects);
    }
    return fail(cannot_store(status->code()) ? about(status->code(), status->message()) : *status,
                status->code() != Code::kFenced, effects);
  }
  auto* granted = std::get_if<wire::AllocateReply>(&reply);
  if (granted == nullptr || granted->blocks.empty()) {
    return fail(about(Code::kInternal, "the NameNode's answer to allocate makes no sense"), true,
                effects);
  }
  // Both lists have only grown at their ends meanwhile.
  to_commit_.erase(to_commit_.begin(),
                   to_commit_.begin() + static_cast<std::ptrdiff_t>(commits_out_));
  to_abandon_.erase(to_abandon_.begin(),
                    to_abandon_.begin() + static_cast<std::ptrdiff_t>(abandons_out_));
  std::ranges::move(granted->blocks, std::back_inserter(pool_));
  pump(now, effects);
}

void Writer::source_ready(std::uint64_t index, std::uint64_t length, bool last, Instant now,
                          WriterEffects& effects) {
  if (phase_ != Phase::kWriting) return;
  const auto slot = slots_.find(index);
  DFS_ASSERT(preparing_ && slot != slots_.end() && length <= block_size_);
  DFS_ASSERT(last || length == 0 || length == block_size_);
  preparing_ = false;
  source_ended_ = last || length == 0;
  if (last && mutated(Mutant::kG3ForgetTail)) length = 0;
  slot->second.state = SlotState::kReady;
  slot->second.length = length;
  slot->second.retry_at = now;
  if (length == 0) {
    slots_.erase(slot);
    effects.push_back(ReleaseSource{index});
  }
  pump(now, effects);
}

void Writer::source_failed(const Status& status, Instant /*now*/, WriterEffects& effects) {
  if (phase_ == Phase::kWriting) fail(status, true, effects);
}

std::map<std::uint64_t, Writer::Slot>::iterator Writer::slot_of(std::uint64_t transfer) {
  return std::ranges::find_if(slots_, [transfer](const auto& entry) {
    return entry.second.state == SlotState::kSending && entry.second.transfer == transfer;
  });
}

// What the DataNodes stored is what was sent, and enough of them did.
Status Writer::check(const Slot& slot, std::uint32_t crc, const wire::WriteReply& reply,
                     std::vector<NodeId>& stored) const {
  if (reply.replica != wire::BlockInfo{slot.block.block, slot.length, crc}) {
    return {Code::kCorrupt, "the DataNodes stored other bytes than were sent"};
  }
  for (const wire::NodeAddress& target : slot.block.targets) {
    if (std::ranges::find(reply.stored, target.node) != reply.stored.end()) {
      stored.push_back(target.node);
    }
  }
  const std::size_t needed =
      mutated(Mutant::kD1CommitWithoutQuorum) ? 1 : std::min(replication_, 2u);
  if (stored.size() >= needed) return {};
  std::string why = "stored on " + std::to_string(stored.size()) + " of " +
                    std::to_string(slot.block.targets.size()) + " DataNodes";
  if (!reply.failed.empty()) {
    why += " (DataNode " + std::to_string(reply.failed.front().node.value) + ": " +
           reply.failed.front().status.message() + ")";
  }
  const bool full = !reply.failed.empty() &&
                    std::ranges::all_of(reply.failed, [](const wire::NodeFailure& failure) {
                      return failure.status.code() == Code::kNoSpace;
                    });
  return {full ? Code::kNoSpace : Code::kUnavailable, std::move(why)};
}

void Writer::transferred(std::uint64_t transfer, std::uint32_t crc, const wire::WriteReply& reply,
                         Instant now, WriterEffects& effects) {
  const auto found = slot_of(transfer);
  if (phase_ != Phase::kWriting || found == slots_.end()) return;
  const auto& [index, slot] = *found;
  exclude_failed(reply, now);
  std::vector<NodeId> stored;
  if (Status status = check(slot, crc, reply, stored); !status.ok()) {
    if (status.code() == Code::kCorrupt && !slot.block.targets.empty()) {
      exclude(slot.block.targets.front().node, NodeId{}, now);
    }
    return block_failed(index, status, now, effects);
  }
  to_commit_.push_back({reply.replica, index, std::move(stored)});
  total_length_ += slot.length;
  effects.push_back(ReleaseSource{index});
  slots_.erase(found);
  pump(now, effects);
}

void Writer::transfer_failed(std::uint64_t transfer, const Status& status, Instant now,
                             WriterEffects& effects) {
  const auto found = slot_of(transfer);
  if (phase_ != Phase::kWriting || found == slots_.end()) return;
  if (!found->second.block.targets.empty()) {
    exclude(found->second.block.targets.front().node, NodeId{}, now);
  }
  block_failed(found->first, status, now, effects);
}

void Writer::exclude(NodeId node, NodeId accuser, Instant now) {
  Exclusion& exclusion = excluded_[node];
  exclusion.until = now + kExcludeFor;
  ++exclusion.times;
  exclusion.accusers.insert(accuser);
}

// The block will be written again, under another id, to other DataNodes if there are any.
void Writer::block_failed(std::uint64_t index, const Status& status, Instant now,
                          WriterEffects& effects) {
  Slot& slot = slots_.at(index);
  if (slot.failures++ == 0) slot.first_failure = now;
  const Duration limit = status.code() == Code::kNoSpace
                             ? std::min(options_.retry.not_ready_limit, options_.retry.limit)
                             : options_.retry.limit;
  if (now - slot.first_failure >= limit) {
    return fail(about(status.code(),
                      "block " + std::to_string(index) + " cannot be written: " + status.message()),
                true, effects);
  }
  to_abandon_.push_back(slot.block.block);
  slot.retry_at = now + pause_after(slot, slot.block.block);
  slot.state = SlotState::kReady;
  slot.block = {};
  pump(now, effects);
}

// A head that reached none of several others, at once or one after the other, is likelier to be cut
// off than each of them. They would leave too few to write to without it.
void Writer::exclude_failed(const wire::WriteReply& reply, Instant now) {
  if (reply.stored.empty()) return;
  const NodeId head = reply.stored.front();
  std::set<NodeId>& accused = accused_[head];
  if (reply.stored.size() > 1) accused.clear();
  const bool unheard = std::ranges::all_of(reply.failed, [](const wire::NodeFailure& failure) {
    return failure.status.code() == Code::kUnavailable || failure.status.code() == Code::kTimedOut;
  });
  if (unheard && reply.stored.size() == 1) {
    for (const wire::NodeFailure& failure : reply.failed) accused.insert(failure.node);
  }
  if (accused.size() > 1) {
    std::erase_if(excluded_, [&](const auto& entry) {
      return entry.second.accusers == std::set{head} && accused.contains(entry.first);
    });
    return exclude(head, NodeId{}, now);
  }
  for (const wire::NodeFailure& failure : reply.failed) exclude(failure.node, head, now);
}

// None after the first failure: other DataNodes are likely to do. Drawn from the block's id, so
// that writers do not return in step.
Duration Writer::pause_after(const Slot& slot, BlockId block) const {
  if (slot.failures <= 1 || mutated(Mutant::kB3RetryAtOnce)) return {};
  Random draw = Random(key_of(numbers_.client())).fork(block.value);
  return backoff(options_.retry, slot.failures - 2, draw);
}

void Writer::complete(WriterEffects& effects) {
  DFS_ASSERT(allocate_call_ == 0);  // one is only out for a block that waits for it
  phase_ = Phase::kCompleting;
  wire::Complete request;
  request.inode = inode_;
  request.commit = to_commit_;
  request.length = total_length_;
  request.mtime = options_.mtime;
  complete_call_ = call(std::move(request), effects);
}

void Writer::completed(wire::Reply reply, Instant /*now*/, WriterEffects& effects) {
  if (const auto* status = std::get_if<Status>(&reply)) {
    // Unknown stays unknown: abandoning now could race with what may have been done.
    if (nobody_there(status->code())) {
      return finish(about(status->code(), status->message()), effects);
    }
    if (status->code() == Code::kFenced) return finish(*status, effects);
    return fail(*status, true, effects);
  }
  const auto* file = std::get_if<wire::FileStatus>(&reply);
  if (file == nullptr) {
    return finish(about(Code::kUnknownOutcome, "the NameNode's answer makes no sense"), effects);
  }
  phase_ = Phase::kDone;
  effects.push_back(WriteDone{{}, *file});
}

void Writer::renewed(const wire::Reply& reply, Instant now, WriterEffects& effects) {
  renew_at_ = now + renew_every_;
  const auto* renewal = std::get_if<wire::RenewLeaseReply>(&reply);
  const bool lost =
      renewal != nullptr && std::ranges::find(renewal->lost, inode_) != renewal->lost.end();
  // While completing, the answer to that decides.
  if (lost && phase_ == Phase::kWriting) {
    return fail(about(Code::kFenced, "another writer took over, or the path is gone"), false,
                effects);
  }
  schedule(now, effects);
}

void Writer::wake(Instant now, WriterEffects& effects) {
  if (now >= scheduled_) scheduled_ = kNever;
  if (phase_ != Phase::kWriting && phase_ != Phase::kCompleting) return;
  if (now >= renew_at_) {
    renew_at_ = kNever;
    renew_call_ = call(wire::RenewLease{numbers_.client(), {inode_}}, effects);
  }
  pump(now, effects);
  schedule(now, effects);
}

void Writer::schedule(Instant now, WriterEffects& effects) {
  if (phase_ != Phase::kWriting && phase_ != Phase::kCompleting) return;
  Instant next = renew_at_;
  for (const auto& [index, slot] : slots_) {
    if (slot.state == SlotState::kReady && slot.retry_at > now) {
      next = std::min(next, slot.retry_at);
    }
  }
  if (next >= scheduled_) return;
  scheduled_ = next;
  effects.push_back(RenewAt{next});
}

void Writer::cancel(Instant /*now*/, WriterEffects& effects) {
  if (phase_ == Phase::kCreating) cancelled_ = true;
  if (phase_ == Phase::kWriting) fail(about(Code::kUnavailable, "interrupted"), true, effects);
}

void Writer::fail(Status status, bool abandon, WriterEffects& effects) {
  for (const auto& [index, slot] : slots_) effects.push_back(ReleaseSource{index});
  slots_.clear();
  if (!abandon) return finish(std::move(status), effects);
  failure_ = std::move(status);
  phase_ = Phase::kAbandoning;
  wire::Abandon request;
  request.inode = inode_;
  abandon_call_ = call(std::move(request), effects);
}

void Writer::finish(Status status, WriterEffects& effects) {
  phase_ = Phase::kDone;
  effects.push_back(WriteDone{std::move(status), {}});
}

}  // namespace dfs::client
