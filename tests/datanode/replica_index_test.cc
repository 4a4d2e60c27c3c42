// The index of a DataNode's replicas, by itself.
#include "core/datanode/replica_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dfs::datanode {
namespace {

using ::testing::ElementsAre;

TEST(ReplicaIndex, TellsOfRottenAndDoubtfulReplicasPageByPage) {
  ReplicaIndex index;
  for (std::uint64_t id = 1; id <= 4; ++id) {
    IndexEntry& entry = index.put({BlockId{id}, 100, 7}, 0, kNever);
    if (id % 2 == 1) index.set_corrupt(entry, true);
    if (id == 4) index.set_doubtful(entry, true);
  }
  EXPECT_THAT(index.flagged({}, 2), ElementsAre(BlockId{1}, BlockId{3}));
  EXPECT_THAT(index.flagged(BlockId{3}, 2), ElementsAre(BlockId{4}));
}

}  // namespace
}  // namespace dfs::datanode
