#include "adapters/sim/namenode_node.h"

#include "adapters/sim/shipping.h"
#include "core/base/assert.h"

namespace dfs::sim {

NameNodeNode::NameNodeNode(EventQueue& queue, Network& network, Address address, ClockSkew skew,
                           namenode::Config config, NameNodeTimes times, StoreHost& host,
                           Random random, NameNodeObserver& observer)
    : Process(queue, address, skew),
      network_(network),
      config_(std::move(config)),
      times_(times),
      host_(host),
      random_(random),
      observer_(observer) {}

NameNodeNode::~NameNodeNode() = default;

void NameNodeNode::guard(const std::function<void()>& action) {
  try {
    action();
  } catch (const StoreDied& reason) {
    committing_ = false;  // whatever it was doing, it does no more
    die(false, 0);
    observer_.gave_up(reason.line);
  }
}

void NameNodeNode::start() {
  begin();
  network_.came_back(address());
  guard([this] { open(); });
}

void NameNodeNode::open() {
  store_ = host_.open();
  observer_.starts(*store_);
  machine_ = std::make_unique<namenode::NameNode>(config_, *store_, random_.fork(incarnation()));
  machine_->observe(&observer_);
  step([this](namenode::EffectList& effects) {
    machine_->start(now(), effects);
    machine_->flush(effects);
  });
  schedule_tick();
  if (shipping_ != nullptr) shipping_->starts();
}

void NameNodeNode::die(bool power, std::uint64_t commit_steps) {
  if (!up()) return;
  end();
  if (shipping_ != nullptr) shipping_->dies();
  if (committing_) host_.die_in_commit(*store_, commit_steps);
  host_.kill();
  machine_.reset();
  store_.reset();
  if (power) host_.power_loss(random_.fork("power").fork(incarnation()));
  arrived_.clear();
  inputs_.clear();
  unanswered_.clear();
  held_.clear();
  round_scheduled_ = tick_due_ = committing_ = false;
  network_.died(address(), power);
  observer_.died();
}

void NameNodeNode::on_message(ConnectionId connection, Message&& message) {
  auto* call = std::get_if<CallMessage>(&message);
  if (call == nullptr) {
    if (shipping_ != nullptr && shipping_->answered(connection, message)) return;
    network_.abort(connection, address());
    return;
  }
  arrived_.push_back({connection, std::move(call->request)});
  schedule_round();
}

// A caller that went away changes nothing: its request is carried out, the reply leads nowhere.
void NameNodeNode::on_broken(ConnectionId connection, const Status& /*status*/, bool /*sent*/) {
  if (shipping_ != nullptr) shipping_->broken(connection);
}

void NameNodeNode::in_next_round(
    std::function<void(namenode::NameNode&, namenode::EffectList&)> input) {
  inputs_.push_back(std::move(input));
  schedule_round();
}

void NameNodeNode::schedule_tick() {
  after(times_.tick, [this] {
    tick_due_ = true;
    schedule_round();
    schedule_tick();
  });
}

void NameNodeNode::schedule_round() {
  if (round_scheduled_ || committing_) return;
  round_scheduled_ = true;
  after(times_.round, [this] { guard([this] { round(); }); });
}

void NameNodeNode::step(const std::function<void(namenode::EffectList&)>& input) {
  const std::uint64_t before = store_->rows_touched();
  namenode::EffectList effects;
  input(effects);
  observer_.stepped(store_->rows_touched() - before);
  carry_out(std::move(effects));
}

void NameNodeNode::round() {
  round_scheduled_ = false;
  std::vector<Waiting> requests = std::move(arrived_);
  arrived_.clear();
  for (Waiting& waiting : requests) {
    const namenode::RequestToken token = next_token_++;
    Waiting& kept = unanswered_[token] = std::move(waiting);
    observer_.asked(kept.request);
    step([&](namenode::EffectList& effects) {
      machine_->request(token, kept.request, now(), effects);
    });
  }
  for (const auto& input : std::exchange(inputs_, {})) {
    step([&](namenode::EffectList& effects) { input(*machine_, effects); });
  }
  if (tick_due_) {
    tick_due_ = false;
    machine_->set_disk_low(host_.disk_low());
    step([this](namenode::EffectList& effects) { machine_->tick(now(), effects); });
  }
  namenode::EffectList effects;
  machine_->flush(effects);
  carry_out(std::move(effects));
}

Duration NameNodeNode::commit_time() {
  if (!times_.spread) return times_.commit;
  Random draw = random_.fork("commit").fork(incarnation()).fork(commits_++);
  const auto typical = static_cast<std::uint64_t>(times_.commit.us);
  std::uint64_t us = typical / 2 + draw.below(typical);
  if (draw.chance(1, 50)) us += draw.below(typical * 100);
  return microseconds(static_cast<std::int64_t>(us));
}

void NameNodeNode::carry_out(namenode::EffectList effects) {
  for (namenode::Effect& effect : effects) {
    if (auto* reply = std::get_if<namenode::SendReply>(&effect)) {
      const auto found = unanswered_.find(reply->to);
      DFS_ASSERT(found != unanswered_.end());
      HeldReply held{found->second.connection, std::move(found->second.request),
                     std::move(reply->reply)};
      unanswered_.erase(found);
      held.mark = observer_.answered(held.request, held.reply, reply->after);
      if (reply->after == 0) {
        release(std::move(held));
      } else {
        held_[reply->after].push_back(std::move(held));
      }
    } else if (const auto* commit = std::get_if<namenode::Commit>(&effect)) {
      committing_ = true;
      if (struck_at(Work::kCommit)) return;
      after(commit_time(), [this, token = commit->token] { guard([&] { finish_commit(token); }); });
    } else if (const auto* batch = std::get_if<namenode::Ship>(&effect)) {
      if (shipping_ != nullptr) shipping_->durable(*batch);
    }
  }
}

void NameNodeNode::finish_commit(namenode::CommitToken token) {
  store_->commit();
  committing_ = false;
  if (struck_at(Work::kCommitted)) return;
  observer_.committed(token);
  namenode::EffectList effects;
  machine_->committed(token, effects);
  const auto found = held_.find(token);
  if (found != held_.end()) {
    std::vector<HeldReply> replies = std::move(found->second);
    held_.erase(found);
    for (HeldReply& held : replies) release(std::move(held));
  }
  carry_out(std::move(effects));
  if (!arrived_.empty() || !inputs_.empty() || tick_due_) schedule_round();
}

void NameNodeNode::release(HeldReply held) {
  observer_.released(held.request, held.reply, held.mark);
  network_.send(held.connection, address(), CallAnswer{std::move(held.reply)});
}

}  // namespace dfs::sim
