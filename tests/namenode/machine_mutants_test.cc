// The NameNode machine's mutants do what their names say.
#include <gtest/gtest.h>

#include "core/base/mutant.h"
#include "tests/namenode/machine_bench.h"

namespace dfs::namenode {
namespace {

#if defined(DFS_MUTANTS)
struct MachineMutants : ::testing::Test, MachineBench {
  ~MachineMutants() override { switch_on(Mutant::kNone); }
};

TEST_F(MachineMutants, D2ReplyBeforeCommitWaitsForNothing) {
  switch_on(Mutant::kD2ReplyBeforeCommit);
  EffectList effects;
  machine->request(1, mkdir("/a"), now, effects);
  EXPECT_EQ(std::get<SendReply>(effects.at(0)).after, 0u);
  settle(effects);
}

TEST_F(MachineMutants, D5ForgetHistoryWritesOn) {
  add_nodes();
  switch_on(Mutant::kD5ForgetHistory);
  nodes[0].seen = {9, 1, 1};
  static_cast<void>(beat(nodes[0]));
  EXPECT_EQ(code(mkdir("/a")), Code::kOk);
}

TEST_F(MachineMutants, C4NeverExpireLeasesLeavesTheWriter) {
  add_nodes();
  open("/f");
  switch_on(Mutant::kC4NeverExpireLeases);
  run(seconds(70));
  EXPECT_EQ(code(wire::Stat{"/f"}), Code::kOk);
}

TEST_F(MachineMutants, S1WriteWithoutDataNodesWrites) {
  switch_on(Mutant::kS1WriteWithoutDataNodes);
  EXPECT_EQ(code(create("/f", 1)), Code::kOk);
}
#endif

}  // namespace
}  // namespace dfs::namenode
