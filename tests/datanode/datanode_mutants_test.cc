// The planted bugs of the DataNode, each seen to break what it is meant to break.
#include "core/base/mutant.h"
#include "core/datanode/receiver.h"
#include "tests/datanode/datanode_world.h"

namespace dfs::datanode {
namespace {

#if defined(DFS_MUTANTS)
class DataNodeMutants : public testing::Test {
 protected:
  ~DataNodeMutants() override { switch_on(Mutant::kNone); }
};

TEST_F(DataNodeMutants, D1AckBeforeFsyncAnswersBeforeThePublication) {
  switch_on(Mutant::kD1AckBeforeFsync);
  wire::WriteHeader header;
  header.block = BlockId{5};
  Receiver receiver(header, NodeId{1});
  ReceiverEffects effects;
  receiver.start(effects);
  receiver.end(effects);
  EXPECT_TRUE(std::holds_alternative<ReceiverDone>(effects.back()));
  EXPECT_TRUE(receiver.done());
}

TEST_F(DataNodeMutants, V3ErrorMeansAbsentForgetsAReplicaThatCouldNotBeRead) {
  switch_on(Mutant::kV3ErrorMeansAbsent);
  World w;
  w.start({found(1)});
  w.register_and_report();
  w.suspect(1);
  w.finish(kUnreadable);
  EXPECT_FALSE(w.machine.find(BlockId{1}));
  EXPECT_EQ(events_of(w.news(), 1), std::vector{ReplicaEvent::kRemoved});
}

#endif

}  // namespace
}  // namespace dfs::datanode
