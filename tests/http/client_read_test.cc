// What a session gives to the sink of a read, from real servers.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "adapters/http/client_session.h"
#include "tests/http/local_servers.h"
#include "tests/http/raw_client.h"

namespace dfs::http {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
constexpr std::uint64_t kLength = 12 * kMiB;  // several fetches

class ClientReadTest : public testing::Test {
 protected:
  void SetUp() override {
    Result<std::unique_ptr<NameNodeServer>> namenode = start_namenode(folder_, 0);
    ASSERT_TRUE(namenode.ok()) << namenode.status().message();
    namenode_ = std::move(*namenode);
    for (const char* name : {"d1", "d2"}) {
      Result<std::unique_ptr<DataNodeServer>> server = start_datanode(folder_, name, *namenode_);
      ASSERT_TRUE(server.ok()) << server.status().message();
      datanodes_.push_back(std::move(*server));
    }
    SessionOptions session;
    session.namenodes = {namenode_->address().text()};
    session.user = "ann";
    session_ = std::make_unique<ClientSession>(session);
    write();
  }
  void write() {
    FileDescriptor local(::open(folder_.at("f").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    ASSERT_TRUE(local);
    ASSERT_EQ(::ftruncate(local.fd(), static_cast<off_t>(kLength)), 0);
    auto source = open_source(std::move(local), "f");
    ASSERT_TRUE(source.ok());
    client::WriteOptions options;
    options.path = "/f";
    options.replication = 2;
    const auto written = session_->write(std::move(options), std::move(*source));
    ASSERT_TRUE(written.ok()) << written.status().message();
  }
  // Requests for ranges of blocks that the DataNodes have answered.
  [[nodiscard]] std::uint64_t ranges_sent() {
    std::uint64_t sum = 0;
    for (const auto& datanode : datanodes_) {
      const auto metrics =
          session_->sockets().get(datanode->address().text(), "/metrics", kPatience);
      const std::string name = "dfs_datanode_requests_total{method=\"read\",outcome=\"200\"} ";
      const std::size_t at = metrics.ok() ? metrics->body.find(name) : std::string::npos;
      if (at != std::string::npos) sum += std::stoull(metrics->body.substr(at + name.size()));
    }
    return sum;
  }
  static client::ReadOptions all_of_it() {
    client::ReadOptions options;
    options.path = "/f";
    options.block.fetch_bytes = kMiB;
    return options;
  }

  TempFolder folder_;
  std::unique_ptr<NameNodeServer> namenode_;
  std::vector<std::unique_ptr<DataNodeServer>> datanodes_;
  std::unique_ptr<ClientSession> session_;
};

// Its first piece takes long enough for other replicas to be asked.
class SlowSink : public ReadSink {
 public:
  Status write(std::uint64_t offset, Bytes data) override {
    std::unique_lock lock(mutex_);
    overtaken_ = overtaken_ || inside_ || offset != next_;
    inside_ = true;
    next_ = offset + data.size();
    changed_.notify_all();
    if (offset == 0) {
      changed_.wait_for(lock, std::chrono::milliseconds(500), [this] { return overtaken_; });
    }
    inside_ = false;
    return {};
  }
  [[nodiscard]] bool overtaken() const { return overtaken_; }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool inside_ = false;
  bool overtaken_ = false;
  std::uint64_t next_ = 0;
};

TEST_F(ClientReadTest, InOrderGivesNoPieceToASinkThatIsStillBusyWithTheOneBefore) {
  client::ReadOptions options = all_of_it();
  options.window = 1;
  options.block.parallel = 1;
  options.block.hedge_after = milliseconds(20);
  SlowSink sink;
  const auto read = session_->read(std::move(options), sink);
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_FALSE(sink.overtaken());
}

// Takes longer over its first piece than a DataNode may over an answer.
class UnhurriedSink : public ReadSink {
 public:
  explicit UnhurriedSink(Duration pause) : pause_(pause) {}
  Status write(std::uint64_t offset, Bytes /*data*/) override {
    if (offset == 0) std::this_thread::sleep_for(std::chrono::microseconds(pause_.us));
    return {};
  }

 private:
  const Duration pause_;
};

TEST_F(ClientReadTest, InOrderTakesNoDataNodeForSlowBecauseItsSinkIs) {
  client::ReadOptions options = all_of_it();
  options.window = 1;
  options.block.parallel = 1;
  options.block.hedge_after = milliseconds(1500);
  UnhurriedSink sink(options.block.hedge_after + milliseconds(100));
  // On a machine that stands still for so long a DataNode is slow indeed: then once more.
  bool no_more_than_needed = false;
  for (int i = 0; i < 3 && !no_more_than_needed; ++i) {
    const auto before = ranges_sent();
    const auto read = session_->read(client::ReadOptions(options), sink);
    ASSERT_TRUE(read.ok()) << read.status().message();
    ASSERT_TRUE(eventually([&] { return ranges_sent() - before >= kLength / kMiB; }));
    no_more_than_needed = ranges_sent() - before == kLength / kMiB;
  }
  EXPECT_TRUE(no_more_than_needed);
}

// Fails at the first piece, after all the others were written.
class FailingSink : public ReadSink {
 public:
  Status write(std::uint64_t offset, Bytes data) override {
    std::unique_lock lock(mutex_);
    written_ += data.size();
    changed_.notify_all();
    if (offset != 0) return {};
    const auto all = [this] { return written_ == kLength; };
    changed_.wait_for(lock, std::chrono::microseconds(kPatience.us), all);
    lock.unlock();
    // So that the machine's word that all is delivered is there before.
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    return {Code::kNoSpace, "the disk is full"};
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t written_ = 0;
};

TEST_F(ClientReadTest, FailsWhenAPieceCannotBeWrittenAfterTheLastOneWas) {
  client::ReadOptions options = all_of_it();
  options.block.hedge_after = milliseconds(20);  // what a busy thread has to fetch next
  FailingSink sink;
  EXPECT_EQ(session_->read(std::move(options), sink).status().message(), "the disk is full");
}

}  // namespace
}  // namespace dfs::http
