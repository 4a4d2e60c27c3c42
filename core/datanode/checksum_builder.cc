#include "core/datanode/checksum_builder.h"

#include <algorithm>

#include "core/base/crc32c.h"
#include "core/wire/transfer.h"

namespace dfs::datanode {

void ChecksumBuilder::add(Bytes data) {
  while (!data.empty()) {
    const std::uint64_t granule_left = wire::kGranuleBytes - length_ % wire::kGranuleBytes;
    Bytes run = data.first(std::min<std::uint64_t>(data.size(), granule_left));
    data = data.subspan(run.size());
    // Twice over a run that is in the cache is cheaper than combining 128 chunk CRCs.
    granule_ = crc32c(run, granule_);
    while (!run.empty()) {
      const std::uint64_t chunk_left = wire::kChunkBytes - length_ % wire::kChunkBytes;
      const Bytes part = run.first(std::min<std::uint64_t>(run.size(), chunk_left));
      run = run.subspan(part.size());
      chunk_ = crc32c(part, chunk_);
      length_ += part.size();
      if (length_ % wire::kChunkBytes == 0) end_chunk();
    }
    if (length_ % wire::kGranuleBytes == 0) end_granule(wire::kGranuleBytes);
  }
}

void ChecksumBuilder::finish() {
  if (length_ % wire::kChunkBytes != 0) end_chunk();
  if (length_ % wire::kGranuleBytes != 0) end_granule(length_ % wire::kGranuleBytes);
}

void ChecksumBuilder::end_chunk() {
  chunks_.push_back(chunk_);
  chunk_ = 0;
}

void ChecksumBuilder::end_granule(std::uint64_t length) {
  crc_ = crc32c_combine(crc_, granule_, length);
  granules_.push_back(granule_);
  granule_ = 0;
}

}  // namespace dfs::datanode
