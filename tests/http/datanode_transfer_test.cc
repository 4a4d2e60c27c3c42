#include "adapters/http/datanode_server.h"

#include <gmock/gmock.h>

#include "adapters/http/codec.h"
#include "core/base/crc32c.h"
#include "core/wire/json.h"
#include "tests/http/local_servers.h"
#include "tests/http/raw_client.h"

namespace dfs::http {
namespace {

using testing::HasSubstr;

class DataNodeTransferTest : public testing::Test {
 protected:
  void SetUp() override {
    Result<std::unique_ptr<NameNodeServer>> namenode = start_namenode(folder_, 0);
    ASSERT_TRUE(namenode.ok()) << namenode.status().message();
    namenode_ = std::move(*namenode);
    Result<std::unique_ptr<DataNodeServer>> datanode = start_datanode(folder_, "d1", *namenode_);
    ASSERT_TRUE(datanode.ok()) << datanode.status().message();
    datanode_ = std::move(*datanode);
    ASSERT_TRUE(eventually([this] {
      const Result<Answer> health = client_.get(at(), "/healthz", kPatience);
      return health.ok() && health->body.find(R"("registered":true)") != std::string::npos;
    }));
  }
  [[nodiscard]] std::string at() const { return datanode_->address().text(); }
  wire::ClusterReportReply report() {
    return std::get<wire::ClusterReportReply>(
        client_.call(namenode_->address().text(), wire::ClusterReport{}, kPatience).reply);
  }
  // Sends a block of this content to the DataNode.
  Status store(BlockId block, const std::string& data) {
    wire::WriteHeader header;
    header.cluster = report().cluster;
    header.block = block;
    header.length = data.size();
    Result<BlockUpload> upload = BlockUpload::open(client_, at(), header);
    if (!upload.ok()) return upload.status();
    if (Status status = upload->send(as_bytes(data)); !status.ok()) return status;
    return upload->finish().status();
  }
  BlockId next_block() { return {report().history.block + 1}; }

  TempFolder folder_;
  SocketClient client_;
  std::unique_ptr<NameNodeServer> namenode_;
  std::unique_ptr<DataNodeServer> datanode_;
};

TEST_F(DataNodeTransferTest, ABlockThatTheNameNodeCannotHaveGivenOutDoesNotReachItsHistory) {
  const wire::HistoryMark before = report().history;
  EXPECT_EQ(store({UINT64_MAX}, "x").code(), Code::kInvalidArgument);
  EXPECT_EQ(store({first_id_of_epoch(kMaxEpoch + 1)}, "x").code(), Code::kInvalidArgument);
  EXPECT_EQ(store({first_id_of_epoch(kMaxEpoch)}, "x").code(), Code::kUnavailable);
  EXPECT_EQ(store({first_id_of_epoch(before.epoch + 1)}, "x").code(), Code::kUnavailable);
  EXPECT_TRUE(store({first_id_of_epoch(before.epoch - 1)}, "x").ok());
  ASSERT_TRUE(eventually([this] { return report().nodes.at(0).stats.replicas == 1; }));
  EXPECT_FALSE(report().read_only);
}

TEST_F(DataNodeTransferTest, ACheckpointOfAnEpochThatItHasNotHeardOfTakesNoPlace) {
  const wire::ClusterReportReply cluster = report();
  const auto put = [&](std::uint64_t epoch) -> Result<wire::JournalState> {
    const std::string content = "database";
    wire::CheckpointHeader header;
    header.cluster = cluster.cluster;
    header.epoch = epoch;
    header.applied = cluster.history.applied + 1000;
    header.length = content.size();
    header.crc = crc32c(as_bytes(content));
    Upload::Target target;
    target.address = at();
    target.path = "/metadata/v1/checkpoint/" + header.cluster + "/" + std::to_string(epoch) + "-" +
                  std::to_string(header.applied);
    target.header_name = "X-Dfs-Checkpoint";
    target.header_value = wire::to_json_text(header);
    target.length = content.size();
    Result<Upload> upload = Upload::open(client_, target);
    if (!upload.ok()) return upload.status();
    if (Status status = upload->send(as_bytes(content)); !status.ok()) return status;
    const Result<std::string> answer = upload->finish();
    if (!answer.ok()) return answer.status();
    return wire::from_json_text<wire::JournalState>(*answer, wire::UnknownKeys::kReject);
  };
  EXPECT_EQ(put(cluster.history.epoch + 1).status().code(), Code::kUnavailable);
  EXPECT_EQ(put(UINT64_MAX).status().code(), Code::kUnavailable);
  const Result<wire::JournalState> state = put(cluster.history.epoch);
  ASSERT_TRUE(state.ok());
  EXPECT_EQ(state->node, cluster.nodes.at(0).node) << "it says who it is";
}

TEST_F(DataNodeTransferTest, ARangeCountsAsATransferUntilItsLastByteHasLeft) {
  const std::string data(std::size_t{64} << 20, 'x');  // more than sockets hold
  const wire::BlockInfo block{next_block(), data.size(), crc32c(as_bytes(data))};
  ASSERT_TRUE(store(block.id, data).ok());
  wire::ReadHeader header;
  header.cluster = report().cluster;
  header.block = block;
  header.length = data.size();
  RawClient reader(datanode_->address());
  ASSERT_TRUE(reader.send("GET /blocks/v1/" + std::to_string(block.id.value) +
                          " HTTP/1.1\r\nHost: a\r\nX-Dfs-Read: " + read_header_value(header) +
                          "\r\n\r\n"));
  ASSERT_TRUE(wait_readable(reader.fd(), kPatience));
  const std::string during = client_.get(at(), "/metrics", kPatience)->body;
  EXPECT_THAT(during, HasSubstr("dfs_datanode_transfers 1\n"));
  EXPECT_THAT(during, testing::Not(HasSubstr(R"(method="read")")));

  ASSERT_EQ(reader.answer().status, 200);
  ASSERT_TRUE(reader.send("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"));
  const std::string after = reader.answer().body;
  EXPECT_THAT(after, HasSubstr("dfs_datanode_transfers 0\n"));
  EXPECT_THAT(after, HasSubstr(R"(method="read",outcome="200"} 1)"));
}

}  // namespace
}  // namespace dfs::http
