// Where a get puts what it reads: a file that appears under its name only when it is whole, or a
// stream such as standard output.
#pragma once

#include <string>

#include "adapters/http/client_session.h"

namespace dfs::cli {

// Writes to a temporary file beside `path`, of which nothing is left unless publish() is reached.
class LocalFile : public http::ReadSink {
 public:
  LocalFile(std::string path, bool replace);
  ~LocalFile() override;
  LocalFile(const LocalFile&) = delete;
  LocalFile& operator=(const LocalFile&) = delete;

  Status opened(const wire::FileStatus& file) override;
  Status write(std::uint64_t offset, Bytes data) override;
  // Renames it to `path`; without `replace` an existing file is left and is an error.
  [[nodiscard]] Status publish();

 private:
  const std::string path_;
  const bool replace_;
  std::string temporary_;  // "" before and after
  http::FileDescriptor file_;
};

// Takes bytes in order.
class StreamSink : public http::ReadSink {
 public:
  StreamSink(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}
  Status write(std::uint64_t offset, Bytes data) override;

 private:
  const int fd_;
  const std::string name_;
};

// "name: No such file or directory".
[[nodiscard]] Status local_error(const std::string& name, int error);

// Read options that deliver in order, for a StreamSink.
[[nodiscard]] client::ReadOptions in_order(std::string path);

}  // namespace dfs::cli
