#include "adapters/http/block_copy.h"

#include <gmock/gmock.h>

#include <array>

#include "adapters/http/server.h"
#include "core/base/crc32c.h"
#include "tests/http/raw_client.h"
#include "tests/http/temp_folder.h"

namespace dfs::http {
namespace {

constexpr NodeId kHere{1};
constexpr NodeId kSource{2};

// A DataNode's store without a machine; what the machine would be told is kept.
class Host : public BlockHost {
 public:
  explicit Host(const TempFolder& folder) {
    disk::Options options;
    options.directories = {folder.at("datanode")};
    options.reserve = 0;
    Result<std::unique_ptr<disk::ReplicaStore>> opened = disk::ReplicaStore::open(options);
    EXPECT_TRUE(opened.ok());
    store_ = std::move(*opened);
    EXPECT_TRUE(store_->persist(identity()).ok());
    EXPECT_TRUE(store_->scan().replicas.empty());
  }

  datanode::Identity identity() override { return {"c1", kHere, {1, 1, 1}}; }
  Result<datanode::DataNode::Replica> find(BlockId) override { return Status(Code::kNotFound, ""); }
  void stored(const wire::BlockInfo&, datanode::VolumeId) override {}
  void suspect(BlockId) override {}
  void found_bad(const wire::BadReplica& replica) override { bad_.push_back(replica); }
  disk::ReplicaStore& store() override { return *store_; }
  SocketClient& peers() override { return peers_; }

  [[nodiscard]] const std::vector<wire::BadReplica>& bad() const { return bad_; }

 private:
  std::unique_ptr<disk::ReplicaStore> store_;
  SocketClient peers_;
  std::vector<wire::BadReplica> bad_;
};

// The range answer of a DataNode whose replica has the block's granule CRCs, and this data.
std::string range_answer(const wire::BlockInfo& block, std::string_view data) {
  std::array<std::uint8_t, wire::kRangeHeaderBytes + 4> head{};
  wire::encode_range_header({block, 0, block.length}, head.data());
  put_le32(head.data() + wire::kRangeHeaderBytes, block.crc);
  return std::string(as_text(head)).append(data);
}

TEST(BlockCopy, ASourceThatProvesRottenIsToldOfAlsoWhenNoneIsLeftToReadFrom) {
  const std::string data = "the bytes that were committed";
  const wire::BlockInfo block{BlockId{7}, data.size(), crc32c(as_bytes(data))};
  Server source({});
  source.handle("GET", "/blocks/v1/7", [&](const ServerRequest&, ServerResponse& response) {
    response.body = range_answer(block, std::string(data.size(), 'x'));
  });
  ASSERT_TRUE(source.start().ok());

  const TempFolder folder;
  Host host(folder);
  wire::Order order;
  order.kind = wire::OrderKind::kCopy;
  order.block = block;
  order.sources = {{kSource, source.address().text(), source.address().text()}};
  const Result<datanode::VolumeId> copied = copy_block(host, order);
  EXPECT_EQ(copied.status().code(), Code::kCorrupt);
  EXPECT_THAT(host.bad(), testing::ElementsAre(wire::BadReplica{block.id, kSource}));
}

}  // namespace
}  // namespace dfs::http
