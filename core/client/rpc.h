// One request to the NameNode, retried until it is answered or the limit runs out.
//
// Rotates through the NameNodes, backs off with jitter up to a cap, keeps the request id and tells
// its age, so that the NameNode executes it once. An answer that never came is a retry, not a
// failure; when the limit runs out on a mutating request that may have been sent, the result is
// kUnknownOutcome, and kTimedOut otherwise.
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
  Duration limit = seconds(120);         // for one request, all attempts together
  Duration attempt_timeout = seconds(15);
  Duration first_backoff = milliseconds(50);
  Duration max_backoff = seconds(3);
  std::uint32_t namenodes = 1;
};

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
  // Fills in the caller of a new mutating request.
  [[nodiscard]] wire::Caller begin();
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

  void start(Instant now, CallEffects& effects);
  void answered(std::uint64_t attempt, wire::Reply reply, Instant now, CallEffects& effects);
  // The attempt's connection failed or timed out. `sent`: whether the request may have arrived.
  void failed(std::uint64_t attempt, const Status& status, bool sent, Instant now,
              CallEffects& effects);
  void wake(Instant now, CallEffects& effects);

 private:
  // Filled in by the implementation.
};

}  // namespace dfs::client
