// Pulls a block from its other replicas, verified granule by granule, and makes a replica of it
// here: the machine behind a kCopy order.
//
// Reads as every reader does (core/client/block_reader.h), so it also makes a whole replica of
// several rotten ones, this node's own among them. Pieces are written where they belong as they
// come; nothing is published whose granules do not combine to the committed CRC.
//
// The owner carries the effects out in order, at once; Fetch and Publish may take their time.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "core/client/block_reader.h"
#include "core/datanode/receiver.h"
#include "core/wire/datanode_messages.h"

namespace dfs::datanode {

struct CopyDone {
  Status status;  // ok: published
};
// FoundBad wants DataNode::found_bad().
using CopyEffect = std::variant<client::Fetch, client::FoundBad, OpenTemporary, WriteTemporary,
                                Publish, DiscardTemporary, CopyDone>;
using CopyEffects = std::vector<CopyEffect>;

class CopyTask {
 public:
  CopyTask(const wire::Order& order, std::string cluster, client::BlockReaderOptions options);

  void start(Instant now, CopyEffects& effects);
  // See BlockReader. WriteTemporary's data is a view of `data`.
  void fetched(std::uint64_t fetch, const wire::RangeHeader& header,
               std::span<const std::uint32_t> granule_crcs, Bytes data, Instant now,
               CopyEffects& effects);
  void fetch_failed(std::uint64_t fetch, const Status& status, Instant now, CopyEffects& effects);
  void tick(Instant now, CopyEffects& effects);
  // Of OpenTemporary, WriteTemporary or Publish.
  void disk_failed(const Status& status, CopyEffects& effects);
  void published(CopyEffects& effects);

  // After CopyDone every input is ignored.
  [[nodiscard]] bool done() const { return done_; }

 private:
  void take(client::BlockReaderEffects& from, CopyEffects& effects);
  void write(const client::Deliver& piece, CopyEffects& effects);
  void read_ended(const Status& status, CopyEffects& effects);
  void fail(const Status& status, CopyEffects& effects);

  client::BlockReader reader_;
  Sidecar sidecar_;
  std::uint64_t written_ = 0;  // bytes
  bool publishing_ = false;
  bool done_ = false;
};

}  // namespace dfs::datanode
