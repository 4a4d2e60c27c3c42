// The NameNode's dispatch: each request to the part that answers it, each round to its commit.
#include "core/namenode/namenode.h"

#include <utility>

#include "core/base/mutant.h"
#include "core/namenode/state.h"

namespace dfs::namenode {

NameNode::NameNode(Config config, Store& store, Random seed)
    : state_(std::make_unique<State>(std::move(config), store, seed)) {}
NameNode::~NameNode() = default;

void NameNode::start(Now now, EffectList& /*effects*/) { state_->start(now); }

void NameNode::request(RequestToken token, const wire::Request& request, Now now,
                       EffectList& effects) {
  state_->step(now);
  wire::Reply reply =
      std::visit([&](const auto& body) { return state_->answer(body, now); }, request);
  effects.push_back(SendReply{token, std::move(reply), state_->must_wait_for()});
}

void NameNode::tick(Now now, EffectList& /*effects*/) {
  state_->step(now);
  state_->background(now);
}

void NameNode::newer_history(std::uint64_t epoch, Now now) {
  state_->step(now);
  state_->fall_behind(epoch, now);
}

void NameNode::flush(EffectList& effects) { state_->flush(effects); }
void NameNode::committed(CommitToken token, EffectList& effects) {
  state_->committed(token, effects);
}

bool NameNode::accepts_writes(std::string* why_not) const {
  const Status status = state_->refusal_of_writes();
  if (!status.ok() && why_not != nullptr) *why_not = status.message();
  return status.ok();
}

void NameNode::set_disk_low(bool low) {
  state_->disk_low = low || (state_->disk_low && mutated(Mutant::kA1RefuseAfterFullDisk));
}
void NameNode::observe(CommandObserver* observer) { state_->observer = observer; }

}  // namespace dfs::namenode
