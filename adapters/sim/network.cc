#include "adapters/sim/network.h"

#include <algorithm>

namespace dfs::sim {
namespace {

constexpr std::uint64_t kMillion = 1'000'000;

Status refused() { return {Code::kUnavailable, "connection refused"}; }
Status reset() { return {Code::kUnavailable, "connection reset by peer"}; }

// The block data that it carries; nullptr: none.
Slice* data_of(Message& message) {
  Slice* data = nullptr;
  if (auto* piece = std::get_if<BodyPiece>(&message)) data = &piece->data;
  if (auto* range = std::get_if<RangeAnswer>(&message)) data = &range->data;
  return data == nullptr || data->length == 0 ? nullptr : data;
}

// Leaves out the end of a body. False: there is none. Whoever waits for a range notices that its
// answer ends early (see http::SocketClient).
bool truncate(Message& message, Random& draw) {
  Slice* data = data_of(message);
  if (data == nullptr) return false;
  data->length = draw.below(data->length);
  if (auto* range = std::get_if<RangeAnswer>(&message)) {
    range->status = {Code::kIo, "the connection was closed in mid-answer"};
  }
  return true;
}

template <class Byte>
void flip_one(Byte& byte, Random& draw) {
  byte = static_cast<Byte>(byte ^ (1 << draw.below(8)));
}

// Changes a bit of what has a checksum of its own. False: there is nothing of the kind.
bool flip(Message& message, Random& draw) {
  auto* range = std::get_if<RangeAnswer>(&message);
  if (range != nullptr && !range->granule_crcs.empty() && draw.chance(1, 4)) {
    range->granule_crcs[draw.below(range->granule_crcs.size())] ^= 1u << draw.below(32);
    return true;
  }
  if (Slice* data = data_of(message)) {
    const Bytes whole = data->view();
    std::vector<std::uint8_t> bytes(whole.begin(), whole.end());
    flip_one(bytes[draw.below(bytes.size())], draw);
    *data = {share(std::move(bytes)), 0, whole.size()};
    return true;
  }
  if (auto* journal = std::get_if<JournalPost>(&message)) {
    std::vector<std::string>& lines = journal->append.lines;
    if (lines.empty()) return false;
    std::string& line = lines[draw.below(lines.size())];
    if (line.empty()) return false;
    flip_one(line[draw.below(line.size())], draw);
    return true;
  }
  if (auto* checkpoint = std::get_if<CheckpointPut>(&message)) {
    std::string file = *checkpoint->file;
    if (file.empty()) return false;
    flip_one(file[draw.below(file.size())], draw);
    checkpoint->file = std::make_shared<const std::string>(std::move(file));
    return true;
  }
  return false;
}

std::int64_t below(Random& draw, std::int64_t bound) {
  return bound <= 0 ? 0 : static_cast<std::int64_t>(draw.below(static_cast<std::uint64_t>(bound)));
}

}  // namespace

void Network::attach(Endpoint& endpoint) { endpoints_[endpoint.process().address()] = &endpoint; }

ConnectionId Network::connect(Address from, Address to) {
  Connection connection;
  connection.client = {from, endpoint(from).process().incarnation(), queue_.now(), false};
  connection.server = {to, 0, queue_.now(), false};
  connections_.emplace(next_connection_, connection);
  return next_connection_++;
}

Duration Network::time_on_wire(const Message& message) const {
  return microseconds(static_cast<std::int64_t>(size_of(message) * 1000 / options_.bytes_per_ms));
}

// Far behind is what the network has lost and its sender's machine sends again.
Network::Delay Network::latency(const Link& link, const Message& message, Random& draw) {
  Delay delay;
  std::int64_t us = options_.latency_us;
  if (options_.spread) us = us / 2 + below(draw, us);
  if (draw.chance(options_.tail_per_mille, 1000)) us += below(draw, options_.tail_us);
  if (draw.chance(options_.far_tail_per_million, kMillion)) {
    delay.waits = microseconds(below(draw, options_.far_tail_us));
    ++counts_.delayed;
  }
  us += time_on_wire(message).us;
  if (queue_.now() < link.more_until) us += link.more.us;
  delay.travels = microseconds(us);
  return delay;
}

void Network::send(ConnectionId id, Address sender, Message&& message) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  Connection& connection = found->second;
  if (connection.client_gone) return;
  const bool from_client = connection.client.address == sender;
  Side& receiver = from_client ? connection.server : connection.client;
  const LinkKey key{sender, receiver.address};
  Link& link = links_[key];
  Random draw = random_.fork(sender).fork(receiver.address).fork(link.messages++);
  ++counts_.messages;

  const Delay delay = latency(link, message, draw);
  const bool is_reset = draw.chance(options_.reset_per_million, kMillion);
  const bool arrives = !is_reset || draw.chance(1, 2);
  if (is_cut(sender, receiver.address)) {
    ++counts_.cut;
    return;
  }
  if (draw.chance(options_.loss_per_million, kMillion)) {
    ++counts_.lost;
    return;
  }
  if (draw.chance(options_.half_open_per_million, kMillion)) {
    ++counts_.half_open;
    connection.half_open = true;
  }
  if (connection.half_open) return;
  if (draw.chance(options_.slow_per_million, kMillion)) {
    ++counts_.slow;
    connection.trickle = microseconds(below(draw, options_.trickle_us));
  }
  const bool truncated =
      draw.chance(options_.truncate_per_million, kMillion) && truncate(message, draw);
  if (truncated) ++counts_.truncated;
  if (draw.chance(options_.flip_per_million, kMillion) && flip(message, draw)) ++counts_.flipped;
  if (arrives || truncated) put_down(id, connection, receiver, delay, std::move(message));
  if (is_reset) ++counts_.resets;
  if (is_reset || truncated) {
    reset_after(id, arrives || truncated ? receiver.last_arrival - queue_.now()
                                         : delay.waits + delay.travels);
  }
}

void Network::put_down(ConnectionId id, Connection& connection, Side& receiver, Delay delay,
                       Message&& message) {
  const Duration between = std::max(connection.trickle, time_on_wire(message));
  receiver.last_arrival =
      std::max(receiver.last_arrival + between, queue_.now() + delay.waits + delay.travels);
  queue_.at(receiver.last_arrival,
            [this, id, to = receiver.address, left = receiver.last_arrival - delay.travels,
             message = std::make_unique<Message>(std::move(message))]() mutable {
              deliver(id, to, left, std::move(message));
            });
}

void Network::reset_after(ConnectionId id, Duration delay) {
  queue_.after(delay + microseconds(1), [this, id] {
    const auto again = connections_.find(id);
    if (again == connections_.end()) return;
    const Connection broken = again->second;
    connections_.erase(again);
    if (!broken.client_gone) {
      tell_broken(id, broken.client, broken.server.address, reset(), true);
    }
    tell_broken(id, broken.server, broken.client.address, reset(), true);
  });
}

void Network::deliver(ConnectionId id, Address to, Instant left, std::unique_ptr<Message> message) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  Connection& connection = found->second;
  const bool to_server = connection.server.address == to;
  if (connection.client_gone && (!to_server || left > connection.dark_from)) return;
  Side& receiver = to_server ? connection.server : connection.client;
  const Side sender = to_server ? connection.client : connection.server;
  if (is_cut(sender.address, to) || dark_.contains(to)) {
    ++counts_.cut;
    return;
  }
  Process& process = endpoint(to).process();
  if (to_server && receiver.incarnation == 0) receiver.incarnation = process.incarnation();
  if (!process.up() || process.incarnation() != receiver.incarnation) {
    const bool heard = receiver.heard;
    const bool tell = !connection.client_gone;
    connections_.erase(found);
    if (tell) tell_broken(id, sender, to, heard ? reset() : refused(), heard);
    return;
  }
  receiver.heard = true;
  // A paused process takes it in when it goes on, whatever has become of the connection: its
  // machine has it.
  process.run(receiver.incarnation,
              [this, id, from = sender.address, to, message = std::move(message)]() mutable {
                queue_.trace().add(id);
                hash_message(queue_.trace(), *message);
                if (listener_) listener_(id, from, to, *message);
                endpoint(to).on_message(id, std::move(*message));
              });
}

void Network::tell_broken(ConnectionId id, const Side& side, Address other, Status status,
                          bool sent) {
  if (side.incarnation == 0 || is_cut(other, side.address)) return;
  queue_.after(microseconds(options_.latency_us),
               [this, id, side, status = std::move(status), sent] {
                 Endpoint& told = endpoint(side.address);
                 told.process().run(side.incarnation, [this, id, &told, status, sent] {
                   queue_.trace().add(id);
                   told.on_broken(id, status, sent);
                 });
               });
}

void Network::finish(ConnectionId connection) { connections_.erase(connection); }

// Nothing more is sent or heard by this client; the server is told after the last arrival.
void Network::client_left(ConnectionId id, Connection& connection, bool silent) {
  if (silent) connection.dark_from = std::min(connection.dark_from, queue_.now());
  if (connection.client_gone) return;
  connection.client_gone = true;
  queue_.at(connection.server.last_arrival, [this, id] {
    const auto found = connections_.find(id);
    if (found == connections_.end()) return;
    const Connection over = found->second;
    connections_.erase(found);
    if (over.half_open || over.dark_from != kNever) return;
    tell_broken(id, over.server, over.client.address, reset(), true);
  });
}

void Network::abort(ConnectionId id, Address side) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  if (found->second.client.address == side) return client_left(id, found->second, false);
  const Connection connection = found->second;
  connections_.erase(found);
  if (connection.half_open || connection.client_gone) return;
  tell_broken(id, connection.client, side, reset(), true);
}

void Network::died(Address process, bool silent) {
  if (silent) dark_.insert(process);
  for (auto it = connections_.begin(); it != connections_.end();) {
    const ConnectionId id = it->first;
    if (it->second.client.address == process) {
      client_left(id, it->second, silent);
      ++it;
    } else if (it->second.server.address == process) {
      const Connection connection = it->second;
      it = connections_.erase(it);
      if (silent || connection.half_open || connection.client_gone) continue;
      tell_broken(id, connection.client, process, reset(), connection.server.heard);
    } else {
      ++it;
    }
  }
}

void Network::clog(Address from, Address to, Duration more, Instant until) {
  Link& link = links_[{from, to}];
  link.more = more;
  link.more_until = until;
}

void Network::heal() {
  options_.loss_per_million = 0;
  options_.reset_per_million = 0;
  options_.far_tail_per_million = 0;
  options_.slow_per_million = 0;
  options_.truncate_per_million = 0;
  options_.half_open_per_million = 0;
  options_.flip_per_million = 0;
  cut_.clear();
  for (auto& [key, link] : links_) link.more_until = queue_.now();
}

}  // namespace dfs::sim
