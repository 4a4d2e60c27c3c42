// N2: what was deleted stays deleted: neither its path nor its blocks come back, whatever nodes
// report.
#include "simulator/world/oracles.h"

namespace dfs::world {
namespace {

class Gone final : public Oracle {
 public:
  using Oracle::Oracle;

  void applying(const namenode::Command& command, const namenode::Outcome& outcome) override {
    for (const BlockId block : outcome.effects.forgotten) forgotten_[block] = outcome.position;
    const auto* request = std::get_if<namenode::RequestCommand>(&command.body);
    if (request == nullptr || outcome.replayed || std::holds_alternative<Status>(outcome.reply)) {
      return;
    }
    if (const auto* remove = std::get_if<wire::Remove>(&request->body))
      removed_.insert(remove->path);
    if (const auto* rename = std::get_if<wire::Rename>(&request->body))
      removed_.insert(rename->from);
  }

  void namenode_died() override { uncertain_ = true; }
  // Commands that were not durable, or that an older copy does not know, never happened: what they
  // forgot is there again.
  void namenode_starts(namenode::Store& store) override {
    orders_.clear();
    if (!uncertain_) return;
    uncertain_ = false;
    std::erase_if(forgotten_, [&](const auto& each) {
      return each.second > store.meta().applied || store.block(each.first).has_value();
    });
  }

  void answered(const wire::Request& request, const wire::Reply& reply, bool) override {
    if (const auto* stat = std::get_if<wire::Stat>(&request)) {
      check(stat->path, std::holds_alternative<wire::FileStatus>(reply));
    } else if (const auto* locate = std::get_if<wire::Locate>(&request)) {
      const auto* located = std::get_if<wire::LocateReply>(&reply);
      if (!locate->inode) check(locate->path, located != nullptr);
      if (located == nullptr) return;
      for (const wire::LocatedBlock& block : located->blocks) unforgotten(block.block.id, "shown");
    } else if (const auto* orders = std::get_if<wire::HeartbeatReply>(&reply)) {
      for (const wire::Order& order : orders->orders) {
        // A heartbeat that is sent again is answered as it was: only new orders tell anything.
        if (!orders_.insert(order.order).second) continue;
        if (order.kind == wire::OrderKind::kCopy || order.kind == wire::OrderKind::kRestore) {
          unforgotten(order.block.id, "ordered to be copied");
        }
      }
    }
  }

  void every_second() override {
    namenode::Store* store = scene_.namenode->store();
    if (store == nullptr) return;
    std::size_t looked = 0;
    for (auto it = forgotten_.rbegin(); it != forgotten_.rend() && looked < 20; ++it, ++looked) {
      const BlockId block = it->first;
      const bool back = store->block(block).has_value();
      scene_.verdicts.expect(!back, "N2", [&] {
        return "block " + std::to_string(block.value) + " is known again after it was forgotten";
      });
    }
  }

 private:
  void check(const std::string& path, bool seen) {
    if (!removed_.contains(path) || scene_.applied.find(path) != nullptr ||
        scene_.applied.writer_at(path) != nullptr) {
      return;
    }
    scene_.verdicts.expect(!seen, "N2", [&] { return path + " was deleted and is seen again"; });
  }

  void unforgotten(BlockId block, const char* what) {
    scene_.verdicts.expect(!forgotten_.contains(block), "N2", [&] {
      return "block " + std::to_string(block.value) + " is " + what + " after it was forgotten";
    });
  }

  std::set<std::string> removed_;
  std::map<BlockId, namenode::Position> forgotten_;  // by which command
  std::set<std::uint64_t> orders_;                   // seen of this NameNode's incarnation
  bool uncertain_ = false;
};

}  // namespace

std::unique_ptr<Oracle> make_n2(Scene& scene) { return std::make_unique<Gone>(scene); }

}  // namespace dfs::world
