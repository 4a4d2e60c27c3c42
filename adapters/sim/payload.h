// The bytes of blocks in the simulation, shared by everybody who sends, keeps or reads them.
//
// A block is written once and then passed on, stored, checked and read many times. So nobody copies
// it, and what is computed of all of its bytes is computed once. A file whose bytes change gets a
// payload of its own. Limits: one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "core/base/bytes.h"

namespace dfs::sim {

class Payload {
 public:
  explicit Payload(std::vector<std::uint8_t> bytes) : bytes_(std::move(bytes)) {}

  [[nodiscard]] Bytes view() const { return bytes_; }
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  // CRC32C of the whole.
  [[nodiscard]] std::uint32_t crc() const;
  // Another digest of the whole, which tells apart what has the same CRC.
  [[nodiscard]] std::uint64_t digest() const;

 private:
  std::vector<std::uint8_t> bytes_;
  mutable std::optional<std::uint32_t> crc_;
  mutable std::optional<std::uint64_t> digest_;
};
using SharedBytes = std::shared_ptr<const Payload>;

[[nodiscard]] inline SharedBytes share(std::vector<std::uint8_t> bytes) {
  return std::make_shared<const Payload>(std::move(bytes));
}

// A part of a payload.
struct Slice {
  SharedBytes bytes;  // nullptr: nothing
  std::size_t offset = 0;
  std::size_t length = 0;

  [[nodiscard]] Bytes view() const {
    return bytes == nullptr ? Bytes{} : bytes->view().subspan(offset, length);
  }
  [[nodiscard]] bool whole() const { return bytes != nullptr && length == bytes->size(); }
  [[nodiscard]] std::uint32_t crc() const;
  // The slice that `part`, a view into this one, is of.
  [[nodiscard]] Slice of(Bytes part) const;
};

// The content of a file: the first bytes of a payload.
class FileBytes {
 public:
  [[nodiscard]] Slice slice(std::size_t offset, std::size_t length) const;
  [[nodiscard]] Slice all() const { return {payload_, 0, size_}; }
  [[nodiscard]] Bytes view() const { return all().view(); }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::uint32_t crc() const { return all().crc(); }
  [[nodiscard]] std::uint64_t digest() const;

  // What follows its end in the payload that it is made of costs nothing. Zeros fill a gap.
  void write(std::size_t offset, const Slice& data);
  void write(std::size_t offset, Bytes data);
  void resize(std::size_t size);
  // Changes a byte, a few or all of them; F takes a MutableBytes.
  template <class F>
  void change(F&& f) {
    std::vector<std::uint8_t> bytes = copy();
    f(MutableBytes(bytes));
    become(std::move(bytes));
  }

 private:
  [[nodiscard]] std::vector<std::uint8_t> copy() const;
  void become(std::vector<std::uint8_t> bytes);

  SharedBytes payload_;
  std::size_t size_ = 0;
};

}  // namespace dfs::sim
