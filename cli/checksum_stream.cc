// Implementation of checksum_stream.h: MD5 of CRCs, fed in order.
#define CRYPTOPP_ENABLE_NAMESPACE_WEAK 1
#include "cli/checksum_stream.h"

#include <cryptopp/md5.h>

#include <algorithm>
#include <array>

#include "core/base/crc32c.h"
#include "core/wire/transfer.h"

namespace dfs::cli {
namespace {

using Md5Sum = std::array<std::uint8_t, 16>;

void put_be(std::vector<std::uint8_t>& out, std::uint64_t value, int bytes) {
  for (int i = bytes - 1; i >= 0; --i) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

}  // namespace

struct ChecksumStream::Hash {
  CryptoPP::Weak::MD5 md5;
  Md5Sum finish() {
    Md5Sum sum{};
    md5.Final(sum.data());
    return sum;
  }
};

ChecksumStream::ChecksumStream() : block_hash_(std::make_unique<Hash>()) {}
ChecksumStream::~ChecksumStream() = default;

void ChecksumStream::add(Bytes data) {
  while (!data.empty()) {
    const std::size_t take = std::min<std::size_t>(data.size(), wire::kChunkBytes - chunk_length_);
    chunk_crc_ =
        chunk_length_ == 0 ? crc32c(data.first(take)) : crc32c(data.first(take), chunk_crc_);
    chunk_length_ += take;
    data = data.subspan(take);
    if (chunk_length_ == wire::kChunkBytes) end_chunk();
  }
}

void ChecksumStream::end_chunk() {
  if (chunk_length_ == 0) return;
  const std::array<std::uint8_t, 4> big_endian = {
      static_cast<std::uint8_t>(chunk_crc_ >> 24), static_cast<std::uint8_t>(chunk_crc_ >> 16),
      static_cast<std::uint8_t>(chunk_crc_ >> 8), static_cast<std::uint8_t>(chunk_crc_)};
  block_hash_->md5.Update(big_endian.data(), big_endian.size());
  ++chunks_;
  chunk_length_ = 0;
  chunk_crc_ = 0;
}

void ChecksumStream::end_block() {
  end_chunk();
  const Md5Sum sum = block_hash_->finish();
  block_sums_.insert(block_sums_.end(), sum.begin(), sum.end());
  if (blocks_++ == 0) first_chunks_ = chunks_;
  chunks_ = 0;
}

FileChecksum ChecksumStream::finish() {
  const std::uint64_t crc_per_block = blocks_ > 1 ? first_chunks_ : 0;
  std::size_t padded = 32;
  while (padded < block_sums_.size()) padded *= 2;
  block_sums_.resize(padded);
  Hash whole;
  whole.md5.Update(block_sums_.data(), block_sums_.size());
  const Md5Sum sum = whole.finish();

  std::vector<std::uint8_t> bytes;
  put_be(bytes, blocks_ == 0 ? 0 : wire::kChunkBytes, 4);
  put_be(bytes, crc_per_block, 8);
  bytes.insert(bytes.end(), sum.begin(), sum.end());
  return {blocks_ == 0 ? "MD5-of-0MD5-of-0CRC32"
                       : "MD5-of-" + std::to_string(crc_per_block) + "MD5-of-512CRC32C",
          to_hex(bytes)};
}

}  // namespace dfs::cli
