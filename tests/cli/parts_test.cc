// head and tail: what of a file they print, and when they say that they failed.
#include <fcntl.h>
#include <unistd.h>

#include "adapters/http/socket.h"
#include "tests/cli/told_cluster.h"

namespace dfs::cli {
namespace {

TEST(Head, PrintsLinesAndNothingMore) {
  const ToldCluster cluster("one\ntwo\nthree\n", 6);
  EXPECT_EQ(cluster.run({"head", "-n", "2", "/f"}).output, "one\ntwo\n");
  EXPECT_EQ(cluster.run({"head", "-n", "0", "/f"}).output, "");
  EXPECT_EQ(cluster.run({"head", "-n", "9", "/f"}).output, "one\ntwo\nthree\n");
}

TEST(Head, FailsWhenItsLastLineCannotBeWritten) {
  ToldCluster cluster("one\ntwo\n", 64);
  const http::Socket output(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0));
  const http::Socket full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  // Within the line: before it, its output is turned to where the test looks for it.
  cluster.instead = [&](const wire::Request& request) -> std::optional<wire::Reply> {
    if (std::holds_alternative<wire::Locate>(request)) ::dup2(full.fd(), STDOUT_FILENO);
    return std::nullopt;
  };
  const ToldCluster::Ran ran = cluster.run({"head", "-n", "1", "/f"});
  ::dup2(output.fd(), STDOUT_FILENO);
  EXPECT_EQ(ran.exit_code, kFailed);
  EXPECT_EQ(ran.errors, "dfs: head: standard output: No space left on device\n");
}

TEST(Head, OfNoLinesStillNeedsAFile) {
  const ToldCluster cluster("one\n", 64);
  const ToldCluster::Ran ran = cluster.run({"head", "-n", "0", "/nothing"});
  EXPECT_EQ(ran.exit_code, kFailed);
  EXPECT_EQ(ran.errors, "dfs: head: /nothing: No such file or directory\n");
}

TEST(Tail, PrintsTheEnd) {
  const ToldCluster cluster("one\ntwo\nthree\n", 6);
  EXPECT_EQ(cluster.run({"tail", "-n", "2", "/f"}).output, "two\nthree\n");
  EXPECT_EQ(cluster.run({"tail", "-c", "3", "/f"}).output, "ee\n");
}

TEST(Tail, IsNeverAMixtureOfAFileAndOfTheOneThatReplacesIt) {
  ToldCluster cluster("first block, second block", 13);
  cluster.instead = [](const wire::Request& request) -> std::optional<wire::Reply> {
    const auto* locate = std::get_if<wire::Locate>(&request);
    if (locate == nullptr || !locate->inode) return std::nullopt;
    return Status(Code::kReplaced, "/f: file was replaced");
  };
  const ToldCluster::Ran ran = cluster.run({"tail", "-c", "100", "/f"});
  EXPECT_EQ(ran.exit_code, kFailed);
  EXPECT_EQ(ran.output, "first block, ");
  EXPECT_EQ(ran.errors, "dfs: tail: /f: file was replaced\n");
}

TEST(Tail, LooksAnewWhenTheFileIsReplacedBeforeAnythingIsPrinted) {
  ToldCluster cluster("one\ntwo\n", 64);
  int stats = 0;
  cluster.instead = [&](const wire::Request& request) -> std::optional<wire::Reply> {
    if (!std::holds_alternative<wire::Stat>(request) || ++stats > 1) return std::nullopt;
    wire::FileStatus before = cluster.file;
    before.inode = InodeId{6};
    return before;
  };
  EXPECT_EQ(cluster.run({"tail", "-n", "1", "/f"}).output, "two\n");
}

}  // namespace
}  // namespace dfs::cli
