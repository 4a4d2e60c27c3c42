// A1: after the faults, everything works: what a client does then succeeds, within the time that it
// is ready to wait.
#include "simulator/world/oracles.h"

namespace dfs::world {
namespace {

class Works final : public Oracle {
 public:
  using Oracle::Oracle;

  void tried(const std::string& what, const Status& status, Duration took,
             Duration limit) override {
    scene_.verdicts.expect(status.ok() && took <= limit, "A1", [&] {
      return what +
             (status.ok()
                  ? std::string(" succeeded")
                  : ": " + std::string(to_string(status.code())) + ": " + status.message()) +
             " after " + std::to_string(took.us / 1000) + " ms";
    });
  }
};

}  // namespace

std::unique_ptr<Oracle> make_a1(Scene& scene) { return std::make_unique<Works>(scene); }

}  // namespace dfs::world
