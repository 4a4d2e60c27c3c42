// A planted bug that changes the namespace behind the back of apply(); see core/base/mutant.h.
#pragma once

#include "core/namenode/store.h"

namespace dfs::namenode {

// kN2ResurrectFromReport: a block that was forgotten is a block again, because a report says so.
void plant_block(Store& store, const wire::BlockInfo& replica);

}  // namespace dfs::namenode
