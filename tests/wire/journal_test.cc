// The journal's text: what continues it is added, what was verified is read back, nothing else is.
#include "core/wire/journal.h"

#include <gtest/gtest.h>

namespace dfs::wire {
namespace {

const CheckpointHeader kCheckpoint{
    .cluster = "c1", .epoch = 3, .applied = 100, .length = 5, .crc = 6, .time = {7}};

JournalAppend append_after(const JournalState& state, const std::vector<std::string>& lines) {
  JournalAppend append{.cluster = state.cluster,
                       .epoch = state.epoch,
                       .first = state.applied + 1,
                       .before = state.chain,
                       .after = state.chain,
                       .lines = lines};
  std::uint64_t position = append.first;
  for (const std::string& line : lines) {
    append.after = chain_next(append.after, position++, line);
  }
  return append;
}

struct JournalText : ::testing::Test {
  void add(const std::vector<std::string>& lines) {
    const Result<std::string> more = extend_journal(state, append_after(state, lines));
    ASSERT_TRUE(more.ok());
    text += *more;
  }

  JournalState state = journal_begin(kCheckpoint);
  std::string text = journal_head(kCheckpoint);
};

TEST_F(JournalText, IsReadBackAsItWasAppended) {
  add({"{\"a\":1}", "{}"});
  add({"third"});
  const Result<Journal> journal = read_journal(text);
  ASSERT_TRUE(journal.ok());
  EXPECT_EQ(journal->checkpoint, kCheckpoint);
  EXPECT_EQ(journal->state, state);
  EXPECT_EQ(journal->verified_bytes, text.size());
  EXPECT_FALSE(journal->damaged);
  ASSERT_EQ(journal->lines.size(), 3u);
  EXPECT_EQ(journal->lines[0].command, "{\"a\":1}");
  EXPECT_EQ(journal->lines[2].position, 103u);
}

TEST_F(JournalText, TakesWhatWasCutShortForAPowerLossAndNotForDamage) {
  add({"one", "two"});
  for (std::size_t size = journal_head(kCheckpoint).size(); size < text.size(); ++size) {
    const Result<Journal> journal = read_journal(text.substr(0, size));
    ASSERT_TRUE(journal.ok());
    EXPECT_FALSE(journal->damaged) << size;
    EXPECT_LT(journal->lines.size(), 2u);
  }
}

TEST_F(JournalText, WithAnyByteChangedGivesNoWrongCommand) {
  add({"one", "two", "three", "four"});
  const std::vector<std::string> right{"one", "two", "three", "four"};
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (const int bit : {1, 16}) {
      std::string damaged = text;
      damaged[at] = static_cast<char>(damaged[at] ^ bit);
      const Result<Journal> journal = read_journal(damaged);
      if (!journal.ok()) continue;
      EXPECT_LT(journal->verified_bytes, damaged.size()) << at;
      for (std::size_t i = 0; i < journal->lines.size(); ++i) {
        ASSERT_EQ(journal->lines[i].command, right[i]) << at;
      }
    }
  }
}

TEST_F(JournalText, TellsDamageInTheMiddleFromAnEndCutShort) {
  add({"one", "two", "three"});
  text[text.find("two")] = 'T';
  const Result<Journal> journal = read_journal(text);
  ASSERT_TRUE(journal.ok());
  EXPECT_TRUE(journal->damaged);
  EXPECT_EQ(journal->lines.size(), 1u);
}

TEST_F(JournalText, ALineThatLacksAPartOrNumbersItselfWronglyIsDamage) {
  add({"one"});
  const std::size_t good = text.size();
  for (const char* line : {"\n", "102\n", "102 0123456789abcdef\n", " 0 x\n", "102  x\n",
                           "102x 0 x\n", "99999999999999999999 0 x\n", "102 g x\n"}) {
    const Result<Journal> journal = read_journal(text + line);
    ASSERT_TRUE(journal.ok());
    EXPECT_TRUE(journal->damaged) << line;
    EXPECT_EQ(journal->verified_bytes, good) << line;
  }
}

TEST_F(JournalText, DoesNotTakeWhatDoesNotContinueIt) {
  add({"one"});
  const JournalAppend next = append_after(state, {"two"});
  const auto unchanged = [&](const JournalAppend& append) {
    JournalState after = state;
    const Result<std::string> more = extend_journal(after, append);
    return more.ok() && more->empty() && after == state;
  };
  JournalAppend later = next;
  later.first += 1;
  later.after = chain_next(later.before, later.first, "two");
  EXPECT_TRUE(unchanged(later)) << "a gap";
  JournalAppend other = next;
  other.before ^= 1;
  other.after = chain_next(other.before, other.first, "two");
  EXPECT_TRUE(unchanged(other)) << "another history";
  JournalAppend epoch = next;
  epoch.epoch += 1;
  EXPECT_TRUE(unchanged(epoch)) << "another epoch";
  add({"two"});
  EXPECT_TRUE(unchanged(next)) << "sent again";
  EXPECT_TRUE(unchanged(append_after(state, {}))) << "a question";
  JournalState nothing;
  EXPECT_EQ(extend_journal(nothing, next).value(), "");
}

TEST_F(JournalText, RefusesWhatContradictsItself) {
  JournalAppend append = append_after(state, {"one"});
  append.lines[0] = "two";
  EXPECT_EQ(extend_journal(state, append).status().code(), Code::kInvalidArgument);
  EXPECT_EQ(extend_journal(state, append_after(state, {"a\nb"})).status().code(),
            Code::kInvalidArgument);
  JournalAppend foreign = append_after(state, {"one"});
  foreign.cluster = "c2";
  EXPECT_EQ(extend_journal(state, foreign).status().code(), Code::kWrongCluster);
  const std::vector<std::string> many(kMaxAppendLines + 1, "x");
  EXPECT_EQ(extend_journal(state, append_after(state, many)).status().code(), Code::kTooLarge);
  const std::vector<std::string> large{std::string(kMaxAppendBytes + 1, 'x')};
  EXPECT_EQ(extend_journal(state, append_after(state, large)).status().code(), Code::kTooLarge);
}

TEST(JournalHead, ThatIsNoneIsRefused) {
  for (const char* text : {"", "\n", "mini-hdfs journal 1 ", "mini-hdfs journal 1 {}",
                           "mini-hdfs journal 2 {}\n", "mini-hdfs journal 1 [1\n", "1 2 3\n"}) {
    EXPECT_EQ(read_journal(text).status().code(), Code::kCorrupt) << text;
  }
}

}  // namespace
}  // namespace dfs::wire
