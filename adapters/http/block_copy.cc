#include "adapters/http/block_copy.h"

#include "adapters/http/block_send.h"
#include "core/datanode/copy_task.h"

namespace dfs::http {
namespace {

// Steps the copy machine, one fetch at a time.
class Copy {
 public:
  Copy(BlockHost& host, const wire::Order& order)
      : host_(host),
        block_(order.block.id),
        identity_(host.identity()),
        task_(order, identity_.cluster, {.parallel = 1}) {}

  Result<datanode::VolumeId> run() {
    datanode::CopyEffects effects;
    task_.start(monotonic_now(), effects);
    for (std::size_t i = 0; i < effects.size(); ++i) {
      const datanode::CopyEffect effect = std::move(effects[i]);
      if (const auto* done = std::get_if<datanode::CopyDone>(&effect)) {
        if (!done->status.ok()) return done->status;
        return volume_;
      }
      if (const auto* bad = std::get_if<client::FoundBad>(&effect)) {
        host_.found_bad(bad->replica);  // also of the last source, with which the copy has failed
      } else if (!task_.done()) {
        carry_out(effect, effects);  // what was asked for before the end is pointless after it
      }
    }
    // Each fetch is answered before the next effect, so the machine has ended.
    DFS_ASSERT(task_.done());
    return {Code::kInternal, "block " + std::to_string(block_.value) + ": the copy hangs"};
  }

 private:
  void carry_out(const datanode::CopyEffect& effect, datanode::CopyEffects& effects) {
    if (const auto* open = std::get_if<datanode::OpenTemporary>(&effect)) {
      Result<disk::Temporary> temporary = host_.store().create(block_, open->length);
      if (!temporary.ok()) return task_.disk_failed(temporary.status(), effects);
      temporary_ = std::move(*temporary);
    } else if (const auto* fetch = std::get_if<client::Fetch>(&effect)) {
      this->fetch(*fetch, effects);
    } else if (const auto* write = std::get_if<datanode::WriteTemporary>(&effect)) {
      const Status status = temporary_->write(write->offset, write->data);
      if (!status.ok()) task_.disk_failed(status, effects);
    } else if (const auto* publish = std::get_if<datanode::Publish>(&effect)) {
      const Result<datanode::VolumeId> volume = host_.store().publish(
          std::move(*temporary_), publish->sidecar, disk::Replaces::kAnyContent);
      if (!volume.ok()) return task_.disk_failed(volume.status(), effects);
      volume_ = *volume;
      task_.published(effects);
    }
  }

  void fetch(const client::Fetch& fetch, datanode::CopyEffects& effects) {
    // Views of the last answer are used up: this fetch was asked for after they were handed out.
    const Status status = fetch.from.node == identity_.node
                              ? read_here(host_, fetch.header, answer_)
                              : host_.peers().read_range(fetch.from.peer, fetch.header, answer_);
    if (status.ok()) {
      task_.fetched(fetch.fetch, answer_.header, answer_.granule_crcs, answer_.data.view(),
                    monotonic_now(), effects);
    } else {
      task_.fetch_failed(fetch.fetch, status, monotonic_now(), effects);
    }
  }

  BlockHost& host_;
  const BlockId block_;
  const datanode::Identity identity_;
  datanode::CopyTask task_;
  std::optional<disk::Temporary> temporary_;  // discarded with the copy
  RangeAnswer answer_;
  datanode::VolumeId volume_ = 0;
};

}  // namespace

Result<datanode::VolumeId> copy_block(BlockHost& host, const wire::Order& order) {
  return Copy(host, order).run();
}

}  // namespace dfs::http
