// Empty without OwnEngine: httplib::Stream has other virtual functions in later versions.
#if defined(DFS_OWN_ENGINE)

#include "adapters/http/http_stream.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "adapters/http/socket_client.h"

namespace dfs::http {
namespace {

constexpr std::size_t kMaxRequestHead = 64 * 1024;
constexpr std::size_t kGathered = 64 * 1024;
constexpr std::size_t kMaxChunkLine = 1024;

Status cut_short() {
  return {Code::kUnavailable, "the connection ended in the middle of the request's body"};
}

}  // namespace

HttpStream::HttpStream(Peer& peer, const ServerOptions& options, WorkerBuffers& buffers)
    : peer_(peer), options_(options), buffers_(buffers) {
  if (!buffers_.in) buffers_.in = std::make_unique_for_overwrite<std::uint8_t[]>(kIoBytes);
  buffers_.out.clear();
}

void HttpStream::begin_request() {
  head_left_ = kMaxRequestHead;
  head_deadline_ = monotonic_now() + options_.head_timeout;
}

bool HttpStream::refill(Instant deadline) {
  begin_ = end_ = 0;
  for (;;) {
    const ssize_t n = ::recv(fd(), buffers_.in.get(), kIoBytes, MSG_DONTWAIT);
    if (n > 0) {
      end_ = static_cast<std::size_t>(n);
      return true;
    }
    if (n == 0) return false;
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) return false;
    if (!wait_readable(fd(), deadline - monotonic_now())) return false;
  }
}

ssize_t HttpStream::read(char* data, size_t size) {
  if (head_left_ == 0) return -1;
  if (begin_ == end_ && !refill(head_deadline_)) return 0;
  const std::size_t n = std::min({size, end_ - begin_, head_left_});
  std::memcpy(data, buffers_.in.get() + begin_, n);
  begin_ += n;
  head_left_ -= n;
  return static_cast<ssize_t>(n);
}

ssize_t HttpStream::write(const char* data, size_t size) {
  if (failed_) return -1;
  if (buffers_.out.size() + size <= kGathered) {
    buffers_.out.append(data, size);
    return static_cast<ssize_t>(size);
  }
  if (!flush()) return -1;
  if (!send_all(fd(), as_bytes({data, size})).ok()) {
    failed_ = true;
    return -1;
  }
  return static_cast<ssize_t>(size);
}

bool HttpStream::flush() {
  if (!failed_ && !buffers_.out.empty()) failed_ = !send_all(fd(), as_bytes(buffers_.out)).ok();
  buffers_.out.clear();
  return !failed_;
}

void HttpStream::get_remote_ip_and_port(std::string& ip, int& port) const {
  ip = peer_.remote_host;
  port = peer_.remote_port;
}

void HttpStream::get_local_ip_and_port(std::string& ip, int& port) const {
  ip.clear();
  port = 0;
}

void HttpStream::linger() {
  ::shutdown(fd(), SHUT_WR);
  const Instant deadline = monotonic_now() + options_.drain_time;
  std::uint64_t left = options_.drain_bytes;
  while (left > 0 && refill(deadline)) left -= std::min<std::uint64_t>(left, end_);
  begin_ = end_ = 0;
}

Result<std::size_t> HttpStream::read_some(MutableBytes out) {
  if (begin_ == end_) {
    if (out.size() >= kIoBytes / 4) return receive(fd(), out, true);
    Result<std::size_t> got = receive(fd(), {buffers_.in.get(), kIoBytes});
    if (!got.ok()) return got;
    begin_ = 0;
    end_ = *got;
  }
  const std::size_t n = std::min(out.size(), end_ - begin_);
  std::memcpy(out.data(), buffers_.in.get() + begin_, n);
  begin_ += n;
  return n;
}

Result<Bytes> HttpStream::read_in_place(std::size_t size) {
  DFS_ASSERT(size <= kIoBytes);
  std::uint8_t* in = buffers_.in.get();
  if (end_ - begin_ < size) {
    std::memmove(in, in + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    Result<std::size_t> got = receive(fd(), {in + end_, size - end_}, true);
    if (!got.ok()) return got.status();
    end_ += *got;
  }
  const Bytes view(in + begin_, std::min(size, end_ - begin_));
  begin_ += view.size();
  return view;
}

Result<std::string> HttpStream::read_line(std::size_t limit) {
  std::string line;
  while (line.size() <= limit + 1) {  // with its carriage return
    std::uint8_t byte = 0;
    Result<std::size_t> got = read_some({&byte, 1});
    if (!got.ok()) return got.status();
    if (*got == 0) return cut_short();
    if (byte == '\n') {
      if (!line.empty() && line.back() == '\r') line.pop_back();
      return line;
    }
    line += static_cast<char>(byte);
  }
  return {Code::kInvalidArgument, "malformed chunk"};
}

Status HttpStream::send_now(std::string_view text) { return send_all(fd(), as_bytes(text)); }

StreamBody::StreamBody(HttpStream& stream, const Framing& framing, bool awaits_continue)
    : stream_(stream),
      framing_(framing),
      left_(framing.length),
      ended_(!framing.chunked && framing.length == 0),
      awaits_continue_(awaits_continue) {}

std::optional<std::uint64_t> StreamBody::length() const {
  if (framing_.chunked) return std::nullopt;
  return framing_.length;
}

Status StreamBody::receive(const std::function<bool(Bytes)>& sink) {
  if (ended_) return {};
  if (failed_) return cut_short();
  if (awaits_continue_) {
    awaits_continue_ = false;
    Status status = stream_.send_now("HTTP/1.1 100 Continue\r\n\r\n");
    failed_ = !status.ok();
    if (failed_) return status;
  }
  Status status = framing_.chunked ? receive_chunked(sink) : receive_sized(sink);
  failed_ = !status.ok();
  return status;
}

Status StreamBody::receive_sized(const std::function<bool(Bytes)>& sink) {
  while (left_ > 0) {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, kIoBytes));
    Result<Bytes> piece = stream_.read_in_place(size);
    if (!piece.ok()) return piece.status();
    if (piece->size() < size) return cut_short();
    left_ -= size;
    ended_ = left_ == 0;
    if (!sink(*piece)) return {};
  }
  return {};
}

Status StreamBody::receive_chunked(const std::function<bool(Bytes)>& sink) {
  auto& memory = stream_.buffers().assembled;
  if (!memory) memory = std::make_unique_for_overwrite<std::uint8_t[]>(kIoBytes);
  std::size_t filled = 0;
  while (!ended_) {
    if (left_ == 0) {
      if (Status status = next_chunk(); !status.ok()) return status;
      continue;
    }
    const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(left_, kIoBytes - filled));
    Result<std::size_t> got = stream_.read_some({memory.get() + filled, want});
    if (!got.ok()) return got.status();
    if (*got == 0) return cut_short();
    left_ -= *got;
    filled += *got;
    if (filled < kIoBytes) continue;
    filled = 0;
    if (!sink({memory.get(), kIoBytes})) return {};
  }
  if (filled > 0) sink({memory.get(), filled});
  return {};
}

// Reads the line before a chunk (and the one that ends the chunk before it).
Status StreamBody::next_chunk() {
  if (!first_chunk_) {
    Result<std::string> end = stream_.read_line(0);
    if (!end.ok()) return end.status();
  }
  first_chunk_ = false;
  Result<std::string> line = stream_.read_line(kMaxChunkLine);
  if (!line.ok()) return line.status();
  const std::string_view digits = std::string_view(*line).substr(0, line->find_first_of("; \t"));
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), left_, 16);
  if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size() ||
      left_ > INT64_MAX) {
    left_ = 0;
    return {Code::kInvalidArgument, "malformed chunk"};
  }
  return left_ == 0 ? skip_trailer() : Status();
}

Status StreamBody::skip_trailer() {
  for (int lines = 0; lines < 64; ++lines) {
    Result<std::string> line = stream_.read_line(kMaxChunkLine);
    if (!line.ok()) return line.status();
    if (line->empty()) {
      ended_ = true;
      return {};
    }
  }
  return {Code::kInvalidArgument, "malformed trailer"};
}

bool StreamBody::drain() {
  if (ended_) return true;
  if (failed_ || awaits_continue_) return false;
  const ServerOptions& options = stream_.options();
  set_io_timeout(stream_.fd(), options.drain_time);
  const Instant deadline = monotonic_now() + options.drain_time;
  std::uint64_t discarded = 0;
  const Status status = receive([&](Bytes data) {
    discarded += data.size();
    return discarded < options.drain_bytes && monotonic_now() < deadline;
  });
  set_io_timeout(stream_.fd(), options.io_timeout);
  return status.ok() && ended_;
}

}  // namespace dfs::http

#endif
