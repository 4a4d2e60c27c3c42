#include "core/base/mutant.h"

#if defined(DFS_MUTANTS)
namespace dfs {
namespace {
Mutant active = Mutant::kNone;
}  // namespace

void switch_on(Mutant mutant) { active = mutant; }
bool mutated(Mutant mutant) { return active == mutant; }

}  // namespace dfs
#endif
