// G3: content changes only when a version is completed: while one is being written, and after it was
// given up or has expired, readers see exactly what was there before.
#include "simulator/world/oracles.h"

namespace dfs::world {
namespace {

class Whole final : public Oracle {
 public:
  using Oracle::Oracle;

  void answered(const wire::Request& request, const wire::Reply& reply, bool) override {
    if (const auto* stat = std::get_if<wire::Stat>(&request)) check(stat->path, request, reply);
    const auto* locate = std::get_if<wire::Locate>(&request);
    if (locate != nullptr && !locate->inode) check(locate->path, request, reply);
  }

  void applying(const namenode::Command& command, const namenode::Outcome& /*outcome*/) override {
    const auto* expire = std::get_if<namenode::ExpireCommand>(&command.body);
    if (expire == nullptr) return;
    for (const InodeId version : expire->pending) {
      const ModelWriter* writer = scene_.applied.writer(version);
      if (writer != nullptr) touched_.insert(path_of(*writer));
    }
  }

 private:
  [[nodiscard]] std::string path_of(const ModelWriter& writer) const {
    const std::string above = scene_.applied.path_of(writer.parent);
    return (above == "/" ? "" : above) + "/" + writer.name;
  }

  void check(const std::string& path, const wire::Request& request, const wire::Reply& reply) {
    if (scene_.applied.writer_at(path) == nullptr && !touched_.contains(path)) return;
    const std::optional<std::string> wrong = scene_.applied.disagreement(request, reply);
    scene_.verdicts.expect(!wrong, "G3", [&] {
      return path + ", of which a version is or was being written: " + *wrong;
    });
  }

  std::set<std::string> touched_;  // where a lease has expired
};

}  // namespace

std::unique_ptr<Oracle> make_g3(Scene& scene) { return std::make_unique<Whole>(scene); }

}  // namespace dfs::world
