#include "core/datanode/conversation.h"

#include <algorithm>

#include "core/base/mutant.h"

namespace dfs::datanode {
namespace {

constexpr Duration kFirstPause = milliseconds(100);
constexpr Duration kLongestPause = seconds(3);

}  // namespace

void Conversation::send(wire::Request request, Instant now, EffectList& effects) {
  DFS_ASSERT(free(now));
  request_ = std::move(request);
  sent_ = next_++;
  since_ = now;
  effects.push_back(SendToNameNode{sent_, *request_});
}

void Conversation::tick(Instant now, EffectList& effects) {
  if (!request_) return;
  if (sent_ != 0) {
    if (now - since_ > answer_timeout_) again(now);
    return;
  }
  if (now < pause_until_) return;
  sent_ = next_++;
  since_ = now;
  effects.push_back(SendToNameNode{sent_, *request_});
}

void Conversation::settle() {
  request_.reset();
  sent_ = 0;
  failures_ = 0;
}

void Conversation::again(Instant now) {
  sent_ = 0;
  pause_until_ = now + pause();
}

void Conversation::drop(Instant now) {
  request_.reset();
  again(now);
}

// Doubles up to a cap; half of it is drawn, so that DataNodes do not come back all at once.
Duration Conversation::pause() {
  const Duration cap =
      std::min(kFirstPause * (std::int64_t{1} << std::min(failures_, 10u)), kLongestPause);
  ++failures_;
  if (mutated(Mutant::kB3DataNodeRetriesAtOnce)) return {};
  const auto half = static_cast<std::uint64_t>(cap.us) / 2;
  return microseconds(static_cast<std::int64_t>(half + random_.below(half + 1)));
}

}  // namespace dfs::datanode
