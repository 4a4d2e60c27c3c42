// S1: no write is accepted before min(2, r) DataNodes are there; safe mode by hand accepts no
// mutation and ends only on request.
#include <algorithm>

#include "simulator/world/oracles.h"
#include "simulator/world/orders.h"

namespace dfs::world {
namespace {

class Start final : public Oracle {
 public:
  using Oracle::Oracle;

  void namenode_starts(namenode::Store& store) override {
    reports_.namenode_starts();
    const bool applied = store.meta().safe_mode;
    if (store.meta().applied == 0) return;
    scene_.verdicts.expect(applied == scene_.applied.safe_mode(), "S1",
                           [] { return std::string("safe mode did not survive a restart"); });
  }

  void applying(const namenode::Command& command, const namenode::Outcome& outcome) override {
    if (!std::holds_alternative<namenode::RequestCommand>(command.body)) return;
    if (!scene_.namenode->up()) return;  // a rescue, which rebuilds files for an operator
    if (outcome.replayed || std::holds_alternative<Status>(outcome.reply)) return;
    scene_.verdicts.expect(!scene_.applied.safe_mode(), "S1",
                           [] { return std::string("safe mode let a mutation through"); });
  }

  void answered(const wire::Request& request, const wire::Reply& reply, bool command) override {
    reports_.answered(request, reply);
    if (!command) return;
    if (const auto* created = std::get_if<wire::CreateReply>(&reply)) {
      check(created->replication, created->blocks);
    } else if (const auto* allocated = std::get_if<wire::AllocateReply>(&reply)) {
      const ModelWriter* writer = scene_.applied.writer(std::get<wire::Allocate>(request).inode);
      if (writer != nullptr) check(writer->replication, allocated->blocks);
    }
  }

 private:
  void check(std::uint32_t replication, const std::vector<wire::AllocatedBlock>& blocks) {
    if (blocks.empty()) return;
    std::set<std::string> hosts;
    for (const auto& [node, host] : reports_.registered()) hosts.insert(host);
    const std::size_t needed = std::min<std::size_t>(2, replication);
    scene_.verdicts.expect(hosts.size() >= needed, "S1", [&] {
      return "a write was accepted with DataNodes on " + std::to_string(hosts.size()) + " hosts";
    });
    for (const wire::AllocatedBlock& block : blocks) {
      scene_.verdicts.expect(block.targets.size() >= needed, "S1", [&] {
        return "block " + std::to_string(block.block.value) + " was given " +
               std::to_string(block.targets.size()) + " targets";
      });
    }
  }

  Reports reports_;
};

}  // namespace

std::unique_ptr<Oracle> make_s1(Scene& scene) { return std::make_unique<Start>(scene); }

}  // namespace dfs::world
