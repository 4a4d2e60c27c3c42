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

  // Ids that a client has heard of are not given out again, whatever happened to the NameNode.
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
  // Which request of which client was given the id; a retry is given the same again.
  using Given = std::map<std::uint64_t, std::pair<std::string, std::uint64_t>>;

  void taken(Given& given, std::uint64_t id, const wire::Caller& caller, const char* what) {
    const auto [first, fresh] = given.insert({id, {caller.client, caller.request}});
    scene_.verdicts.expect(
        fresh || first->second == std::pair(caller.client, caller.request), "G1", [&] {
          return std::string(what) + " id " + std::to_string(id) + " is given out a second time";
        });
  }

  Given inodes_;
  Given blocks_;
};

}  // namespace

std::unique_ptr<Oracle> make_g1(Scene& scene) { return std::make_unique<Immutable>(scene); }

}  // namespace dfs::world
