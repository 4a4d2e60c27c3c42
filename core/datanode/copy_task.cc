#include "core/datanode/copy_task.h"

#include <algorithm>

#include "core/base/crc32c.h"

namespace dfs::datanode {

CopyTask::CopyTask(const wire::Order& order, std::string cluster,
                   client::BlockReaderOptions options)
    : reader_(order.block, order.sources, cluster, 0, order.block.length, options),
      sidecar_{order.block, std::move(cluster), order.inode, order.index, order.path_hint, {}, {}} {
}

void CopyTask::start(Instant now, CopyEffects& effects) {
  const std::uint64_t length = sidecar_.info.length;
  if (length > kMaxBlockBytes) {
    done_ = true;
    effects.push_back(CopyDone{{Code::kTooLarge, "block " + std::to_string(sidecar_.info.id.value) +
                                                     ": longer than any block may be"}});
    return;
  }
  sidecar_.granule_crcs.resize(wire::granules_of(length));
  sidecar_.chunk_crcs.resize((length + wire::kChunkBytes - 1) / wire::kChunkBytes);
  effects.push_back(OpenTemporary{length});
  client::BlockReaderEffects from;
  reader_.start(now, from);
  take(from, effects);
}

void CopyTask::fetched(std::uint64_t fetch, const wire::RangeHeader& header,
                       std::span<const std::uint32_t> granule_crcs, Bytes data, Instant now,
                       CopyEffects& effects) {
  if (done_) return;
  client::BlockReaderEffects from;
  reader_.fetched(fetch, header, granule_crcs, data, now, from);
  take(from, effects);
}

void CopyTask::fetch_failed(std::uint64_t fetch, const Status& status, Instant now,
                            CopyEffects& effects) {
  if (done_) return;
  client::BlockReaderEffects from;
  reader_.fetch_failed(fetch, status, now, from);
  take(from, effects);
}

void CopyTask::tick(Instant now, CopyEffects& effects) {
  if (done_ || publishing_) return;
  client::BlockReaderEffects from;
  reader_.tick(now, from);
  take(from, effects);
}

void CopyTask::disk_failed(const Status& status, CopyEffects& effects) {
  if (!done_) fail(status, effects);
}

void CopyTask::published(CopyEffects& effects) {
  if (done_ || !publishing_) return;
  done_ = true;
  effects.push_back(CopyDone{});
}

void CopyTask::take(client::BlockReaderEffects& from, CopyEffects& effects) {
  for (client::BlockReaderEffect& effect : from) {
    if (auto* fetch = std::get_if<client::Fetch>(&effect)) {
      effects.push_back(std::move(*fetch));
    } else if (const auto* piece = std::get_if<client::Deliver>(&effect)) {
      write(*piece, effects);
    } else if (const auto* bad = std::get_if<client::FoundBad>(&effect)) {
      effects.push_back(*bad);
    } else {
      read_ended(std::get<client::BlockDone>(effect).status, effects);
    }
  }
}

// A piece of a whole block begins and ends where granules do.
void CopyTask::write(const client::Deliver& piece, CopyEffects& effects) {
  DFS_ASSERT(piece.offset % wire::kGranuleBytes == 0);
  ChecksumBuilder checksums;
  checksums.add(piece.data);
  checksums.finish();
  const auto granule = static_cast<std::ptrdiff_t>(piece.offset / wire::kGranuleBytes);
  const auto chunk = static_cast<std::ptrdiff_t>(piece.offset / wire::kChunkBytes);
  std::copy(checksums.granules().begin(), checksums.granules().end(),
            sidecar_.granule_crcs.begin() + granule);
  std::copy(checksums.chunks().begin(), checksums.chunks().end(),
            sidecar_.chunk_crcs.begin() + chunk);
  written_ += piece.data.size();
  effects.push_back(WriteTemporary{piece.offset, piece.data});
}

void CopyTask::read_ended(const Status& status, CopyEffects& effects) {
  if (!status.ok()) return fail(status, effects);
  std::uint32_t crc = 0;
  std::uint64_t left = sidecar_.info.length;
  for (const std::uint32_t granule : sidecar_.granule_crcs) {
    const std::uint64_t part = std::min(left, wire::kGranuleBytes);
    crc = crc32c_combine(crc, granule, part);
    left -= part;
  }
  if (written_ != sidecar_.info.length || crc != sidecar_.info.crc) {
    return fail({Code::kCorrupt, "block " + std::to_string(sidecar_.info.id.value) +
                                     ": the copy does not match its checksum"},
                effects);
  }
  publishing_ = true;
  effects.push_back(Publish{std::move(sidecar_)});
}

void CopyTask::fail(const Status& status, CopyEffects& effects) {
  done_ = true;
  effects.push_back(DiscardTemporary{});
  effects.push_back(CopyDone{status});
}

}  // namespace dfs::datanode
