// The one caller of the NameNode machine, made of many: a lock and not a thread.
//
// Handlers queue their parsed requests. The first one steps everything that is queued in one round:
// requests, flush, commit, replies; those that come meanwhile make up the next round, which one of
// them steps. So a commit's fsync is shared by all that wait, and nothing is parsed or serialised
// inside. Replies that nothing undurable depends on go out before the commit.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <vector>

#include "adapters/http/process.h"
#include "core/namenode/namenode.h"

namespace dfs::http {

class Strand {
 public:
  // Receives what became durable, in order, inside the strand: it only takes note.
  using ShipSink = std::function<void(const namenode::Ship&)>;
  using Work = std::function<void(namenode::NameNode&, Now, namenode::EffectList&)>;

  // `store` and `machine` belong to the strand from here on.
  Strand(namenode::Store& store, namenode::NameNode& machine, ShipSink ship);

  // Steps one request; returns when its reply may be sent.
  [[nodiscard]] wire::Reply call(const wire::Request& request);
  // Runs `work` on the machine as an input of its own, and returns when it has been run.
  void run(const Work& work);
  // Runs `work` when no transaction is open: at the end of a round.
  void run_between(const std::function<void()>& work);

  struct Counters {
    std::uint64_t rounds = 0;
    std::uint64_t inputs = 0;
    std::uint64_t commits = 0;
  };
  [[nodiscard]] Counters counters();

 private:
  // An input that waits, on the stack of its thread.
  struct Waiting {
    const wire::Request* request = nullptr;
    const Work* work = nullptr;
    const std::function<void()>* between = nullptr;
    wire::Reply reply;

    enum class State { kQueued, kLeads, kDone };
    State state = State::kQueued;
    std::mutex mutex;
    std::condition_variable changed;

    void set(State next);
    // Until the state is neither kQueued nor `passing`.
    State wait_while(State passing);
  };

  void submit(Waiting& waiting);
  // An exception in here would leave the machine halfway: it ends the process (law 9).
  void step(const std::vector<Waiting*>& round) noexcept;
  void carry_out(namenode::EffectList& effects);

  namenode::Store& store_;
  namenode::NameNode& machine_;
  const ShipSink ship_;
  const Clock clock_;

  std::mutex mutex_;  // of the two below
  std::vector<Waiting*> queue_;
  bool led_ = false;  // somebody steps, or has been told to

  // Touched by the leader only.
  std::map<namenode::RequestToken, Waiting*> unanswered_;
  std::vector<Waiting*> held_;  // replies that wait for this round's commit
  namenode::CommitToken committed_ = 0;
  namenode::RequestToken next_token_ = 1;
  Counters counters_;
};

}  // namespace dfs::http
