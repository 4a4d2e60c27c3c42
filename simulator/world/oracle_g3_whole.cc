// G3: content changes only when a version is completed: while one is being written, and after it
// was given up or has expired, readers see exactly what was there before. What is completed is all
// that its writer had to write.
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

  void applying(const namenode::Command& command, const namenode::Outcome& outcome) override {
    const auto* request = std::get_if<namenode::RequestCommand>(&command.body);
    const auto* complete =
        request == nullptr ? nullptr : std::get_if<wire::Complete>(&request->body);
    const auto* file = std::get_if<wire::FileStatus>(&outcome.reply);
    if (complete != nullptr && file != nullptr && !outcome.replayed) {
      check_length(complete->inode, file->length);
    }
    const auto* expire = std::get_if<namenode::ExpireCommand>(&command.body);
    if (expire == nullptr) return;
    for (const InodeId version : expire->pending) {
      const ModelWriter* writer = scene_.applied.writer(version);
      if (writer == nullptr) continue;
      touched_.insert(path_of(*writer));
      expired_.insert(version);
    }
  }

  void put_done(const std::string& path, const Content& content,
                const wire::FileStatus& file) override {
    scene_.verdicts.expect(file.length == content.length, "G3", [&] {
      return "the writer of " + path + " was told that its file has " +
             std::to_string(file.length) + " bytes instead of " + std::to_string(content.length);
    });
  }

  // What was not durable never happened.
  void namenode_died() override { expired_.clear(); }

  // A version that nobody has completed is never at a name.
  void every_second() override {
    namenode::Store* store = scene_.namenode->store();
    if (store == nullptr) return;
    for (const InodeId version : expired_) {
      const std::optional<namenode::InodeRow> row = store->inode(version);
      scene_.verdicts.expect(!row || row->born == 0 || scene_.applied.inode(version) != nullptr,
                             "G3", [&] {
                               return "version " + std::to_string(version.value) +
                                      ", whose lease has expired, was published";
                             });
    }
    expired_.clear();
  }

 private:
  void check_length(InodeId version, std::uint64_t length) {
    const auto content = scene_.contents.find(version);
    if (content == scene_.contents.end()) return;
    scene_.verdicts.expect(length == content->second.length, "G3", [&] {
      return "version " + std::to_string(version.value) + " was completed with " +
             std::to_string(length) + " bytes instead of " + std::to_string(content->second.length);
    });
  }

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
  std::set<InodeId> expired_;      // within the last second
};

}  // namespace

std::unique_ptr<Oracle> make_g3(Scene& scene) { return std::make_unique<Whole>(scene); }

}  // namespace dfs::world
