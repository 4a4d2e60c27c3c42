// Replaying a journal into a store: what continues it is applied, up to what does not fit.
#include <gmock/gmock.h>

#include "core/namenode/rescue.h"
#include "tests/namenode/namespace_bench.h"

namespace dfs::namenode {
namespace {

using ::testing::HasSubstr;

struct Replaying : ::testing::Test, NamespaceBench {
  // A journal of these commands, the first at the position after the checkpoint's.
  wire::Journal journal_of(const std::vector<std::string>& commands, std::uint64_t checkpoint) {
    const MetaRow meta = store.meta();
    wire::Journal journal;
    journal.checkpoint.cluster = meta.cluster;
    journal.checkpoint.epoch = meta.epoch;
    journal.checkpoint.applied = checkpoint;
    texts = commands;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      journal.lines.push_back({checkpoint + 1 + i, texts[i]});
    }
    return journal;
  }
  std::string mkdir_text(const std::string& path) {
    return to_text({{now.ms + 5}, RequestCommand{mkdir(path), {}}, {now.ms + 7}});
  }

  std::vector<std::string> texts;
};

TEST_F(Replaying, AppliesWhatContinuesTheStoreWhereverTheJournalBegins) {
  const std::uint64_t here = store.meta().applied;
  store.commit();
  const wire::Journal journal =
      journal_of({mkdir_text("/before"), mkdir_text("/a"), mkdir_text("/b")}, here - 1);
  const Replay done = replay(store, journal);
  EXPECT_TRUE(done.problem.ok());
  EXPECT_EQ(done.commands, 2u);
  EXPECT_EQ(done.until, WallTime{now.ms + 7});
  EXPECT_EQ(stat_code("/before"), Code::kNotFound);
  EXPECT_EQ(stat_code("/b"), Code::kOk);
  EXPECT_EQ(replay(store, journal).commands, 0u) << "it has them";
}

TEST_F(Replaying, AppliesNothingOfAnotherClusterOrEpoch) {
  const std::uint64_t here = store.meta().applied;
  store.commit();
  wire::Journal journal = journal_of({mkdir_text("/a")}, here);
  journal.checkpoint.epoch += 1;
  EXPECT_EQ(replay(store, journal).commands, 0u);
  journal.checkpoint.epoch -= 1;
  journal.checkpoint.cluster += "x";
  EXPECT_EQ(replay(store, journal).commands, 0u);
}

TEST_F(Replaying, EndsAtACommandThatCannotBeReadAndKeepsWhatCameBefore) {
  const std::uint64_t here = store.meta().applied;
  store.commit();
  const Replay done =
      replay(store, journal_of({mkdir_text("/a"), "no command", mkdir_text("/b")}, here));
  EXPECT_EQ(done.commands, 1u);
  EXPECT_EQ(done.problem.code(), Code::kCorrupt);
  EXPECT_THAT(done.problem.message(),
              HasSubstr("journal: command " + std::to_string(here + 2) + ": "));
  EXPECT_EQ(stat_code("/a"), Code::kOk);
  EXPECT_EQ(stat_code("/b"), Code::kNotFound);
}

TEST_F(Replaying, EndsWhereThePositionsDoNotFit) {
  const std::uint64_t here = store.meta().applied;
  store.commit();
  wire::Journal journal = journal_of({mkdir_text("/a"), mkdir_text("/b")}, here);
  journal.lines[1].position += 1;
  const Replay done = replay(store, journal);
  EXPECT_EQ(done.commands, 1u);
  EXPECT_THAT(done.problem.message(), HasSubstr("applied at another position"));
}

TEST_F(Replaying, NoEpochIsBegunAboveTheLast) {
  store.commit();
  Random random(1);
  EXPECT_GE(begin_new_epoch(store, 7, random, {5}).value(), 8u);
  EXPECT_EQ(begin_new_epoch(store, kMaxEpoch, random, {5}).status().code(), Code::kInvalidArgument);
  store.begin();
}

}  // namespace
}  // namespace dfs::namenode
