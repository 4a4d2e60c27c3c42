// DataNodes with a disk that cannot read one sector, over real connections.
#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>

#include "adapters/http/block_copy.h"
#include "adapters/http/block_send.h"
#include "tests/disk/disk_fixture.h"

namespace dfs::http {
namespace {

constexpr BlockId kBlock{7};

// A sector too far from the start to be one of a sidecar.
class BadSector : public disk::System {
 public:
  std::int64_t read_at(int fd, MutableBytes out, std::uint64_t offset) override {
    const bool met = at_ != 0 && offset <= at_ && at_ < offset + out.size();
    return met ? -EIO : System::read_at(fd, out, offset);
  }
  void spoil(std::uint64_t at) { at_ = at; }

 private:
  std::uint64_t at_ = 0;
};

class Node final : public BlockHost {
 public:
  explicit Node(std::uint64_t id) : id_(id) {
    server_.handle("GET", "/blocks/v1/*", [this](const auto& request, auto& response) {
      send_block(*this, kBlock, request, response);
    });
    EXPECT_TRUE(server_.start().ok());
  }
  // Its disk cannot read the sector at `unreadable`.
  void hold(const std::string& data, std::uint64_t unreadable) {
    disk::put(*store_, kBlock.value, data);
    info_ = disk::info_of(kBlock.value, data);
    system_.spoil(unreadable);
  }
  [[nodiscard]] wire::NodeAddress address() const {
    return {NodeId{id_}, server_.address().text(), server_.address().text()};
  }

  datanode::Identity identity() override { return {"c1", NodeId{id_}, {}}; }
  Result<datanode::DataNode::Replica> find(BlockId /*block*/) override {
    return datanode::DataNode::Replica{info_, 0};
  }
  void stored(const wire::BlockInfo& /*info*/, datanode::VolumeId /*volume*/) override {}
  void suspect(BlockId block) override { suspected = block.value; }
  void found_bad(const wire::BadReplica& /*replica*/) override { ++bad; }
  disk::ReplicaStore& store() override { return *store_; }
  SocketClient& peers() override { return peers_; }

  std::atomic<std::uint64_t> suspected = 0;
  std::atomic<int> bad = 0;

 private:
  static ServerOptions anywhere() {
    ServerOptions options;
    options.listen = {"127.0.0.1", 0};
    return options;
  }

  const std::uint64_t id_;
  disk::TempDir folder_;
  BadSector system_;
  std::unique_ptr<disk::ReplicaStore> store_ = disk::must_open({folder_.path()}, system_);
  SocketClient peers_;
  wire::BlockInfo info_;
  Server server_{anywhere()};
};

class ReadErrorTest : public testing::Test {
 protected:
  ReadErrorTest() : data_(disk::text_of_length(1'000'000)), one_(1), two_(2) {
    one_.hold(data_, 900'000);
    two_.hold(data_, 100'000);
  }

  const std::string data_;
  Node one_;
  Node two_;
};

TEST_F(ReadErrorTest, WhatTheDiskCutsShortIsNoDataNodeThatIsAway) {
  wire::ReadHeader header;
  header.cluster = "c1";
  header.block = disk::info_of(kBlock.value, data_);
  header.length = data_.size();
  SocketClient client;
  RangeAnswer answer;
  EXPECT_EQ(client.read_range(one_.address().client, header, answer).code(), Code::kIo);
  EXPECT_EQ(one_.suspected, kBlock.value);
  header.length = 800'000;
  EXPECT_TRUE(client.read_range(one_.address().client, header, answer).ok());
}

TEST_F(ReadErrorTest, ABlockIsCopiedFromReplicasThatCannotBeReadAtDifferentPlaces) {
  Node three(3);
  wire::Order order;
  order.kind = wire::OrderKind::kCopy;
  order.block = disk::info_of(kBlock.value, data_);
  order.sources = {one_.address(), two_.address()};
  const Result<datanode::VolumeId> copied = copy_block(three, order);
  ASSERT_TRUE(copied.ok()) << copied.status().message();
  EXPECT_EQ(*disk::get(three.store(), kBlock.value, *copied), data_);
  EXPECT_EQ(three.bad, 0);
}

TEST_F(ReadErrorTest, ABlockIsCopiedInPlaceAlsoFromWhatItsOwnDiskStillReads) {
  wire::Order order;
  order.kind = wire::OrderKind::kCopy;
  order.block = disk::info_of(kBlock.value, data_);
  order.sources = {two_.address(), one_.address()};
  const Result<datanode::VolumeId> copied = copy_block(one_, order);
  EXPECT_TRUE(copied.ok()) << copied.status().message();
}

}  // namespace
}  // namespace dfs::http
