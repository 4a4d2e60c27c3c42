// Every planted bug is caught by the invariant whose id it carries, within a stated number of seeds.
#include <gtest/gtest.h>

#include <algorithm>

#include "core/base/mutant.h"
#include "simulator/world/world.h"

#if defined(DFS_MUTANTS)
namespace dfs::world {
namespace {

struct Hunt {
  Mutant mutant = Mutant::kNone;
  Profile profile = Profile::kSafety;
  std::uint64_t seeds = 10;
};

constexpr Hunt kHunts[] = {
    {Mutant::kD1AckBeforeFsync},
    {Mutant::kD2ReplyBeforeCommit},
    {Mutant::kD4CountSilentNodes},
    {Mutant::kV3ErrorMeansAbsent},
    {Mutant::kG2AcceptFenced},
    {Mutant::kN1NoRetryRecord},
    {Mutant::kN3RenameIntoOwnSubtree},
    {Mutant::kG1ReuseBlockIds},
};

class Mutants : public testing::TestWithParam<Hunt> {
 protected:
  ~Mutants() override { switch_on(Mutant::kNone); }
};

std::string name_of(Mutant mutant) {
  for (const MutantName& known : kMutants) {
    if (known.mutant == mutant) return std::string(known.name);
  }
  return "none";
}

TEST_P(Mutants, AreCaught) {
  switch_on(GetParam().mutant);
  for (std::uint64_t seed = 1; seed <= GetParam().seeds; ++seed) {
    PlanOptions options;
    options.seed = seed;
    options.profile = GetParam().profile;
    options.duration = seconds(30);
    if (!run(make_plan(options)).violations.empty()) return;
  }
  ADD_FAILURE() << name_of(GetParam().mutant) << " was not caught in " << GetParam().seeds
                << " seeds";
}

INSTANTIATE_TEST_SUITE_P(Each, Mutants, testing::ValuesIn(kHunts), [](const auto& hunt) {
  std::string name = name_of(hunt.param.mutant);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace dfs::world
#endif
