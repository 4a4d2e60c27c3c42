// Answers to DataNodes, and the guard against a history that is newer than ours (D5).
#include <algorithm>

#include "core/base/mutant.h"
#include "core/namenode/past_epochs.h"
#include "core/namenode/state.h"
#include "core/wire/path.h"

namespace dfs::namenode {
namespace {

bool is_identity(const std::string& text) {
  return text.size() == 32 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

Status check_text(std::string_view name, const std::string& text, bool may_be_empty) {
  if ((!text.empty() || may_be_empty) && text.size() <= wire::kMaxNameBytes &&
      wire::printable(text) == text) {
    return {};
  }
  return {Code::kInvalidArgument,
          "field '" + std::string(name) + "' must be one line of 1 to 255 bytes of UTF-8"};
}

Status check_registration(const wire::Register& request) {
  if (!is_identity(request.uuid) || !is_identity(request.incarnation)) {
    return {Code::kInvalidArgument,
            "fields 'uuid' and 'incarnation' must be 32 lower-case hexadecimal digits"};
  }
  Status status = check_text("client_address", request.client_address, false);
  if (status.ok()) status = check_text("peer_address", request.peer_address, false);
  if (status.ok()) status = check_text("host", request.host, false);
  if (status.ok()) status = check_text("rack", request.rack, true);
  return status;
}

// No NameNode of this cluster was ever there; behind such a history this one would be for good.
Status check_mark(const wire::HistoryMark& seen, std::uint64_t own_epoch) {
  const bool possible = seen.epoch <= own_epoch || can_be_raised_above(seen.epoch);
  if (possible && epoch_of(seen.block) <= seen.epoch) return {};
  return {Code::kInvalidArgument, "field 'seen' is no history: epoch " +
                                      std::to_string(seen.epoch) + ", block " +
                                      std::to_string(seen.block)};
}

}  // namespace

wire::HistoryMark NameNode::State::history() const {
  const MetaRow& meta = store.meta();
  return {meta.epoch, meta.applied, meta.next_block - 1};
}

void NameNode::State::note_history(const wire::HistoryMark& seen, Now now) {
  if (mutated(Mutant::kD5ForgetHistory) || !history().behind(seen)) return;
  fall_behind(seen.epoch, now);
}

void NameNode::State::fall_behind(std::uint64_t epoch, Now now) {
  // Of an epoch before ours it was given up, if it was not ours.
  const MetaRow& meta = store.meta();
  if (epoch < meta.epoch || meta.behind_epoch >= epoch) return;
  run(NewerHistoryCommand{std::min(epoch, kMaxEpoch - 1)}, now);
}

wire::Reply NameNode::State::answer(const wire::Register& request, Now now) {
  Status status = check_registration(request);
  if (status.ok()) status = check_mark(request.seen, store.meta().epoch);
  if (!status.ok()) return status;
  const std::string cluster = store.meta().cluster;
  if (!request.cluster.empty() && request.cluster != cluster) {
    return Status(Code::kWrongCluster, "this DataNode belongs to cluster " +
                                           wire::printable(request.cluster) + ", not to " +
                                           cluster);
  }
  // Before the registration itself makes our history longer, and also where it is refused: what its
  // directory has seen counts (D5).
  note_history(request.seen, now);
  if (status = blocks.may_register(request); !status.ok()) return status;
  Outcome outcome = run(RegisterCommand{request.uuid, request.client_address, request.peer_address,
                                        request.rack, request.host},
                        now);
  if (auto* reply = std::get_if<wire::RegisterReply>(&outcome.reply)) {
    reply->heartbeat_interval = config.heartbeat_interval;
    blocks.registered(request, *reply, now);
  }
  return std::move(outcome.reply);
}

wire::Reply NameNode::State::answer(const wire::Heartbeat& request, Now now) {
  if (Status status = check_mark(request.seen, store.meta().epoch); !status.ok()) return status;
  wire::Reply reply = blocks.heartbeat(request, now);
  if (std::holds_alternative<wire::HeartbeatReply>(reply)) note_history(request.seen, now);
  return reply;
}

wire::Reply NameNode::State::answer(const wire::ReportDigests& request, Now now) {
  return blocks.report_digests(request, now);
}

wire::Reply NameNode::State::answer(const wire::ReportPiece& request, Now now) {
  return blocks.report_piece(request, now);
}

}  // namespace dfs::namenode
