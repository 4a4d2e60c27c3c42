#include "core/client/rpc.h"

#include <algorithm>

#include "core/base/mutant.h"

namespace dfs::client {
namespace {

// The caller inside a mutating request; null in others.
wire::Caller* caller_of(wire::Request& request) {
  return std::visit(
      [](auto& message) -> wire::Caller* {
        if constexpr (requires { message.caller; }) {
          return &message.caller;
        } else {
          return nullptr;
        }
      },
      request);
}

bool names_exclusions(const wire::Request& request) {
  return std::visit(
      [](const auto& message) {
        if constexpr (requires { message.exclude; }) {
          return !message.exclude.empty();
        } else {
          return false;
        }
      },
      request);
}

// Refusals that the NameNode keeps no record of, so that an attempt which arrives later executes.
bool is_recorded(Code code) {
  return code != Code::kSafeMode && code != Code::kReadOnly && code != Code::kNoSpace &&
         code != Code::kNotEnoughDataNodes;
}

std::string whole_seconds(Duration duration) {
  return std::to_string((duration.us + 999999) / 1000000) + " s";
}

}  // namespace

RequestNumbers::RequestNumbers(std::string client, std::string user)
    : client_(std::move(client)), user_(std::move(user)) {}

wire::Caller RequestNumbers::begin() {
  const std::uint64_t number = next_++;
  open_.push_back(number);
  return {client_, number, settled_below(), 0, user_};
}

void RequestNumbers::settled(std::uint64_t request) {
  const auto found = std::ranges::lower_bound(open_, request);
  if (found != open_.end() && *found == request) open_.erase(found);
}

std::uint64_t RequestNumbers::settled_below() const {
  return open_.empty() ? next_ : open_.front();
}

const std::string& RequestNumbers::client() const { return client_; }

Call::Call(wire::Request request, RequestNumbers& numbers, RetryOptions options, Random random)
    : request_(std::move(request)), numbers_(numbers), options_(options), random_(random) {
  options_.namenodes = std::max(options_.namenodes, 1u);
  caller_ = caller_of(request_);
  if (caller_ != nullptr) *caller_ = numbers_.begin();
}

void Call::start(Instant now, CallEffects& effects) {
  started_ = now;
  send(now, effects);
}

void Call::send(Instant now, CallEffects& effects) {
  wake_at_ = kNever;
  waiting_ = true;
  ++tried_in_round_;
  if (caller_ != nullptr) {
    caller_->age_ms = static_cast<std::uint64_t>((now - started_).us / 1000);
    caller_->settled_below = numbers_.settled_below();
  }
  const Duration left = started_ + options_.limit - now;
  const Duration timeout = std::max(std::min(options_.attempt_timeout, left), milliseconds(1));
  effects.push_back(SendRequest{++attempt_, namenode_, request_, timeout});
}

void Call::answered(std::uint64_t attempt, wire::Reply reply, Instant now, CallEffects& effects) {
  if (done_ || !waiting_ || attempt != attempt_) return;
  waiting_ = false;
  const Status* status = std::get_if<Status>(&reply);
  if (status == nullptr) return finish(std::move(reply), effects);
  last_ = *status;
  last_was_answer_ = true;
  switch (status->code()) {
    case Code::kNotEnoughDataNodes:
    case Code::kNoSpace:
      if (names_exclusions(request_) || now - started_ >= options_.not_ready_limit) break;
      return retry(now, effects);
    case Code::kUnavailable:
    case Code::kTimedOut:
    case Code::kIo:
      return retry(now, effects);
    case Code::kInternal:
      if (caller_ == nullptr) break;
      maybe_executed_ = true;  // if it was, the record of it is what comes next
      return retry(now, effects);
    default:
      break;
  }
  // With exclusions its maker chooses again; one that arrives late brings blocks that nobody uses.
  if (caller_ != nullptr && maybe_executed_ && !is_recorded(status->code()) &&
      !names_exclusions(request_)) {
    return finish(Status(Code::kUnknownOutcome,
                         "it may or may not be done: an attempt before had no answer (" +
                             last_.message() + ")"),
                  effects);
  }
  finish(std::move(reply), effects);
}

void Call::failed(std::uint64_t attempt, const Status& status, bool sent, Instant now,
                  CallEffects& effects) {
  if (done_ || !waiting_ || attempt != attempt_) return;
  waiting_ = false;
  maybe_executed_ = maybe_executed_ || sent;
  last_ = status;
  last_was_answer_ = false;
  retry(now, effects);
}

// To the next NameNode at once; after a round of all of them, later.
void Call::retry(Instant now, CallEffects& effects) {
  const Instant limit = started_ + options_.limit;
  if (now >= limit) return finish(gave_up(), effects);
  namenode_ = (namenode_ + 1) % options_.namenodes;
  if (tried_in_round_ < options_.namenodes || mutated(Mutant::kB3RetryAtOnce)) {
    return send(now, effects);
  }
  tried_in_round_ = 0;
  wake_at_ = std::min(now + backoff(options_, rounds_++, random_), limit);
  effects.push_back(WakeAt{wake_at_});
}

Duration backoff(const RetryOptions& options, std::uint32_t doublings, Random& draw) {
  constexpr std::uint32_t kMaxDoublings = 20;
  const std::int64_t factor = std::int64_t{1} << std::min(doublings, kMaxDoublings);
  const std::int64_t first = std::max<std::int64_t>(options.first_backoff.us, 1);
  const std::int64_t cap = std::max(options.max_backoff.us, first);
  const std::int64_t full = first > cap / factor ? cap : first * factor;
  const std::int64_t half = full / 2;
  return {full - static_cast<std::int64_t>(draw.below(static_cast<std::uint64_t>(half) + 1))};
}

void Call::wake(Instant now, CallEffects& effects) {
  if (done_ || waiting_ || now < wake_at_) return;
  if (now >= started_ + options_.limit) return finish(gave_up(), effects);
  send(now, effects);
}

void Call::give_up(const Status& why, CallEffects& effects) {
  if (done_) return;
  if (caller_ == nullptr || !maybe_executed_) return finish(why, effects);
  finish(Status(Code::kUnknownOutcome, why.message() + "; it may or may not have been done"),
         effects);
}

Status Call::gave_up() const {
  const std::string within = " within " + whole_seconds(options_.limit);
  if (caller_ != nullptr && maybe_executed_) {
    return {Code::kUnknownOutcome, "no answer from the NameNode" + within +
                                       "; it may or may not have been done (" + last_.message() +
                                       ")"};
  }
  if (last_was_answer_) return last_;
  return {Code::kTimedOut, "no answer from the NameNode" + within + " (" + last_.message() + ")"};
}

void Call::finish(wire::Reply reply, CallEffects& effects) {
  done_ = true;
  if (caller_ != nullptr) numbers_.settled(caller_->request);
  effects.push_back(CallDone{std::move(reply)});
}

}  // namespace dfs::client
