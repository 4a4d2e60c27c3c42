#include "adapters/http/strand.h"

#include <utility>

namespace dfs::http {

void Strand::Waiting::set(State next) {
  // Notified under the lock: the waiting thread's stack is gone right after it has seen kDone.
  const std::lock_guard lock(mutex);
  state = next;
  changed.notify_one();
}

Strand::Waiting::State Strand::Waiting::wait_while(State passing) {
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return state != State::kQueued && state != passing; });
  return state;
}

Strand::Strand(namenode::Store& store, namenode::NameNode& machine, ShipSink ship)
    : store_(store), machine_(machine), ship_(std::move(ship)) {}

wire::Reply Strand::call(const wire::Request& request) {
  Waiting waiting;
  waiting.request = &request;
  submit(waiting);
  return std::move(waiting.reply);
}

void Strand::run(const Work& work) {
  Waiting waiting;
  waiting.work = &work;
  submit(waiting);
}

void Strand::run_between(const std::function<void()>& work) {
  Waiting waiting;
  waiting.between = &work;
  submit(waiting);
}

Strand::Counters Strand::counters() {
  Counters counters;
  run([&](namenode::NameNode&, Now, namenode::EffectList&) { counters = counters_; });
  return counters;
}

void Strand::submit(Waiting& waiting) {
  bool leads = false;
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(&waiting);
    leads = !std::exchange(led_, true);
  }
  if (leads) {
    waiting.set(Waiting::State::kLeads);
  } else if (waiting.wait_while(Waiting::State::kQueued) == Waiting::State::kDone) {
    return;
  }
  // Its own input is among the queued ones, so one round is enough; the next is another's to step.
  std::vector<Waiting*> round;
  {
    const std::lock_guard lock(mutex_);
    round.swap(queue_);
  }
  step(round);
  Waiting* next = nullptr;
  {
    const std::lock_guard lock(mutex_);
    led_ = !queue_.empty();
    if (led_) next = queue_.front();
  }
  if (next != nullptr) next->set(Waiting::State::kLeads);
  waiting.wait_while(Waiting::State::kLeads);
}

void Strand::step(const std::vector<Waiting*>& round) noexcept {
  namenode::EffectList effects;
  std::vector<Waiting*> works;
  ++counters_.rounds;
  counters_.inputs += round.size();
  for (Waiting* waiting : round) {
    if (waiting->request != nullptr) {
      unanswered_[next_token_] = waiting;
      machine_.request(next_token_++, *waiting->request, clock_.now(), effects);
    } else {
      if (waiting->work != nullptr) (*waiting->work)(machine_, clock_.now(), effects);
      works.push_back(waiting);
    }
  }
  machine_.flush(effects);
  carry_out(effects);
  for (Waiting* waiting : works) {
    if (waiting->between != nullptr) (*waiting->between)();
  }
  // Those of `round` that were answered are gone by now.
  for (Waiting* waiting : works) waiting->set(Waiting::State::kDone);
}

void Strand::carry_out(namenode::EffectList& effects) {
  // committed() adds effects while they are carried out.
  for (std::size_t i = 0; i < effects.size(); ++i) {
    namenode::Effect effect = std::move(effects[i]);
    if (auto* send = std::get_if<namenode::SendReply>(&effect)) {
      const auto found = unanswered_.find(send->to);
      DFS_ASSERT(found != unanswered_.end());
      Waiting* waiting = found->second;
      unanswered_.erase(found);
      waiting->reply = std::move(send->reply);
      if (send->after <= committed_) {
        waiting->set(Waiting::State::kDone);
      } else {
        held_.push_back(waiting);
      }
    } else if (const auto* commit = std::get_if<namenode::Commit>(&effect)) {
      const namenode::CommitToken token = commit->token;
      store_.commit();
      committed_ = token;
      ++counters_.commits;
      machine_.committed(token, effects);
      for (Waiting* waiting : std::exchange(held_, {})) waiting->set(Waiting::State::kDone);
    } else {
      ship_(std::get<namenode::Ship>(effect));
    }
  }
  DFS_ASSERT(held_.empty());
}

}  // namespace dfs::http
