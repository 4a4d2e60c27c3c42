// C3: at rest nobody is told to copy, to delete or to take back, or not again and again where only
// a DataNode that is ill could do it.
#include <algorithm>
#include <set>
#include <tuple>

#include "simulator/world/oracles.h"

namespace dfs::world {
namespace {

class Flapping final : public Oracle {
 public:
  using Oracle::Oracle;

  void at_rest() override {
    resting_ = true;
    orders_.clear();
  }
  void answered(const wire::Request& request, const wire::Reply& reply, bool) override {
    const auto* heartbeat = std::get_if<wire::HeartbeatReply>(&reply);
    if (!resting_ || heartbeat == nullptr) return;
    scene_.verdicts.checked("C3");
    for (const wire::Order& order : heartbeat->orders) {
      if (scene_.gone(order.block.id)) continue;  // tried again and again, in case it comes back
      const bool asks =
          order.kind == wire::OrderKind::kVerify || order.kind == wire::OrderKind::kConfirm;
      if (asks || retried(std::get<wire::Heartbeat>(request).mark.node, order)) continue;
      scene_.verdicts.violated(
          "C3", "block " + std::to_string(order.block.id.value) + " is ordered to " +
                    std::string(wire::to_string(order.kind)) + " although nothing happens");
    }
  }
  void after_rest() override { resting_ = false; }

 private:
  // What only those who are ill could do, or whom only they could give it to, is tried again, once
  // in a while. An excess copy goes when the others have answered for theirs, the ill ones late.
  [[nodiscard]] bool retried(NodeId node, const wire::Order& order) {
    if (scene_.ill.empty()) return false;
    const ModelBlockState* state = scene_.durable.block(order.block.id);
    const BlockTruth* truth = scene_.atlas.find(order.block.id);
    const std::set<sim::Address> good = truth == nullptr ? std::set<sim::Address>() : truth->good;
    const auto well = std::ranges::count_if(
        scene_.core(), [&good](const auto& each) { return good.contains(each.first); });
    const bool lacks = state != nullptr && state->referenced &&
                       static_cast<std::uint32_t>(well) < state->replication;
    const bool waited = order.kind == wire::OrderKind::kQuarantine &&
                        std::ranges::any_of(good, [this](const sim::Address address) {
                          return scene_.ill.contains(address);
                        });
    if (!lacks && !waited && !scene_.ill.contains(scene_.address_of(node))) return false;
    return orders_.insert({node, order.kind, order.block.id}).second;
  }

  bool resting_ = false;
  std::set<std::tuple<NodeId, wire::OrderKind, BlockId>> orders_;  // to or for want of the ill
};

}  // namespace

std::unique_ptr<Oracle> make_c3(Scene& scene) { return std::make_unique<Flapping>(scene); }

}  // namespace dfs::world
