// D5: after a start nothing is deleted or repaired on the word of a node that has not reported in
// full, and a NameNode with an older history than a DataNode has seen deletes and allocates
// nothing.
#include <algorithm>

#include "simulator/world/oracles.h"
#include "simulator/world/orders.h"

namespace dfs::world {
namespace {

class Trust final : public Oracle {
 public:
  using Oracle::Oracle;

  void namenode_starts(namenode::Store& /*store*/) override {
    reports_.namenode_starts();
    newest_ = {};
  }
  void applying(const namenode::Command& command, const namenode::Outcome& outcome) override {
    if (std::holds_alternative<namenode::RaiseEpochCommand>(command.body) &&
        !std::holds_alternative<Status>(outcome.reply)) {
      newest_ = {};  // the operator took this history for the true one
    }
  }
  void answered(const wire::Request& request, const wire::Reply& reply, bool command) override {
    // Only what is accepted counts: a heartbeat of an earlier session does not even say of which
    // cluster it is.
    const auto* registration = std::get_if<wire::Register>(&request);
    if (registration != nullptr && std::holds_alternative<wire::RegisterReply>(reply)) {
      learn(registration->seen);
    }
    if (const auto* heartbeat = std::get_if<wire::Heartbeat>(&request)) {
      if (const auto* answer = std::get_if<wire::HeartbeatReply>(&reply)) {
        learn(heartbeat->seen);
        for (const wire::Order& order : answer->orders) {
          if (order.kind == wire::OrderKind::kCopy) check_copy(order);
        }
      }
    }
    for (const Deletion& deletion : deletions_.in(request, reply)) check_deletion(deletion.node);
    // A retry that is answered from its record allocates nothing.
    const auto* created = std::get_if<wire::CreateReply>(&reply);
    if (created != nullptr && command) allocated(created->blocks);
    const auto* more = std::get_if<wire::AllocateReply>(&reply);
    if (more != nullptr && command) allocated(more->blocks);
    reports_.answered(request, reply);
  }

 private:
  void learn(const wire::HistoryMark& seen) { newest_ = std::max(newest_, seen); }
  [[nodiscard]] bool behind() const {
    return newest_.applied > scene_.applied.position() && newest_.epoch >= scene_.applied.epoch();
  }

  void check_deletion(NodeId node) {
    scene_.verdicts.expect(!behind(), "D5", [&] {
      return "a NameNode at command " + std::to_string(scene_.applied.position()) +
             " orders a deletion although a DataNode has seen " + std::to_string(newest_.applied);
    });
    scene_.verdicts.expect(reports_.reported(node), "D5", [&] {
      return "node " + std::to_string(scene_.address_of(node)) +
             " is to delete before it has reported in full";
    });
  }

  // A copy only reads: a source that registered again after the order was given does no harm.
  void check_copy(const wire::Order& order) {
    const bool informed = std::any_of(
        order.sources.begin(), order.sources.end(),
        [&](const wire::NodeAddress& source) { return reports_.ever_reported(source.node); });
    scene_.verdicts.expect(informed, "D5", [&] {
      return "block " + std::to_string(order.block.id.value) +
             " is to be copied on the word of nodes that have not reported";
    });
  }

  void allocated(const std::vector<wire::AllocatedBlock>& blocks) {
    if (blocks.empty()) return;
    scene_.verdicts.expect(!behind(), "D5", [&] {
      return "a NameNode at command " + std::to_string(scene_.applied.position()) +
             " allocates although a DataNode has seen " + std::to_string(newest_.applied);
    });
  }

  Reports reports_;
  Deletions deletions_;
  wire::HistoryMark newest_;
};

}  // namespace

std::unique_ptr<Oracle> make_d5(Scene& scene) { return std::make_unique<Trust>(scene); }

}  // namespace dfs::world
