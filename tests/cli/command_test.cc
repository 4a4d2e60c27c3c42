#include "cli/command.h"

#include <gtest/gtest.h>

namespace dfs::cli {
namespace {

// Runs the line and returns the exit code and what went to standard error.
std::pair<int, std::string> run(std::vector<const char*> line) {
  line.insert(line.begin(), "dfs");
  testing::internal::CaptureStderr();
  testing::internal::CaptureStdout();
  const int exit_code = run_line(static_cast<int>(line.size()), line.data());
  testing::internal::GetCapturedStdout();
  return {exit_code, testing::internal::GetCapturedStderr()};
}

TEST(CommandLine, AnUnknownSubcommandIsWrongUsageInOneLine) {
  const auto [exit_code, errors] = run({"frobnicate"});
  EXPECT_EQ(exit_code, kUsage);
  EXPECT_TRUE(errors.starts_with("dfs: "));
  EXPECT_EQ(std::ranges::count(errors, '\n'), 1);
}

TEST(CommandLine, NoSubcommandIsWrongUsage) { EXPECT_EQ(run({}).first, kUsage); }

TEST(CommandLine, HelpIsNoError) { EXPECT_EQ(run({"--help"}).first, kDone); }

TEST(CommandLine, AnErrorIsOneLineWhateverTheNameContains) {
  Context context;
  context.command = "put";
  testing::internal::CaptureStderr();
  EXPECT_EQ(context.fail("/a\nb\x1b[31m: No such file"), kFailed);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "dfs: put: /a\\x0ab\\x1b[31m: No such file\n");
}

}  // namespace
}  // namespace dfs::cli
