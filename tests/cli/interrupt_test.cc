// What put and get say when they are interrupted: once that they were, and of what it is not known
// whether it was done.
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>

#include "tests/cli/told_cluster.h"
#include "tests/http/temp_folder.h"

namespace dfs::cli {
namespace {

// For the threads of the servers, too, which come after it.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    ::sigset_t signals;
    ::sigemptyset(&signals);
    ::sigaddset(&signals, SIGINT);
    ::sigaddset(&signals, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  }
};

class Interrupted : public testing::Test {
 protected:
  Interrupted() {
    std::filesystem::create_directories(folder_.at(""));
    std::ofstream(local_) << "";
  }
  // Ctrl-C when the first such request arrives, which is never answered.
  template <class Asked>
  ToldCluster::Ran at(std::vector<std::string> words) {
    std::promise<void> over;
    const std::shared_future<void> end = over.get_future().share();
    cluster_.instead = [this, end](const wire::Request& request) -> std::optional<wire::Reply> {
      if (std::holds_alternative<wire::Create>(request)) {
        wire::CreateReply granted;
        granted.inode = InodeId{8};
        granted.block_size = 64;
        granted.replication = 1;
        granted.lease_limit = seconds(60);
        return granted;
      }
      if (!std::holds_alternative<Asked>(request)) return std::nullopt;
      ++asked_;
      ::kill(::getpid(), SIGINT);
      end.wait();
      return std::nullopt;
    };
    const ToldCluster::Ran ran = cluster_.run(std::move(words));
    over.set_value();
    return ran;
  }

  const SignalsBlocked blocked_;
  ToldCluster cluster_{"content", 64};
  http::TempFolder folder_;
  const std::string local_ = folder_.at("empty");
  std::atomic<int> asked_ = 0;
};

TEST_F(Interrupted, AGetToAStreamSaysSoOnce) {
  const ToldCluster::Ran ran = at<wire::Locate>({"get", "/f", "-"});
  EXPECT_EQ(ran.exit_code, kFailed);
  EXPECT_EQ(ran.errors, "dfs: get: interrupted\n");
}

TEST_F(Interrupted, APutDoesNotTurnToItsOtherSources) {
  const ToldCluster::Ran ran = at<wire::Stat>({"put", local_, local_, local_, "/d"});
  EXPECT_EQ(ran.exit_code, kFailed);
  EXPECT_EQ(ran.errors, "dfs: put: interrupted\n");
  EXPECT_EQ(asked_, 1);
}

TEST_F(Interrupted, APutWhoseCompletionWasNotAnsweredIsNotCalledUndone) {
  const ToldCluster::Ran ran = at<wire::Complete>({"put", local_, "/new"});
  EXPECT_EQ(ran.exit_code, kFailed);
  EXPECT_EQ(ran.errors,
            "dfs: put: /new: interrupted; it may or may not have been done\n"
            "dfs: put: interrupted\n");
}

}  // namespace
}  // namespace dfs::cli
