#include "core/datanode/sidecar.h"

#include <algorithm>

#include "core/base/crc32c.h"
#include "core/wire/transfer.h"

namespace dfs::datanode {
namespace {

constexpr std::uint32_t kMagic = 0x53534644;  // "DFSS"
constexpr std::uint32_t kVersion = 1;
constexpr std::uint64_t kCrcBytes = 4;

std::uint64_t chunks_of(std::uint64_t length) {
  return (length + wire::kChunkBytes - 1) / wire::kChunkBytes;
}

Status corrupt(const char* what) { return {Code::kCorrupt, std::string("sidecar: ") + what}; }

// At most `limit` bytes of `text`, not cut within a UTF-8 character.
std::string_view bounded(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return text;
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xc0u) == 0x80u) --limit;
  return text.substr(0, limit);
}

void append32(std::vector<std::uint8_t>& out, std::uint32_t value) {
  out.resize(out.size() + 4);
  put_le32(out.data() + out.size() - 4, value);
}
void append64(std::vector<std::uint8_t>& out, std::uint64_t value) {
  out.resize(out.size() + 8);
  put_le64(out.data() + out.size() - 8, value);
}
void append_text(std::vector<std::uint8_t>& out, std::string_view text) {
  const Bytes bytes = as_bytes(text);
  out.insert(out.end(), bytes.begin(), bytes.end());
}

void append_section(std::vector<std::uint8_t>& out, const std::vector<std::uint32_t>& crcs) {
  const std::size_t begin = out.size();
  for (const std::uint32_t crc : crcs) append32(out, crc);
  append32(out, crc32c(Bytes(out).subspan(begin)));
}

// Reads `count` CRCs and the section's own; false if it is cut short or damaged.
bool read_section(Bytes bytes, std::uint64_t count, std::vector<std::uint32_t>& crcs) {
  const std::uint64_t size = count * kCrcBytes;
  if (bytes.size() < size + kCrcBytes) return false;
  if (crc32c(bytes.first(size)) != get_le32(bytes.data() + size)) return false;
  crcs.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) crcs.push_back(get_le32(bytes.data() + i * kCrcBytes));
  return true;
}

// The CRC of `length` bytes of which `crcs` are the CRCs of each `unit`.
std::uint32_t combined(const std::uint32_t* crcs, std::uint64_t length, std::uint64_t unit) {
  std::uint32_t crc = 0;
  for (; length > 0; ++crcs) {
    const std::uint64_t part = std::min(length, unit);
    crc = crc32c_combine(crc, *crcs, part);
    length -= part;
  }
  return crc;
}

bool chunks_match_granules(const Sidecar& sidecar) {
  constexpr std::uint64_t kChunksOfAGranule = wire::kGranuleBytes / wire::kChunkBytes;
  for (std::uint64_t i = 0; i < sidecar.granule_crcs.size(); ++i) {
    const std::uint64_t length =
        std::min(wire::kGranuleBytes, sidecar.info.length - i * wire::kGranuleBytes);
    const std::uint32_t* chunks = sidecar.chunk_crcs.data() + i * kChunksOfAGranule;
    if (combined(chunks, length, wire::kChunkBytes) != sidecar.granule_crcs[i]) return false;
  }
  return true;
}

}  // namespace

std::vector<std::uint8_t> encode_sidecar(const Sidecar& sidecar) {
  const std::string_view cluster = bounded(sidecar.cluster, kMaxClusterBytes);
  const std::string_view path = bounded(sidecar.path_hint, kMaxPathHintBytes);
  DFS_ASSERT(sidecar.granule_crcs.size() == wire::granules_of(sidecar.info.length));
  DFS_ASSERT(sidecar.chunk_crcs.size() == chunks_of(sidecar.info.length));
  std::vector<std::uint8_t> out;
  out.reserve(layout_of(sidecar).total());
  append32(out, kMagic);
  append32(out, kVersion);
  append64(out, sidecar.info.id.value);
  append64(out, sidecar.info.length);
  append32(out, sidecar.info.crc);
  append64(out, sidecar.inode.value);
  append64(out, sidecar.index);
  append32(out, static_cast<std::uint32_t>(sidecar.granule_crcs.size()));
  append32(out, static_cast<std::uint32_t>(sidecar.chunk_crcs.size()));
  append32(out, static_cast<std::uint32_t>(cluster.size()));
  append32(out, static_cast<std::uint32_t>(path.size()));
  append_text(out, cluster);
  append_text(out, path);
  append32(out, crc32c(out));
  append_section(out, sidecar.granule_crcs);
  append_section(out, sidecar.chunk_crcs);
  return out;
}

SidecarLayout layout_of(const Sidecar& sidecar) {
  SidecarLayout layout;
  layout.head = kSidecarFixedBytes + bounded(sidecar.cluster, kMaxClusterBytes).size() +
                bounded(sidecar.path_hint, kMaxPathHintBytes).size() + kCrcBytes;
  layout.granules = wire::granules_of(sidecar.info.length) * kCrcBytes + kCrcBytes;
  layout.chunks = chunks_of(sidecar.info.length) * kCrcBytes + kCrcBytes;
  return layout;
}

Result<Sidecar> decode_sidecar_head(Bytes bytes) {
  if (bytes.size() < kSidecarFixedBytes + kCrcBytes) return corrupt("cut short");
  const std::uint8_t* in = bytes.data();
  if (get_le32(in) != kMagic) return corrupt("not a sidecar");
  if (get_le32(in + 4) != kVersion) return corrupt("of a format that this version cannot read");
  Sidecar sidecar;
  sidecar.info.id.value = get_le64(in + 8);
  sidecar.info.length = get_le64(in + 16);
  sidecar.info.crc = get_le32(in + 24);
  sidecar.inode.value = get_le64(in + 28);
  sidecar.index = get_le64(in + 36);
  const std::uint64_t granules = get_le32(in + 44);
  const std::uint64_t chunks = get_le32(in + 48);
  const std::size_t cluster = get_le32(in + 52);
  const std::size_t path = get_le32(in + 56);
  if (cluster > kMaxClusterBytes || path > kMaxPathHintBytes) return corrupt("malformed head");
  const std::size_t size = kSidecarFixedBytes + cluster + path;
  if (bytes.size() < size + kCrcBytes) return corrupt("cut short");
  if (crc32c(bytes.first(size)) != get_le32(in + size)) return corrupt("its checksum is wrong");
  if (sidecar.info.length > kMaxBlockBytes || !sidecar.info.id ||
      granules != wire::granules_of(sidecar.info.length) ||
      chunks != chunks_of(sidecar.info.length)) {
    return corrupt("malformed head");
  }
  sidecar.cluster = as_text(bytes.subspan(kSidecarFixedBytes, cluster));
  sidecar.path_hint = as_text(bytes.subspan(kSidecarFixedBytes + cluster, path));
  return sidecar;
}

Result<Sidecar> decode_sidecar_for_reading(Bytes bytes) {
  Result<Sidecar> sidecar = decode_sidecar_head(bytes);
  if (!sidecar.ok()) return sidecar;
  const std::uint64_t length = sidecar->info.length;
  if (!read_section(bytes.subspan(layout_of(*sidecar).head), wire::granules_of(length),
                    sidecar->granule_crcs)) {
    return corrupt("its granule checksums are damaged");
  }
  if (combined(sidecar->granule_crcs.data(), length, wire::kGranuleBytes) != sidecar->info.crc) {
    return corrupt("its granule checksums do not agree with the block's");
  }
  return sidecar;
}

Result<Sidecar> decode_sidecar(Bytes bytes) {
  Result<Sidecar> sidecar = decode_sidecar_for_reading(bytes);
  if (!sidecar.ok()) return sidecar;
  const SidecarLayout layout = layout_of(*sidecar);
  if (bytes.size() != layout.total() ||
      !read_section(bytes.subspan(layout.head + layout.granules), chunks_of(sidecar->info.length),
                    sidecar->chunk_crcs)) {
    return corrupt("its chunk checksums are damaged");
  }
  if (!chunks_match_granules(*sidecar)) {
    return corrupt("its chunk checksums do not agree with the block's");
  }
  return sidecar;
}

}  // namespace dfs::datanode
