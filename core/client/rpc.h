// One request to the NameNode, retried until it is answered or the limit runs out.
//
// Rotates through the NameNodes, backs off with jitter up to a cap, keeps the request id and tells
// its age, so that the NameNode executes it once. An answer that never came is a retry, not a
// failure, and so is kInternal to a mutating request: something broke that may have been
// executed. When the limit runs out on a mutating request that may have been sent, the result is
// kUnknownOutcome, and kTimedOut otherwise. The same where such an attempt is followed by a refusal
// that the NameNode keeps no record of, or where its maker gives up.
//
// Which answers are final: those that trying again cannot change, and those that only an operator
// changes (safe mode, a NameNode with an older history). A cluster that cannot store now is waited
// for up to not_ready_limit only, and not at all when the request names DataNodes to leave out:
// then its maker must choose again.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "core/base/random.h"
#include "core/base/time.h"
#include "core/wire/requests.h"

namespace dfs::client {

struct RetryOptions {
  Duration limit = seconds(120);  // for one request, all attempts together
  Duration attempt_timeout = seconds(15);
  Duration not_ready_limit = seconds(15);  // for "not enough DataNodes" and "no space"
  Duration first_backoff = milliseconds(50);
  Duration max_backoff = seconds(3);
  std::uint32_t namenodes = 1;
};

// How long to wait after `doublings` + 1 failures: it doubles up to the cap, and half of it is
// drawn, so that clients do not return in step.
[[nodiscard]] Duration backoff(const RetryOptions& options, std::uint32_t doublings, Random& draw);

// Send to NameNode number `namenode`; answer with answered() or failed().
struct SendRequest {
  std::uint64_t attempt = 0;
  std::uint32_t namenode = 0;
  wire::Request request;
  Duration timeout;
};
struct WakeAt {
  Instant at;
};
struct CallDone {
  wire::Reply reply;  // Status, or the request's Reply
};
using CallEffect = std::variant<SendRequest, WakeAt, CallDone>;
using CallEffects = std::vector<CallEffect>;

// Numbers a client process's mutating requests and knows which are settled.
class RequestNumbers {
 public:
  RequestNumbers(std::string client, std::string user);
  // The caller of a new mutating request.
  [[nodiscard]] wire::Caller begin();
  // It will not be sent again, however it ended.
  void settled(std::uint64_t request);
  [[nodiscard]] std::uint64_t settled_below() const;
  [[nodiscard]] const std::string& client() const;

 private:
  std::string client_;
  std::string user_;
  std::uint64_t next_ = 1;
  std::vector<std::uint64_t> open_;  // ascending
};

class Call {
 public:
  // `numbers` outlives the call.
  Call(wire::Request request, RequestNumbers& numbers, RetryOptions options, Random random);
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  void start(Instant now, CallEffects& effects);
  // Only the latest attempt's answer counts; late ones of attempts given up are ignored.
  void answered(std::uint64_t attempt, wire::Reply reply, Instant now, CallEffects& effects);
  // The attempt's connection failed or timed out. `sent`: whether the request may have arrived.
  void failed(std::uint64_t attempt, const Status& status, bool sent, Instant now,
              CallEffects& effects);
  // Due at WakeAt; harmless at other times.
  void wake(Instant now, CallEffects& effects);
  // Nobody waits any longer, because of `why`; no attempt is out, or it was told of as failed.
  void give_up(const Status& why, CallEffects& effects);

 private:
  void send(Instant now, CallEffects& effects);
  void retry(Instant now, CallEffects& effects);
  void finish(wire::Reply reply, CallEffects& effects);
  [[nodiscard]] Status gave_up() const;

  wire::Request request_;
  RequestNumbers& numbers_;
  RetryOptions options_;
  Random random_;
  wire::Caller* caller_ = nullptr;  // in request_, of a mutating one
  Instant started_;
  std::uint64_t attempt_ = 0;  // the latest
  bool waiting_ = false;       // for an answer to it
  Instant wake_at_ = kNever;
  std::uint32_t namenode_ = 0;
  std::uint32_t tried_in_round_ = 0;  // NameNodes since the last backoff
  std::uint32_t rounds_ = 0;
  bool maybe_executed_ = false;  // an unanswered attempt may have arrived
  Status last_;
  bool last_was_answer_ = false;
  bool done_ = false;
};

}  // namespace dfs::client
