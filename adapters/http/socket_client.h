// A small blocking HTTP/1.1 client over plain sockets: calls to the NameNode, blocks to and from
// DataNodes. Used by the CLI, by DataNodes towards the NameNode and among DataNodes.
//
// Thread-safe: any number of calls and transfers at once, each on a connection of its own, taken
// from a pool of idle ones. Every wait has a limit. cancel() makes everything under way fail soon,
// and all that comes later at once with kUnavailable.
//
// cpp-httplib's own client receives 4 KiB at a time; block data here moves in 256 KiB pieces, and
// range answers go straight into the caller's buffer.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/http/socket.h"
#include "core/base/bytes.h"
#include "core/base/status.h"
#include "core/base/time.h"
#include "core/wire/requests.h"
#include "core/wire/transfer.h"

namespace dfs::http {

inline constexpr std::size_t kIoBytes = 256 * 1024;

struct ClientOptions {
  Duration connect_timeout = seconds(5);
  // Of block data; for uploads, for each node of the pipeline.
  Duration data_timeout = seconds(20);    // of one send or receive
  Duration answer_timeout = seconds(30);  // from the last byte to the answer (fsync)
  Duration idle_limit = seconds(60);      // below the servers' keep-alive
  std::size_t idle_per_address = 16;
};

// What came of a call to the NameNode.
struct CallResult {
  wire::Reply reply;  // the answer; or the Status that says why there is none
  // `reply` is the server's word, an error included. An answer that cannot be read, or an error
  // that is none of this protocol (a proxy's), is not.
  bool answered = false;
  bool sent = false;  // the request may have arrived
};

struct Answer {
  int status = 0;
  std::string body;
};

// Bytes of a buffer that is grown without being cleared and kept from use to use.
class Buffer {
 public:
  // Makes room for `size` bytes; their content is undefined.
  MutableBytes resize(std::size_t size);
  [[nodiscard]] Bytes view() const { return {bytes_.get(), size_}; }

 private:
  std::unique_ptr<std::uint8_t[]> bytes_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

// A range answer as it came, structurally sound and of the block that was asked for, with the data
// not verified yet: that is client::BlockReader's task.
struct RangeAnswer {
  wire::RangeHeader header;
  std::vector<std::uint32_t> granule_crcs;
  Buffer data;
};

class SocketClient;

// A connection in use. Tells its client of its descriptor, so that cancel() can reach it.
class Connection {
 public:
  Connection() = default;
  Connection(SocketClient& client, std::string address, Socket socket, bool reused);
  Connection(Connection&& other) noexcept;
  Connection& operator=(Connection&& other) noexcept;
  ~Connection();

  [[nodiscard]] int fd() const { return socket_.fd(); }
  [[nodiscard]] bool reused() const { return reused_; }
  [[nodiscard]] explicit operator bool() const { return static_cast<bool>(socket_); }
  void close();
  // Back to the pool; only after a whole answer on a connection that stays.
  void release();

 private:
  SocketClient* client_ = nullptr;
  std::string address_;
  Socket socket_;
  bool reused_ = false;
};

// A body on its way to a server, pushed piece by piece by its owner. On a new connection: a kept
// one may have died unseen, and what was sent on it is not there any more to be sent again.
class Upload {
 public:
  struct Target {
    std::string address;  // "host:port"
    std::string path;
    std::string header_name;  // one header of its own
    std::string header_value;
    std::uint64_t length = 0;  // bytes that must follow
    std::int64_t shares = 1;   // of the time-outs
  };
  [[nodiscard]] static Result<Upload> open(SocketClient& client, const Target& target);

  // kUnavailable and the like when the connection fails; the server's own error when it has
  // answered early.
  [[nodiscard]] Status send(Bytes data);
  // Waits for the answer; its body if it is 200.
  [[nodiscard]] Result<std::string> finish();

 private:
  Upload(Connection connection, Duration answer_timeout)
      : connection_(std::move(connection)), answer_timeout_(answer_timeout) {}
  Status early_answer(const Status& otherwise);

  Connection connection_;
  Duration answer_timeout_;
};

// One block on its way to a DataNode.
class BlockUpload {
 public:
  // `address` is "host:port". header.length bytes must follow.
  [[nodiscard]] static Result<BlockUpload> open(SocketClient& client, const std::string& address,
                                                const wire::WriteHeader& header);

  [[nodiscard]] Status send(Bytes data) { return upload_.send(data); }
  [[nodiscard]] Result<wire::WriteReply> finish();

 private:
  explicit BlockUpload(Upload upload) : upload_(std::move(upload)) {}

  Upload upload_;
};

class SocketClient {
 public:
  explicit SocketClient(ClientOptions options = {});
  ~SocketClient();
  SocketClient(const SocketClient&) = delete;
  SocketClient& operator=(const SocketClient&) = delete;

  // POST /api/v1/<method>. `address` is "host:port".
  [[nodiscard]] CallResult call(const std::string& address, const wire::Request& request,
                                Duration timeout);
  // GET of a small answer of any status: /readyz, /metrics.
  [[nodiscard]] Result<Answer> get(const std::string& address, const std::string& target,
                                   Duration timeout);
  // POST of a small message.
  [[nodiscard]] Result<Answer> post(const std::string& address, const std::string& target,
                                    const std::string& body, Duration timeout);
  // GET of an answer of any size, handed over piece by piece; the server's error if it is one.
  [[nodiscard]] Status download(const std::string& address, const std::string& target,
                                const std::function<Status(Bytes)>& take);
  // GET of a range of a block. Reuses answer's memory. kIo: the disk failed, or whatever else ended
  // the answer early.
  [[nodiscard]] Status read_range(const std::string& address, const wire::ReadHeader& header,
                                  RangeAnswer& answer);

  void cancel();
  [[nodiscard]] const ClientOptions& options() const { return options_; }

 private:
  friend class Connection;
  friend class Upload;
  struct Idle {
    Socket socket;
    Instant since;
  };

  // A pooled connection that is still silent and open, or (also with `fresh`) a new one.
  [[nodiscard]] Result<Connection> acquire(const std::string& address, Duration timeout,
                                           bool fresh);
  [[nodiscard]] Result<Answer> exchange(const std::string& address, const std::string& message,
                                        Duration timeout, bool& sent);

  const ClientOptions options_;
  std::mutex mutex_;
  bool cancelled_ = false;
  std::set<int> in_use_;
  std::map<std::string, std::vector<Idle>> idle_;
};

}  // namespace dfs::http
