// G1: replicas of one block that say they are the same are the same, and ids are never used twice.
#include "simulator/world/oracles.h"

namespace dfs::world {
namespace {

class Immutable final : public Oracle {
 public:
  using Oracle::Oracle;

  void published(Address node, BlockId /*block*/, const std::string& wrong) override {
    scene_.verdicts.expect(wrong.empty(), "G1",
                           [&] { return wrong + " (node " + std::to_string(node) + ")"; });
  }

  void namenode_starts(namenode::Store& store) override {
    if (raised_ > store.meta().applied)
      raised_ = 0;  // it was not durable, or belongs to no history
  }
  void applying(const namenode::Command& command, const namenode::Outcome& outcome) override {
    if (std::holds_alternative<namenode::RaiseEpochCommand>(command.body) &&
        !std::holds_alternative<Status>(outcome.reply)) {
      raised_ = outcome.position;
      raised_after_ = scene_.restores;
    }
    const auto* request = std::get_if<namenode::RequestCommand>(&command.body);
    if (request == nullptr || outcome.replayed) return;
    std::visit(
        [&](const auto& body) {
          executed_[{body.caller.client, body.caller.request}] = outcome.position;
        },
        request->body);
  }

  // Ids that a client has heard of are not given out again, whatever happened to the NameNode;
  // except those of a history that an operator gave up by putting back an older copy, while no
  // DataNode that has seen more has spoken (D5): nobody can know of them then. Once the epoch is
  // raised all are new.
  void released(const wire::Request& request, const wire::Reply& reply,
                namenode::Position /*position*/) override {
    if (const auto* created = std::get_if<wire::CreateReply>(&reply)) {
      const auto& caller = std::get<wire::Create>(request).caller;
      taken(inodes_, created->inode.value, caller, "inode");
      for (const wire::AllocatedBlock& block : created->blocks) {
        taken(blocks_, block.block.value, caller, "block");
      }
    } else if (const auto* allocated = std::get_if<wire::AllocateReply>(&reply)) {
      const auto& caller = std::get<wire::Allocate>(request).caller;
      for (const wire::AllocatedBlock& block : allocated->blocks) {
        taken(blocks_, block.block.value, caller, "block");
      }
    }
  }

 private:
  // Which request of which client was given the id, and when; a retry is given the same again.
  struct Grant {
    std::string client;
    std::uint64_t request = 0;
    namenode::Position position = 0;
    std::uint64_t restores = 0;
  };
  using Given = std::map<std::uint64_t, Grant>;

  // A retry that is answered from its record was given what the first command took.
  void taken(Given& given, std::uint64_t id, const wire::Caller& caller, const char* what) {
    const namenode::Position position = executed_.at({caller.client, caller.request});
    const Grant grant{caller.client, caller.request, position, scene_.restores};
    const auto [at, fresh] = given.insert({id, grant});
    Grant& first = at->second;
    const bool again = first.client == grant.client && first.request == grant.request;
    const bool lost = was_lost(first, position);
    scene_.verdicts.expect(fresh || again || lost, "G1", [&] {
      return std::string(what) + " id " + std::to_string(id) + " is given out a second time";
    });
    if (lost) first = grant;
  }

  // The grant is of a history that was given up, and the epoch was not raised since.
  [[nodiscard]] bool was_lost(const Grant& grant, namenode::Position now) const {
    for (std::uint64_t restore = grant.restores; restore < scene_.restores; ++restore) {
      if (grant.position <= scene_.restored_to[restore]) continue;
      return raised_ == 0 || raised_after_ <= restore || now < raised_;
    }
    return false;
  }

  std::map<std::pair<std::string, std::uint64_t>, namenode::Position> executed_;  // requests
  namenode::Position raised_ = 0;   // when the epoch was raised last
  std::uint64_t raised_after_ = 0;  // how many restores
  Given inodes_;
  Given blocks_;
};

}  // namespace

std::unique_ptr<Oracle> make_g1(Scene& scene) { return std::make_unique<Immutable>(scene); }

}  // namespace dfs::world
