#include "adapters/sim/payload.h"

#include <algorithm>
#include <array>

#include "core/base/assert.h"
#include "core/base/crc32c.h"
#include "core/base/digest.h"

namespace dfs::sim {
namespace {

// A polynomial of the words for each of four lanes, which do not wait for each other, and one
// digest of them all.
std::uint64_t digest_bytes(Bytes data) {
  constexpr std::size_t kLanes = 4;
  constexpr std::size_t kWordBytes = 8;
  constexpr std::uint64_t kBase = 0x9e3779b97f4a7c15;  // odd: no word is ever lost
  std::array<std::uint64_t, kLanes> lanes{};
  std::size_t at = 0;
  for (; at + kLanes * kWordBytes <= data.size(); at += kLanes * kWordBytes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      lanes[lane] = lanes[lane] * kBase + get_le64(data.data() + at + lane * kWordBytes);
    }
  }
  Digest digest;
  digest.add(static_cast<std::uint64_t>(data.size()));
  for (const std::uint64_t lane : lanes) digest.add(lane);
  for (; at < data.size(); ++at) digest.add(std::uint64_t{data[at]});
  return digest.value();
}

}  // namespace

std::uint32_t Payload::crc() const {
  if (!crc_) crc_ = crc32c(view());
  return *crc_;
}

std::uint64_t Payload::digest() const {
  if (!digest_) digest_ = digest_bytes(view());
  return *digest_;
}

std::uint32_t Slice::crc() const { return whole() ? bytes->crc() : crc32c(view()); }

Slice Slice::of(Bytes part) const {
  const auto from = static_cast<std::size_t>(part.data() - bytes->view().data());
  DFS_ASSERT(from >= offset && from + part.size() <= offset + length);
  return {bytes, from, part.size()};
}

Slice FileBytes::slice(std::size_t offset, std::size_t length) const {
  DFS_ASSERT(offset + length <= size_);
  return {payload_, offset, length};
}

std::uint64_t FileBytes::digest() const {
  return all().whole() ? payload_->digest() : digest_bytes(view());
}

void FileBytes::write(std::size_t offset, const Slice& data) {
  const bool goes_on =
      offset == size_ && data.offset == offset && (payload_ == data.bytes || offset == 0);
  if (!goes_on) return write(offset, data.view());
  payload_ = data.bytes;
  size_ += data.length;
}

void FileBytes::write(std::size_t offset, Bytes data) {
  std::vector<std::uint8_t> bytes = copy();
  if (bytes.size() < offset + data.size()) bytes.resize(offset + data.size());
  std::copy(data.begin(), data.end(), bytes.begin() + static_cast<std::ptrdiff_t>(offset));
  become(std::move(bytes));
}

void FileBytes::resize(std::size_t size) {
  std::vector<std::uint8_t> bytes = copy();
  bytes.resize(size);
  become(std::move(bytes));
}

std::vector<std::uint8_t> FileBytes::copy() const {
  const Bytes bytes = view();
  return {bytes.begin(), bytes.end()};
}

void FileBytes::become(std::vector<std::uint8_t> bytes) {
  size_ = bytes.size();
  payload_ = share(std::move(bytes));
}

}  // namespace dfs::sim
