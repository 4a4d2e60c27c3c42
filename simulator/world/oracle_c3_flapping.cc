// C3: at rest nobody is told to copy, to delete or to take back.
#include "simulator/world/oracles.h"

namespace dfs::world {
namespace {

class Flapping final : public Oracle {
 public:
  using Oracle::Oracle;

  void at_rest() override { resting_ = true; }
  void answered(const wire::Request& /*request*/, const wire::Reply& reply, bool) override {
    const auto* heartbeat = std::get_if<wire::HeartbeatReply>(&reply);
    if (!resting_ || heartbeat == nullptr) return;
    scene_.verdicts.checked("C3");
    for (const wire::Order& order : heartbeat->orders) {
      if (scene_.gone(order.block.id)) continue;  // tried again and again, in case it comes back
      const bool asks =
          order.kind == wire::OrderKind::kVerify || order.kind == wire::OrderKind::kConfirm;
      if (asks) continue;
      scene_.verdicts.violated(
          "C3", "block " + std::to_string(order.block.id.value) + " is ordered to " +
                    std::string(wire::to_string(order.kind)) + " although nothing happens");
    }
  }
  void after_rest() override { resting_ = false; }

 private:
  bool resting_ = false;
};

}  // namespace

std::unique_ptr<Oracle> make_c3(Scene& scene) { return std::make_unique<Flapping>(scene); }

}  // namespace dfs::world
