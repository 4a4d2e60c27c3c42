#include "adapters/http/block_send.h"

#include <algorithm>
#include <memory>

#include "core/wire/json.h"

namespace dfs::http {
namespace {

// The replica that `header` asks for, opened; or why not.
Result<disk::OpenReplica> open_for(BlockHost& host, const wire::ReadHeader& header) {
  const datanode::Identity identity = host.identity();
  if (identity.cluster.empty() || header.cluster != identity.cluster) {
    return {Code::kWrongCluster, "not a DataNode of this cluster"};
  }
  const std::string name = "block " + std::to_string(header.block.id.value);
  if (header.node && header.node != identity.node) {
    return {Code::kWrongCluster, name + ": this is DataNode " +
                                     std::to_string(identity.node.value) + ", not " +
                                     std::to_string(header.node.value)};
  }
  const auto replica = host.find(header.block.id);
  if (!replica.ok()) return replica.status();
  if (replica->info != header.block) {
    host.suspect(header.block.id);
    return {Code::kCorrupt, name + ": the replica here is another one"};
  }
  Result<disk::OpenReplica> opened = host.store().open_replica(header.block.id, replica->volume);
  if (!opened.ok()) {
    host.suspect(header.block.id);
  } else if (opened->sidecar().info != header.block) {
    host.suspect(header.block.id);
    return {Code::kCorrupt, name + ": the replica here is another one"};
  }
  return opened;
}

// Header and granule CRCs as they are sent.
std::vector<std::uint8_t> range_head(const wire::ReadHeader& header,
                                     const wire::GranuleRange& range,
                                     const std::vector<std::uint32_t>& granule_crcs) {
  std::vector<std::uint8_t> head(wire::kRangeHeaderBytes + granule_crcs.size() * 4);
  wire::encode_range_header({header.block, range.offset, range.length}, head.data());
  std::uint8_t* out = head.data() + wire::kRangeHeaderBytes;
  for (std::uint32_t crc : granule_crcs) {
    put_le32(out, crc);
    out += 4;
  }
  return head;
}

bool send_data(BlockHost& host, const disk::OpenReplica& replica, BlockId block,
               const wire::GranuleRange& range, const Sink& sink) {
  thread_local Buffer buffer;
  for (std::uint64_t sent = 0; sent < range.length;) {
    const auto size =
        static_cast<std::size_t>(std::min<std::uint64_t>(kIoBytes, range.length - sent));
    const MutableBytes piece = buffer.resize(size);
    if (!replica.read(range.offset + sent, piece).ok()) {
      host.suspect(block);
      return false;
    }
    if (!sink(piece)) return false;
    sent += size;
  }
  return true;
}

}  // namespace

void send_block(BlockHost& host, BlockId block, const ServerRequest& request,
                ServerResponse& response) {
  const std::string* text = request.header("X-Dfs-Read");
  if (text == nullptr) {
    return response.fail({Code::kInvalidArgument, "reading a block needs the header X-Dfs-Read"});
  }
  const Result<wire::ReadHeader> header =
      wire::from_json_text<wire::ReadHeader>(*text, wire::UnknownKeys::kReject);
  if (!header.ok()) return response.fail(header.status());
  if (header->block.id != block) {
    return response.fail({Code::kInvalidArgument, "X-Dfs-Read does not agree with the path"});
  }
  Result<disk::OpenReplica> opened = open_for(host, *header);
  if (!opened.ok()) return response.fail(opened.status());
  const auto replica = std::make_shared<disk::OpenReplica>(std::move(*opened));
  const wire::GranuleRange range =
      wire::widen(header->offset, header->length, header->block.length);
  const auto head = std::make_shared<const std::vector<std::uint8_t>>(
      range_head(*header, range, replica->sidecar().granule_crcs));
  response.content_type = "application/octet-stream";
  response.stream_length = head->size() + range.length;
  response.stream = [&host, block, replica, range, head](const Sink& sink) {
    return sink(*head) && send_data(host, *replica, block, range, sink);
  };
}

Status read_here(BlockHost& host, const wire::ReadHeader& header, RangeAnswer& answer) {
  Result<disk::OpenReplica> replica = open_for(host, header);
  if (!replica.ok()) return replica.status();
  const wire::GranuleRange range = wire::widen(header.offset, header.length, header.block.length);
  answer.header = {header.block, range.offset, range.length};
  answer.granule_crcs = replica->sidecar().granule_crcs;
  const MutableBytes out = answer.data.resize(static_cast<std::size_t>(range.length));
  Status status = replica->read(range.offset, out);
  if (!status.ok()) host.suspect(header.block.id);
  return status;
}

}  // namespace dfs::http
