// Where the bytes of a put come from: a file, read again when a block must be sent again, or a
// stream such as standard input, spooled a block at a time into an unlinked temporary file.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "adapters/http/socket.h"
#include "core/base/bytes.h"
#include "core/base/status.h"

namespace dfs::http {

using FileDescriptor = Socket;  // owns it just the same

struct Prepared {
  std::uint64_t length = 0;
  bool last = false;
};

// read() and release() may be called from several threads, prepare() from one at a time.
class BlockSource {
 public:
  virtual ~BlockSource() = default;

  // Makes up to `at_most` bytes at `offset` readable as block `index`.
  [[nodiscard]] virtual Result<Prepared> prepare(std::uint64_t index, std::uint64_t offset,
                                                 std::uint64_t at_most) = 0;
  // Fills `out` from `at` within block `index`.
  [[nodiscard]] virtual Status read(std::uint64_t index, std::uint64_t at, MutableBytes out) = 0;
  virtual void release(std::uint64_t index) = 0;
  // Makes a prepare() that waits for input fail soon.
  virtual void abort() {}
  // The whole length, if known.
  [[nodiscard]] virtual std::optional<std::uint64_t> length() const = 0;
};

// `length` bytes of a regular file from `begin` on; if it gets shorter, the put fails.
class FileSource : public BlockSource {
 public:
  FileSource(FileDescriptor file, std::string name, std::uint64_t begin, std::uint64_t length);

  Result<Prepared> prepare(std::uint64_t index, std::uint64_t offset,
                           std::uint64_t at_most) override;
  Status read(std::uint64_t index, std::uint64_t at, MutableBytes out) override;
  void release(std::uint64_t index) override;
  std::optional<std::uint64_t> length() const override { return length_; }

 private:
  const FileDescriptor file_;
  const std::string name_;
  const std::uint64_t begin_;
  const std::uint64_t length_;
  std::mutex mutex_;
  std::map<std::uint64_t, std::uint64_t> offsets_;  // of prepared blocks
};

// Reads `stream` once, from its current position to its end.
class StreamSource : public BlockSource {
 public:
  StreamSource(FileDescriptor stream, std::string name);

  Result<Prepared> prepare(std::uint64_t index, std::uint64_t offset,
                           std::uint64_t at_most) override;
  Status read(std::uint64_t index, std::uint64_t at, MutableBytes out) override;
  void release(std::uint64_t index) override;
  void abort() override { aborted_ = true; }
  std::optional<std::uint64_t> length() const override { return std::nullopt; }

 private:
  [[nodiscard]] bool wait_for_input() const;

  const FileDescriptor stream_;
  const std::string name_;
  std::atomic<bool> aborted_ = false;
  std::mutex mutex_;
  std::map<std::uint64_t, std::shared_ptr<FileDescriptor>> spools_;
};

// The source for an opened local file of whatever kind. Regular files that claim to be empty are
// read as streams: those of /proc are not.
[[nodiscard]] Result<std::unique_ptr<BlockSource>> open_source(FileDescriptor file,
                                                               const std::string& name);

}  // namespace dfs::http
