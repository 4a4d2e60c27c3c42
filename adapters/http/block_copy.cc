#include "adapters/http/block_copy.h"

#include "adapters/http/block_send.h"
#include "core/client/block_reader.h"
#include "core/datanode/checksum_builder.h"

namespace dfs::http {
namespace {

// One fetch at a time, in order, so that checksums are computed as bytes pass.
class Copy {
 public:
  Copy(BlockHost& host, const wire::Order& order)
      : host_(host),
        order_(order),
        identity_(host.identity()),
        reader_(order.block, order.sources, identity_.cluster, 0, order.block.length,
                {.parallel = 1}) {}

  Result<datanode::VolumeId> run() {
    Result<disk::Temporary> temporary =
        host_.store().create(order_.block.id, order_.block.length);
    if (!temporary.ok()) return temporary.status();
    temporary_ = std::move(*temporary);
    client::BlockReaderEffects effects;
    reader_.start(monotonic_now(), effects);
    for (std::size_t i = 0; i < effects.size() && !ended_; ++i) {
      const client::BlockReaderEffect effect = std::move(effects[i]);
      if (const auto* fetch = std::get_if<client::Fetch>(&effect)) {
        this->fetch(*fetch, effects);
      } else if (const auto* piece = std::get_if<client::Deliver>(&effect)) {
        write(*piece);
      } else if (const auto* bad = std::get_if<client::FoundBad>(&effect)) {
        if (bad->replica.node == identity_.node) host_.suspect(bad->replica.block);
      } else {
        end(std::get<client::BlockDone>(effect).status);
      }
    }
    DFS_ASSERT(ended_);
    if (!status_.ok()) return status_;
    return publish();
  }

 private:
  void fetch(const client::Fetch& fetch, client::BlockReaderEffects& effects) {
    // Views of the last answer are used up: this fetch was asked for after they were handed out.
    const Status status = fetch.from.node == identity_.node
                              ? read_here(host_, fetch.header, answer_)
                              : host_.peers().read_range(fetch.from.peer, fetch.header, answer_);
    if (status.ok()) {
      reader_.fetched(fetch.fetch, answer_.header, answer_.granule_crcs, answer_.data.view(),
                      monotonic_now(), effects);
    } else {
      reader_.fetch_failed(fetch.fetch, status, monotonic_now(), effects);
    }
  }

  void write(const client::Deliver& piece) {
    DFS_ASSERT(piece.offset == checksums_.length());
    checksums_.add(piece.data);
    if (Status status = temporary_->write(piece.offset, piece.data); !status.ok()) end(status);
  }

  void end(const Status& status) {
    ended_ = true;
    status_ = status;
  }

  Result<datanode::VolumeId> publish() {
    checksums_.finish();
    if (checksums_.length() != order_.block.length || checksums_.crc() != order_.block.crc) {
      return {Code::kCorrupt, "block " + std::to_string(order_.block.id.value) +
                                  ": the copy does not match its checksum"};
    }
    return host_.store().publish(
        std::move(*temporary_),
        {order_.block, identity_.cluster, order_.inode, order_.index, order_.path_hint,
         checksums_.granules(), checksums_.chunks()});
  }

  BlockHost& host_;
  const wire::Order& order_;
  const datanode::Identity identity_;
  client::BlockReader reader_;
  std::optional<disk::Temporary> temporary_;
  datanode::ChecksumBuilder checksums_;
  RangeAnswer answer_;
  bool ended_ = false;
  Status status_;
};

}  // namespace

Result<datanode::VolumeId> copy_block(BlockHost& host, const wire::Order& order) {
  return Copy(host, order).run();
}

}  // namespace dfs::http
