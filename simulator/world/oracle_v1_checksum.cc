// V1: every byte that a reader is handed is what was written there.
#include "simulator/world/oracles.h"

namespace dfs::world {
namespace {

class Checksum final : public Oracle {
 public:
  using Oracle::Oracle;

  void read_piece(const std::string& path, InodeId version, std::uint64_t offset,
                  Bytes data) override {
    const auto content = scene_.contents.find(version);
    if (content == scene_.contents.end()) return;
    scene_.verdicts.expect(matches(content->second, offset, data), "V1", [&] {
      return path + ": " + std::to_string(data.size()) + " bytes at " + std::to_string(offset) +
             " are not what was written";
    });
  }
};

}  // namespace

std::unique_ptr<Oracle> make_v1(Scene& scene) { return std::make_unique<Checksum>(scene); }

}  // namespace dfs::world
