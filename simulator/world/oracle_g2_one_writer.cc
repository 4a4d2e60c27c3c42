// G2: only the current writer of a version changes it; a fenced or expired one changes nothing, and
// who renews a lease is told whether it is still that writer.
#include <algorithm>

#include "simulator/world/oracles.h"

namespace dfs::world {
namespace {

class OneWriter final : public Oracle {
 public:
  using Oracle::Oracle;

  void applying(const namenode::Command& command, const namenode::Outcome& outcome) override {
    const auto* request = std::get_if<namenode::RequestCommand>(&command.body);
    if (request == nullptr || outcome.replayed) return;
    if (const auto* allocate = std::get_if<wire::Allocate>(&request->body)) {
      check(allocate->inode, allocate->caller.client, outcome);
    } else if (const auto* complete = std::get_if<wire::Complete>(&request->body)) {
      check(complete->inode, complete->caller.client, outcome);
    } else if (const auto* create = std::get_if<wire::Create>(&request->body)) {
      const auto* created = std::get_if<wire::CreateReply>(&outcome.reply);
      if (created == nullptr) return;
      scene_.verdicts.expect(scene_.applied.writer(created->inode) == nullptr, "G2", [&] {
        return create->path + ": a second writer was let into version " +
               std::to_string(created->inode.value);
      });
    }
  }

  void answered(const wire::Request& request, const wire::Reply& reply, bool) override {
    const auto* renew = std::get_if<wire::RenewLease>(&request);
    const auto* renewed = std::get_if<wire::RenewLeaseReply>(&reply);
    if (renew == nullptr || renewed == nullptr) return;
    for (const InodeId version : renew->inodes) {
      const bool lost = std::ranges::find(renewed->lost, version) != renewed->lost.end();
      check_renewal(version, renew->client, lost);
    }
  }

 private:
  // Whose directory is gone learns it from the next request at the latest.
  void check_renewal(InodeId version, const std::string& client, bool lost) {
    const bool writes = scene_.applied.is_writer(version, client);
    const bool right = lost ? !writes : writes || scene_.applied.detached(version);
    scene_.verdicts.expect(right, "G2", [&] {
      return "who renews the lease of version " + std::to_string(version.value) + " is told that " +
             (lost ? "it is lost, and is its writer" : "it goes on, and is not its writer");
    });
  }

  void check(InodeId version, const std::string& client, const namenode::Outcome& outcome) {
    const Code code = code_of(outcome.reply);
    if (scene_.applied.is_writer(version, client)) {
      scene_.verdicts.expect(code != Code::kFenced, "G2", [&] {
        return "the writer of version " + std::to_string(version.value) + " was taken for fenced";
      });
      return;
    }
    scene_.verdicts.expect(code != Code::kOk && outcome.effects.committed.empty(), "G2", [&] {
      return "a writer whose lease of version " + std::to_string(version.value) +
             " is over was obeyed";
    });
  }
};

}  // namespace

std::unique_ptr<Oracle> make_g2(Scene& scene) { return std::make_unique<OneWriter>(scene); }

}  // namespace dfs::world
