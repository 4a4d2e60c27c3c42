// Rare things that can be seen from outside: commands of the NameNode's own, refusals, replicas
// that leave quarantine or come back from it. Counted as probes, judged by nobody.
#include <algorithm>

#include "simulator/world/oracles.h"

namespace dfs::world {
namespace {

// The probe of an answer with this code, "" for those that are not rare.
std::string_view probe_of(Code code) {
  switch (code) {
    case Code::kReplaced:
      return "read answered Replaced";
    case Code::kUnknownOutcome:
      return "outcome unknown answered";
    case Code::kSafeMode:
      return "mutation refused in safe mode";
    case Code::kReadOnly:
      return "mutation refused by an older history";
    case Code::kNoSpace:
      return "mutation refused by a full disk";
    case Code::kNotEnoughDataNodes:
      return "write refused for want of DataNodes";
    case Code::kFenced:
      return "writer fenced";
    default:
      return "";
  }
}

std::string_view probe_of(const namenode::Command& command) {
  if (std::holds_alternative<namenode::ExpireCommand>(command.body)) return "lease expired";
  if (std::holds_alternative<namenode::RaiseEpochCommand>(command.body)) return "epoch raised";
  if (std::holds_alternative<namenode::NewerHistoryCommand>(command.body)) {
    return "newer history heard of";
  }
  if (std::holds_alternative<namenode::ForgetRequestsCommand>(command.body)) {
    return "request records dropped";
  }
  return "";
}

bool says_mass_loss(const std::string& note) {
  return note.find("DataNodes vanished at once") != std::string::npos;
}

class Probes final : public Oracle {
 public:
  using Oracle::Oracle;

  void applying(const namenode::Command& command, const namenode::Outcome& outcome) override {
    note(probe_of(command));
    if (!outcome.effects.forgotten.empty()) note("freed block forgotten");
  }

  void answered(const wire::Request& /*request*/, const wire::Reply& reply,
                bool /*command*/) override {
    if (const auto* status = std::get_if<Status>(&reply)) {
      note(probe_of(status->code()));
    } else if (const auto* renewed = std::get_if<wire::RenewLeaseReply>(&reply)) {
      if (!renewed->lost.empty()) note("lease renewed too late");
    } else if (const auto* report = std::get_if<wire::ClusterReportReply>(&reply)) {
      if (std::ranges::any_of(report->notes, says_mass_loss)) note("copies wait after a mass loss");
    }
  }

  // The atlas knows of it already.
  void published(Address /*node*/, BlockId block, const std::string& /*wrong*/) override {
    const BlockTruth* truth = scene_.atlas.find(block);
    if (truth == nullptr || truth->good.size() != 1 || truth->rotten.empty()) return;
    note(truth->rotten.size() > 1 ? "block rebuilt from several rotten copies"
                                  : "only copy, rotten, replaced by a whole one");
  }

  // The atlas does not know of it yet.
  void moving(Address node, BlockId block, sim::Folder from, sim::Folder to) override {
    if (from == sim::Folder::kCurrent && to == sim::Folder::kQuarantine) {
      note("replica quarantined");
    }
    if (from == sim::Folder::kQuarantine && to == sim::Folder::kCurrent) {
      note("replica restored from quarantine");
      const BlockTruth* truth = scene_.atlas.find(block);
      if (truth != nullptr && truth->rotten.contains(node)) {
        note("bad replica replaced from quarantine");
      }
    }
  }

 private:
  void note(std::string_view probe) {
    if (!probe.empty()) scene_.verdicts.probe(probe);
  }
};

}  // namespace

std::unique_ptr<Oracle> make_probes(Scene& scene) { return std::make_unique<Probes>(scene); }

}  // namespace dfs::world
