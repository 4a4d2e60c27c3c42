// D2: what a released reply revealed survives; after a power loss a command is there wholly or not.
#include "simulator/world/oracles.h"

namespace dfs::world {
namespace {

class Metadata final : public Oracle {
 public:
  using Oracle::Oracle;

  void released(const wire::Request& /*request*/, const wire::Reply& /*reply*/,
                namenode::Position position) override {
    scene_.verdicts.expect(position <= scene_.durable.position(), "D2", [&] {
      return "a reply that may reveal command " + std::to_string(position) + " left while only " +
             std::to_string(scene_.durable.position()) + " commands were durable";
    });
    if (position > released_) released_ = position;
  }

  void namenode_starts(namenode::Store& store) override {
    if (scene_.restores != restores_) {  // an operator brought an older copy back
      restores_ = scene_.restores;
      released_ = 0;
    }
    const namenode::Position applied = store.meta().applied;
    scene_.verdicts.expect(applied >= released_, "D2", [&] {
      return "command " + std::to_string(released_) +
             " was revealed, but the NameNode came back at " + std::to_string(applied);
    });
  }

 private:
  namenode::Position released_ = 0;
  std::uint64_t restores_ = 0;
};

}  // namespace

std::unique_ptr<Oracle> make_d2(Scene& scene) { return std::make_unique<Metadata>(scene); }

}  // namespace dfs::world
