// G4: a read session returns the bytes of the version that it opened, each once, or it fails.
#include "simulator/world/oracles.h"

namespace dfs::world {
namespace {

class OneVersion final : public Oracle {
 public:
  using Oracle::Oracle;

  void read_piece(const std::string& path, InodeId version, std::uint64_t offset,
                  Bytes data) override {
    const auto opened = scene_.contents.find(version);
    if (opened == scene_.contents.end() || data.empty()) return;
    scene_.verdicts.checked("G4");
    if (matches(opened->second, offset, data)) return;
    for (const auto& [other, content] : scene_.contents) {
      if (other == version || !matches(content, offset, data)) continue;
      scene_.verdicts.violated("G4", path + ": opened as version " + std::to_string(version.value) +
                                         ", handed out bytes of " + std::to_string(other.value));
      return;
    }
  }

  void read_done(const std::string& path, InodeId version, std::uint64_t asked_length,
                 std::uint64_t delivered, bool each_once) override {
    scene_.verdicts.expect(asked_length == delivered && each_once, "G4", [&] {
      return path + ", version " + std::to_string(version.value) + ": " +
             std::to_string(delivered) + " bytes were delivered instead of " +
             std::to_string(asked_length) + (each_once ? "" : ", some twice");
    });
  }
};

}  // namespace

std::unique_ptr<Oracle> make_g4(Scene& scene) { return std::make_unique<OneVersion>(scene); }

}  // namespace dfs::world
