// The byte stream of one connection under cpp-httplib's parser, and the bodies read from it.
//
// Reads go through a 256 KiB buffer that belongs to the worker thread and not to the connection, so
// that idle connections have none; small writes are gathered, so that an answer's head and body
// leave in one segment; big ones go straight through. Bodies bypass cpp-httplib: pieces of 256 KiB
// are received in place with one system call.
#pragma once

#include <httplib.h>

#include "adapters/http/connection_loop.h"
#include "adapters/http/httplib_bridge.h"

namespace dfs::http {

// Memory of a worker, kept from connection to connection. Untouched pages cost nothing.
struct WorkerBuffers {
  std::unique_ptr<std::uint8_t[]> in;
  std::unique_ptr<std::uint8_t[]> assembled;  // chunked bodies only
  std::string out;
};

class HttpStream : public httplib::Stream {
 public:
  HttpStream(Peer& peer, const ServerOptions& options, WorkerBuffers& buffers);

  // For cpp-httplib: heads and answers.
  bool is_readable() const override { return true; }
  bool is_writable() const override { return !failed_; }
  ssize_t read(char* data, size_t size) override;
  ssize_t write(const char* data, size_t size) override;
  void get_remote_ip_and_port(std::string& ip, int& port) const override;
  void get_local_ip_and_port(std::string& ip, int& port) const override;
  // It is asked only to refuse descriptors above FD_SETSIZE, which nothing here selects on.
  socket_t socket() const override { return 0; }

  // Resets the limits of a head.
  void begin_request();
  [[nodiscard]] bool head_too_long() const { return head_left_ == 0; }
  // Sends what was gathered.
  bool flush();
  [[nodiscard]] std::size_t buffered() const { return end_ - begin_; }
  // Ends an exchange whose input was not read to its end: says that nothing more will be sent and
  // discards what comes for a moment, so that a reset does not destroy the answer on its way.
  void linger();

  // At least 1 byte of the body unless the stream has ended (0).
  [[nodiscard]] Result<std::size_t> read_some(MutableBytes out);
  // A view of the next `size` bytes, at most 256 KiB; shorter only at the end of the stream.
  [[nodiscard]] Result<Bytes> read_in_place(std::size_t size);
  // One line without its end, at most `limit` bytes.
  [[nodiscard]] Result<std::string> read_line(std::size_t limit);
  [[nodiscard]] Status send_now(std::string_view text);
  [[nodiscard]] int fd() const { return peer_.socket.fd(); }
  [[nodiscard]] const ServerOptions& options() const { return options_; }
  [[nodiscard]] WorkerBuffers& buffers() { return buffers_; }

 private:
  [[nodiscard]] bool refill(Instant deadline);

  Peer& peer_;
  const ServerOptions& options_;
  WorkerBuffers& buffers_;
  std::size_t begin_ = 0;  // of what was received and not read yet
  std::size_t end_ = 0;
  std::size_t head_left_ = 0;
  Instant head_deadline_;
  bool failed_ = false;
};

// A request's body on an HttpStream.
class StreamBody : public Body {
 public:
  StreamBody(HttpStream& stream, const Framing& framing, bool awaits_continue);

  [[nodiscard]] std::optional<std::uint64_t> length() const override;
  [[nodiscard]] Status receive(const std::function<bool(Bytes)>& sink) override;

  // Discards the rest within the server's limits. False: some of it is left, or may still come.
  [[nodiscard]] bool drain();

 private:
  [[nodiscard]] Status receive_sized(const std::function<bool(Bytes)>& sink);
  [[nodiscard]] Status receive_chunked(const std::function<bool(Bytes)>& sink);
  [[nodiscard]] Status next_chunk();
  [[nodiscard]] Status skip_trailer();

  HttpStream& stream_;
  const Framing framing_;
  std::uint64_t left_;  // of the body, or of the chunk
  bool first_chunk_ = true;
  bool ended_;  // read to its end
  bool failed_ = false;
  bool awaits_continue_;  // the client waits for "100 Continue"
};

}  // namespace dfs::http
