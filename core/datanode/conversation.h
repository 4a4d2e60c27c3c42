// One message to the NameNode at a time, sent again, the same, until it is answered.
#pragma once

#include <optional>

#include "core/datanode/datanode.h"

namespace dfs::datanode {

class Conversation {
 public:
  Conversation(Duration answer_timeout, Random random)
      : answer_timeout_(answer_timeout), random_(random) {}

  // Nothing is out and no pause is being kept.
  [[nodiscard]] bool free(Instant now) const { return !request_ && now >= pause_until_; }
  // Precondition: free().
  void send(wire::Request request, Instant now, EffectList& effects);
  // Gives up waiting for answers that are late, sends again what is due.
  void tick(Instant now, EffectList& effects);

  // True if that message is the one that is out; otherwise it is too late for it.
  [[nodiscard]] bool awaits(std::uint64_t message) const { return request_ && sent_ == message; }
  [[nodiscard]] const wire::Request& request() const { return *request_; }
  // It was answered for good.
  void settle();
  // It was not answered, or the answer was "later": again after a pause that grows.
  void again(Instant now);
  // It will not be sent again; the next one only after a pause.
  void drop(Instant now);

 private:
  [[nodiscard]] Duration pause();

  Duration answer_timeout_;
  Random random_;
  std::optional<wire::Request> request_;
  std::uint64_t sent_ = 0;  // the number of the latest sending; 0 while it waits to be sent again
  std::uint64_t next_ = 1;
  Instant since_;
  Instant pause_until_;
  std::uint32_t failures_ = 0;
};

}  // namespace dfs::datanode
