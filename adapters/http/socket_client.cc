#include "adapters/http/socket_client.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "adapters/http/answer_reader.h"
#include "adapters/http/codec.h"
#include "adapters/http/errors.h"
#include "core/wire/json.h"

namespace dfs::http {
namespace {

constexpr std::size_t kMaxAnswer = wire::kMaxMessageBytes;

Status cancelled() { return {Code::kUnavailable, "this process is stopping"}; }

Status at(const std::string& address, const Status& status) {
  return {status.code(), address + ": " + status.message()};
}

// An idle connection must be silent; anything readable is its end or nonsense.
bool silent(int fd) {
  pollfd entry{fd, POLLIN, 0};
  return ::poll(&entry, 1, 0) == 0;
}

std::string head_of(std::string_view method, std::string_view target, const std::string& host) {
  std::string head(method);
  head += " ";
  head += target;
  head += " HTTP/1.1\r\nHost: " + host + "\r\n";
  return head;
}

std::string post_of(const std::string& target, const std::string& host, const std::string& body) {
  return head_of("POST", target, host) +
         "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

// The whole body of an answer that is small by protocol.
Result<std::string> read_small_body(AnswerReader& reader) {
  if (reader.body_left() > kMaxAnswer) return {Code::kTooLarge, "the answer is too large"};
  std::string body(static_cast<std::size_t>(reader.body_left()), '\0');
  const MutableBytes out(reinterpret_cast<std::uint8_t*>(body.data()), body.size());
  if (Status status = reader.read_body(out); !status.ok()) return status;
  return body;
}

// Header, granule CRCs and data of a range answer. The sizes are bounded by what was asked for
// before any memory is taken.
Status read_range_body(AnswerReader& reader, const wire::ReadHeader& asked, RangeAnswer& answer) {
  const auto corrupt = [](const char* what) { return Status(Code::kCorrupt, what); };
  std::array<std::uint8_t, wire::kRangeHeaderBytes> raw{};
  if (reader.body_left() < raw.size()) return corrupt("the range answer is too short");
  if (Status status = reader.read_body(raw); !status.ok()) return status;
  Result<wire::RangeHeader> header = wire::decode_range_header(raw);
  if (!header.ok()) return header.status();
  const wire::GranuleRange range = wire::widen(asked.offset, asked.length, asked.block.length);
  if (header->block != asked.block || header->offset != range.offset ||
      header->length != range.length) {
    return corrupt("the range answer is not of the block and range that were asked for");
  }
  const std::size_t granules = static_cast<std::size_t>(wire::granules_of(asked.block.length));
  if (reader.body_left() != granules * 4 + range.length) {
    return corrupt("the range answer has a wrong length");
  }
  answer.header = *header;
  std::vector<std::uint8_t> crcs(granules * 4);
  if (Status status = reader.read_body(crcs); !status.ok()) return status;
  answer.granule_crcs.resize(granules);
  for (std::size_t i = 0; i < granules; ++i) {
    answer.granule_crcs[i] = get_le32(crcs.data() + i * 4);
  }
  return reader.read_body(answer.data.resize(static_cast<std::size_t>(range.length)));
}

}  // namespace

MutableBytes Buffer::resize(std::size_t size) {
  if (size > capacity_) {
    bytes_ = std::make_unique_for_overwrite<std::uint8_t[]>(size);
    capacity_ = size;
  }
  size_ = size;
  return {bytes_.get(), size_};
}

Connection::Connection(SocketClient& client, std::string address, Socket socket, bool reused)
    : client_(&client), address_(std::move(address)), socket_(std::move(socket)), reused_(reused) {}

Connection::Connection(Connection&& other) noexcept
    : client_(std::exchange(other.client_, nullptr)),
      address_(std::move(other.address_)),
      socket_(std::move(other.socket_)),
      reused_(other.reused_) {}

Connection& Connection::operator=(Connection&& other) noexcept {
  if (this != &other) {
    close();
    client_ = std::exchange(other.client_, nullptr);
    address_ = std::move(other.address_);
    socket_ = std::move(other.socket_);
    reused_ = other.reused_;
  }
  return *this;
}

Connection::~Connection() { close(); }

void Connection::close() {
  if (!socket_) return;
  const std::lock_guard lock(client_->mutex_);
  client_->in_use_.erase(socket_.fd());
  socket_.close();
}

void Connection::release() {
  if (!socket_) return;
  const std::lock_guard lock(client_->mutex_);
  client_->in_use_.erase(socket_.fd());
  auto& idle = client_->idle_[address_];
  if (client_->cancelled_ || idle.size() >= client_->options_.idle_per_address) {
    socket_.close();
    return;
  }
  idle.push_back({std::move(socket_), monotonic_now()});
}

SocketClient::SocketClient(ClientOptions options) : options_(options) {}

SocketClient::~SocketClient() = default;

void SocketClient::cancel() {
  const std::lock_guard lock(mutex_);
  cancelled_ = true;
  idle_.clear();
  for (int fd : in_use_) ::shutdown(fd, SHUT_RDWR);
}

Result<Connection> SocketClient::acquire(const std::string& address, Duration timeout, bool fresh) {
  {
    const std::lock_guard lock(mutex_);
    if (cancelled_) return cancelled();
    const auto found = idle_.find(address);
    while (!fresh && found != idle_.end() && !found->second.empty()) {
      Idle idle = std::move(found->second.back());
      found->second.pop_back();
      if (monotonic_now() - idle.since > options_.idle_limit || !silent(idle.socket.fd())) continue;
      in_use_.insert(idle.socket.fd());
      return Connection(*this, address, std::move(idle.socket), true);
    }
  }
  Result<Socket> socket = connect_to(address, std::min(timeout, options_.connect_timeout));
  if (!socket.ok()) return socket.status();
  const std::lock_guard lock(mutex_);
  if (cancelled_) return cancelled();
  in_use_.insert(socket->fd());
  return Connection(*this, address, std::move(*socket), false);
}

Result<Answer> SocketClient::exchange(const std::string& address, const std::string& message,
                                      Duration timeout, bool& sent) {
  const Instant deadline = monotonic_now() + timeout;
  for (bool fresh = false;; fresh = true) {
    Result<Connection> connection = acquire(address, deadline - monotonic_now(), fresh);
    if (!connection.ok()) return connection.status();
    const int fd = connection->fd();
    set_io_timeout(fd, std::max(deadline - monotonic_now(), milliseconds(1)));
    sent = true;
    AnswerReader reader(fd);
    Status status = send_all(fd, as_bytes(message));
    if (status.ok()) status = reader.read_head(deadline);
    if (!status.ok()) {
      // The server may have closed a kept connection at the moment of its use. Native requests
      // execute once however often they are sent.
      const bool stale = connection->reused() && !reader.began();
      if (stale && status.code() == Code::kUnavailable) continue;
      return at(address, status);
    }
    Result<std::string> body = read_small_body(reader);
    if (!body.ok()) return at(address, body.status());
    if (reader.stays()) connection->release();
    return Answer{reader.status(), std::move(*body)};
  }
}

CallResult SocketClient::call(const std::string& address, const wire::Request& request,
                              Duration timeout) {
  CallResult result;
  Result<Answer> answer = exchange(
      address,
      post_of("/api/v1/" + std::string(method_of(request)), address, encode_request(request)),
      timeout, result.sent);
  if (!answer.ok()) {
    result.reply = answer.status();
    return result;
  }
  if (answer->status == 200) {
    result.reply = decode_reply(request, answer->body);
    result.answered = !std::holds_alternative<Status>(result.reply);
  } else {
    result.reply = error_from_body(answer->status, answer->body);
    result.answered = error_in(answer->body).has_value();
  }
  if (!result.answered) result.reply = at(address, std::get<Status>(result.reply));
  return result;
}

Result<Answer> SocketClient::post(const std::string& address, const std::string& target,
                                  const std::string& body, Duration timeout) {
  bool sent = false;
  return exchange(address, post_of(target, address, body), timeout, sent);
}

Result<Answer> SocketClient::get(const std::string& address, const std::string& target,
                                 Duration timeout) {
  bool sent = false;
  return exchange(address, head_of("GET", target, address) + "\r\n", timeout, sent);
}

Status SocketClient::download(const std::string& address, const std::string& target,
                              const std::function<Status(Bytes)>& take) {
  Result<Connection> connection = acquire(address, options_.connect_timeout, true);
  if (!connection.ok()) return connection.status();
  set_io_timeout(connection->fd(), options_.data_timeout);
  AnswerReader reader(connection->fd());
  const std::string message = head_of("GET", target, address) + "\r\n";
  Status status = send_all(connection->fd(), as_bytes(message));
  if (status.ok()) status = reader.read_head(monotonic_now() + options_.data_timeout);
  if (!status.ok()) return at(address, status);
  if (reader.status() != 200) {
    Result<std::string> body = read_small_body(reader);
    return body.ok() ? error_from_body(reader.status(), *body) : at(address, body.status());
  }
  Buffer buffer;
  while (reader.body_left() > 0) {
    const MutableBytes piece = buffer.resize(
        static_cast<std::size_t>(std::min<std::uint64_t>(kIoBytes, reader.body_left())));
    if (status = reader.read_body(piece); !status.ok()) return at(address, status);
    if (status = take(piece); !status.ok()) return status;
  }
  if (reader.stays()) connection->release();
  return {};
}

Status SocketClient::read_range(const std::string& address, const wire::ReadHeader& header,
                                RangeAnswer& answer) {
  std::string message =
      head_of("GET", "/blocks/v1/" + std::to_string(header.block.id.value), address);
  message += "X-Dfs-Read: " + read_header_value(header) + "\r\n\r\n";
  for (bool fresh = false;; fresh = true) {
    Result<Connection> connection = acquire(address, options_.connect_timeout, fresh);
    if (!connection.ok()) return connection.status();
    set_io_timeout(connection->fd(), options_.data_timeout);
    AnswerReader reader(connection->fd());
    Status status = send_all(connection->fd(), as_bytes(message));
    if (status.ok()) status = reader.read_head(monotonic_now() + options_.data_timeout);
    if (!status.ok()) {
      if (connection->reused() && !reader.began() && status.code() == Code::kUnavailable) continue;
      return at(address, status);
    }
    if (reader.status() != 200) {
      Result<std::string> body = read_small_body(reader);
      if (!body.ok()) return at(address, body.status());
      if (reader.stays()) connection->release();
      return error_from_body(reader.status(), *body);
    }
    status = read_range_body(reader, header, answer);
    // So ends an answer that the DataNode's disk does not let it finish.
    if (status.code() == Code::kUnavailable) status = {Code::kIo, status.message()};
    if (!status.ok()) return at(address, status);
    if (reader.stays()) connection->release();
    return {};
  }
}

Result<Upload> Upload::open(SocketClient& client, const Target& target) {
  const ClientOptions& options = client.options();
  Result<Connection> connection = client.acquire(target.address, options.connect_timeout, true);
  if (!connection.ok()) return connection.status();
  set_io_timeout(connection->fd(), options.data_timeout * target.shares);
  std::string message = head_of("PUT", target.path, target.address);
  message += target.header_name + ": " + target.header_value + "\r\n";
  message += "Content-Length: " + std::to_string(target.length) + "\r\n\r\n";
  Upload upload(std::move(*connection), options.answer_timeout * target.shares);
  if (Status status = upload.send(as_bytes(message)); !status.ok()) return status;
  return upload;
}

Status Upload::send(Bytes data) {
  if (!connection_) return {Code::kUnavailable, "the transfer has failed before"};
  if (!silent(connection_.fd())) {
    return early_answer({Code::kUnavailable, "the transfer was cut short"});
  }
  Status status = send_all(connection_.fd(), data);
  if (status.ok()) return {};
  return early_answer(status);
}

// An answer before the whole body was sent can only be an error; it says more than the broken
// connection that follows it.
Status Upload::early_answer(const Status& otherwise) {
  AnswerReader reader(connection_.fd());
  Status result = otherwise;
  if (reader.read_head(monotonic_now() + seconds(1)).ok() && reader.status() != 200) {
    const Result<std::string> body = read_small_body(reader);
    if (body.ok()) result = error_from_body(reader.status(), *body);
  }
  connection_.close();
  return result;
}

Result<std::string> Upload::finish() {
  if (!connection_) return {Code::kUnavailable, "the transfer has failed before"};
  AnswerReader reader(connection_.fd());
  Status status = reader.read_head(monotonic_now() + answer_timeout_);
  Result<std::string> body = status.ok() ? read_small_body(reader) : Result<std::string>(status);
  if (!body.ok() || !reader.stays()) {
    connection_.close();
  } else {
    connection_.release();
  }
  if (body.ok() && reader.status() != 200) return error_from_body(reader.status(), *body);
  return body;
}

Result<BlockUpload> BlockUpload::open(SocketClient& client, const std::string& address,
                                      const wire::WriteHeader& header) {
  // Each node of the pipeline has its share of time, so that the last one's silence is not blamed
  // on the first.
  Result<Upload> upload =
      Upload::open(client, {address, "/blocks/v1/" + std::to_string(header.block.value),
                            "X-Dfs-Write", write_header_value(header), header.length,
                            static_cast<std::int64_t>(header.targets.size()) + 1});
  if (!upload.ok()) return upload.status();
  return BlockUpload(std::move(*upload));
}

Result<wire::WriteReply> BlockUpload::finish() {
  Result<std::string> body = upload_.finish();
  if (!body.ok()) return body.status();
  return wire::from_json_text<wire::WriteReply>(*body, wire::UnknownKeys::kIgnore);
}

}  // namespace dfs::http
