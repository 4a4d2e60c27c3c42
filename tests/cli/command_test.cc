#include "cli/command.h"

#include <gtest/gtest.h>

#include <algorithm>

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
  EXPECT_EQ(errors, "dfs: there is no command 'frobnicate' (see dfs --help)\n");
}

TEST(CommandLine, NoSubcommandIsWrongUsage) { EXPECT_EQ(run({}).first, kUsage); }

TEST(CommandLine, HelpIsNoError) { EXPECT_EQ(run({"--help"}).first, kDone); }

TEST(CommandLine, GlobalOptionsAreAcceptedAnywhere) {
  // Nobody listens there, so a line that parses fails and a line that does not is wrong usage.
  for (const std::vector<const char*>& line : std::vector<std::vector<const char*>>{
           {"--meta", "http://127.0.0.1:1", "--retry-limit", "0", "ls", "/"},
           {"ls", "/", "--meta", "http://127.0.0.1:1", "--retry-limit=0"},
           {"ls", "--meta=127.0.0.1:1", "/", "--json", "--retry-limit", "0"},
           {"admin", "report", "--meta", "http://127.0.0.1:1", "--retry-limit", "0", "--quiet"}}) {
    const auto [exit_code, errors] = run(line);
    EXPECT_EQ(exit_code, kFailed) << errors;
    EXPECT_EQ(std::ranges::count(errors, '\n'), 1) << errors;
  }
}

TEST(CommandLine, WhatCannotBeMeantIsWrongUsage) {
  for (const std::vector<const char*>& line :
       std::vector<std::vector<const char*>>{{"put"},
                                             {"put", "a"},
                                             {"put", "-b", "0", "a", "/a"},
                                             {"put", "-b", "12X", "a", "/a"},
                                             {"put", "-r", "0", "a", "/a"},
                                             {"get", "/a"},
                                             {"ls", "--colour"},
                                             {"setrep", "x", "/a"},
                                             {"setrep", "/a"},
                                             {"test", "/a"},
                                             {"test", "-e", "-d", "/a"},
                                             {"find", "/", "-type", "x"},
                                             {"cat", "--json", "/a"},
                                             {"head", "-n", "1", "-c", "1", "/a"},
                                             {"head", "-n", "x", "/a"},
                                             {"tail", "-c", "12X", "/a"},
                                             {"admin"},
                                             {"admin", "safemode", "off"},
                                             {"ls", "--meta", "ftp://x/y"},
                                             {"append", "a", "/a"},
                                             {"chmod", "644", "/a"}}) {
    const auto [exit_code, errors] = run(line);
    EXPECT_EQ(exit_code, kUsage) << line.front() << ": " << errors;
    EXPECT_EQ(std::ranges::count(errors, '\n'), 1) << errors;
  }
}

// At a byte a second no replica would ever be verified, nor one be taken back from quarantine.
TEST(CommandLine, ARateAtWhichNothingIsEverVerifiedIsWrongUsage) {
  for (const char* rate : {"0", "1", "1023K"}) {
    for (const std::vector<const char*>& line : std::vector<std::vector<const char*>>{
             {"datanode", "--data", "/proc/nonexistent/d", "--scrub-rate", rate},
             {"cluster", "--dir", "/proc/nonexistent/c", "--scrub-rate", rate}}) {
      const auto [exit_code, errors] = run(line);
      EXPECT_EQ(exit_code, kUsage) << errors;
      EXPECT_EQ(errors, std::string("dfs: ") + line.front() + ": --scrub-rate: " + rate +
                            ": at least 1M bytes a second\n");
    }
  }
  EXPECT_EQ(run({"datanode", "--data", "/proc/nonexistent/d", "--scrub-rate", "1M"}).first,
            kFailed);
}

TEST(CommandLine, AnErrorIsOneLineWhateverTheNameContains) {
  Context context;
  context.command = "put";
  testing::internal::CaptureStderr();
  EXPECT_EQ(context.fail("/a\nb\x1b[31m: No such file"), kFailed);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "dfs: put: /a\\x0ab\\x1b[31m: No such file\n");
}

}  // namespace
}  // namespace dfs::cli
