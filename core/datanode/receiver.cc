#include "core/datanode/receiver.h"

#include <algorithm>

#include "core/base/mutant.h"

namespace dfs::datanode {
namespace {

std::string name_of(BlockId block) { return "block " + std::to_string(block.value); }

Status check_header(const wire::WriteHeader& header, NodeId self) {
  if (header.node.value != 0 && header.node != self) {
    return {Code::kWrongCluster, name_of(header.block) + ": this is DataNode " +
                                     std::to_string(self.value) + ", not " +
                                     std::to_string(header.node.value)};
  }
  if (!header.block) return {Code::kInvalidArgument, "block 0: not a block"};
  if (header.length > kMaxBlockBytes) {
    return {Code::kTooLarge, name_of(header.block) + ": longer than any block may be"};
  }
  if (header.targets.size() > kMaxTargets) {
    return {Code::kInvalidArgument, name_of(header.block) + ": too many targets"};
  }
  for (std::size_t i = 0; i < header.targets.size(); ++i) {
    const NodeId node = header.targets[i].node;
    bool twice = node == self;
    for (std::size_t j = 0; j < i; ++j) twice = twice || header.targets[j].node == node;
    if (twice) return {Code::kInvalidArgument, name_of(header.block) + ": a target is named twice"};
  }
  return {};
}

}  // namespace

Receiver::Receiver(wire::WriteHeader header, NodeId self)
    : header_(std::move(header)), self_(self), rest_(header_.targets) {}

void Receiver::start(ReceiverEffects& effects) {
  const Status status = check_header(header_, self_);
  if (!status.ok()) {
    done_ = true;
    effects.push_back(ReceiverDone{status, {}});
    return;
  }
  effects.push_back(OpenTemporary{header_.length});
  if (rest_.empty()) return;
  downstream_ = Downstream::kStreaming;
  effects.push_back(OpenDownstream{rest_.front(), header_for_rest()});
}

void Receiver::data(Bytes data, ReceiverEffects& effects) {
  if (done_ || data.empty()) return;
  const std::uint64_t offset = checksums_.length();
  if (ended_ || data.size() > header_.length - offset) {
    if (!ended_) {
      fail({Code::kInvalidArgument, name_of(header_.block) + ": more bytes came than announced"},
           effects);
    }
    return;
  }
  checksums_.add(data);
  if (downstream_ == Downstream::kStreaming) effects.push_back(SendDownstream{data});
  effects.push_back(WriteTemporary{offset, data});
}

void Receiver::end(ReceiverEffects& effects) {
  if (done_ || ended_) return;
  if (checksums_.length() != header_.length) {
    fail({Code::kInvalidArgument, name_of(header_.block) + ": only " +
                                      std::to_string(checksums_.length()) + " of " +
                                      std::to_string(header_.length) + " bytes came"},
         effects);
    return;
  }
  ended_ = true;
  checksums_.finish();
  Sidecar sidecar;
  sidecar.info = received();
  sidecar.cluster = header_.cluster;
  sidecar.inode = header_.inode;
  sidecar.index = header_.index;
  sidecar.path_hint = header_.path_hint;
  sidecar.granule_crcs = checksums_.granules();
  sidecar.chunk_crcs = checksums_.chunks();
  effects.push_back(Publish{std::move(sidecar)});
  // The next node has all bytes too: it syncs while this one does.
  if (downstream_ == Downstream::kStreaming) {
    downstream_ = Downstream::kAnswering;
    effects.push_back(FinishDownstream{});
  }
  if (mutated(Mutant::kD1AckBeforeFsync)) published(effects);
}

void Receiver::sender_failed(const Status& status, ReceiverEffects& effects) {
  if (done_ || ended_) return;
  fail(status, effects);
}

void Receiver::disk_failed(const Status& status, ReceiverEffects& effects) {
  if (done_) return;
  if (!published_) {
    fail(status, effects);
    return;
  }
  // Only the resending is impossible: what is published stays.
  downstream_ = Downstream::kNone;
  while (!rest_.empty()) give_up_next(status);
  finish(effects);
}

void Receiver::published(ReceiverEffects& effects) {
  if (done_ || !ended_) return;
  published_ = true;
  proceed(effects);
}

void Receiver::downstream_failed(const Status& status, ReceiverEffects& effects) {
  if (done_ || downstream_ == Downstream::kNone) return;
  downstream_ = Downstream::kNone;
  give_up_next(status);
  proceed(effects);
}

void Receiver::downstream_replied(const wire::WriteReply& reply, ReceiverEffects& effects) {
  if (done_ || (downstream_ != Downstream::kAnswering && downstream_ != Downstream::kResending)) {
    return;
  }
  const auto stored = [&reply](NodeId node) {
    return std::find(reply.stored.begin(), reply.stored.end(), node) != reply.stored.end();
  };
  if (reply.replica != received() || !stored(rest_.front().node)) {
    downstream_failed({Code::kCorrupt, name_of(header_.block) + ": stored something else"},
                      effects);
    return;
  }
  // The node that answered has tried all that came after it: there is nothing to send again.
  downstream_ = Downstream::kNone;
  for (const wire::NodeAddress& target : rest_) {
    if (stored(target.node)) {
      reply_.stored.push_back(target.node);
      continue;
    }
    Status why(Code::kUnavailable, name_of(header_.block) + ": no word of it");
    for (const wire::NodeFailure& failure : reply.failed) {
      if (failure.node == target.node) why = failure.status;
    }
    reply_.failed.push_back({target.node, std::move(why)});
  }
  rest_.clear();
  proceed(effects);
}

wire::WriteHeader Receiver::header_for_rest() const {
  wire::WriteHeader header = header_;
  header.targets.assign(rest_.begin() + 1, rest_.end());
  header.node = rest_.front().node;
  return header;
}

wire::BlockInfo Receiver::received() const {
  return {header_.block, checksums_.length(), checksums_.crc()};
}

void Receiver::give_up_next(const Status& status) {
  reply_.failed.push_back({rest_.front().node, status});
  rest_.erase(rest_.begin());
}

// Once this replica is published and nothing downstream is waited for: the rest is fed from it, or
// all is done.
void Receiver::proceed(ReceiverEffects& effects) {
  if (!published_ || downstream_ != Downstream::kNone) return;
  if (rest_.empty()) {
    finish(effects);
    return;
  }
  downstream_ = Downstream::kResending;
  effects.push_back(ResendDownstream{rest_.front(), header_for_rest()});
}

void Receiver::fail(const Status& status, ReceiverEffects& effects) {
  done_ = true;
  if (downstream_ != Downstream::kNone) effects.push_back(CloseDownstream{});
  downstream_ = Downstream::kNone;
  if (!mutated(Mutant::kC4KeepTemporary)) effects.push_back(DiscardTemporary{});
  effects.push_back(ReceiverDone{status, {}});
}

void Receiver::finish(ReceiverEffects& effects) {
  done_ = true;
  reply_.replica = received();
  reply_.stored.insert(reply_.stored.begin(), self_);
  effects.push_back(ReceiverDone{{}, reply_});
}

}  // namespace dfs::datanode
