// Reads one HTTP/1.1 answer from a socket: the head, then a body of a known length.
//
// Only what our own servers send is understood: Content-Length, no chunks. Heads are bounded at
// 64 KiB. Bytes that arrived with the head are handed out before the socket is read again.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "adapters/http/socket.h"

namespace dfs::http {

class AnswerReader {
 public:
  explicit AnswerReader(int fd) : fd_(fd) {}

  // Skips 1xx answers. kUnavailable when the connection ended before the head did, kTimedOut when
  // it is not there by `deadline`.
  [[nodiscard]] Status read_head(Instant deadline);
  // Fills `out` from the body, which must have that many bytes left.
  [[nodiscard]] Status read_body(MutableBytes out);

  [[nodiscard]] int status() const { return status_; }
  [[nodiscard]] std::uint64_t body_left() const { return body_left_; }
  // The connection may be used again once the body has been read.
  [[nodiscard]] bool stays() const { return stays_; }
  // Whether any byte of an answer has been seen.
  [[nodiscard]] bool began() const { return began_; }

 private:
  [[nodiscard]] Status parse(std::string_view head);
  [[nodiscard]] Status receive_more(Instant deadline);

  int fd_;
  int status_ = 0;
  std::uint64_t body_left_ = 0;
  bool stays_ = false;
  bool began_ = false;
  std::string buffered_;
};

}  // namespace dfs::http
