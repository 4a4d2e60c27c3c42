// The simulated network: connections between processes, over links that delay, lose and reset.
//
// Messages of one connection and direction arrive in order; messages of different connections
// overtake each other. Every draw is keyed by (seed, link, message number on the link), so leaving
// out one message changes nothing for the other links. A message to a process that is gone, or over
// a cut link, never arrives; who waits for an answer has a time limit of its own. A client that
// gives up or is killed takes back nothing that it has sent: its machine still delivers it, at any
// later time, and then the break. A power loss takes what has not left the machine. A reset breaks
// the connection for both ends: the sender cannot know whether its last message arrived. A body may
// trickle, end in its middle or arrive with a bit changed; a half-open connection swallows what is
// sent and tells nobody.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "adapters/sim/message.h"
#include "adapters/sim/process.h"
#include "core/base/random.h"

namespace dfs::sim {

// What one who has waited for an answer long enough concludes.
[[nodiscard]] inline Status no_answer() { return {Code::kTimedOut, "no answer in time"}; }

using ConnectionId = std::uint64_t;

// A process that talks. Called only while it is up and not paused.
class Endpoint {
 public:
  virtual ~Endpoint() = default;
  virtual Process& process() = 0;
  virtual void on_message(ConnectionId connection, Message&& message) = 0;
  // The connection is over. `sent`: whether something that this side sent may have arrived.
  virtual void on_broken(ConnectionId connection, const Status& status, bool sent) = 0;
};

struct NetworkOptions {
  std::int64_t latency_us = 200;             // typical, one way
  bool spread = true;                        // around it; false: always the typical one
  std::int64_t tail_us = 20'000;             // up to this much more …
  std::uint32_t tail_per_mille = 10;         // … for so many messages
  std::int64_t far_tail_us = 3'000'000;      // and up to this much …
  std::uint32_t far_tail_per_million = 100;  // … for so many
  std::uint32_t loss_per_million = 0;        // messages that vanish
  std::uint32_t reset_per_million = 0;       // messages at which the connection is reset
  std::uint32_t slow_per_million = 0;        // messages from which on the connection trickles
  std::int64_t trickle_us = 500'000;         // up to this much more between its messages
  std::uint32_t truncate_per_million = 0;    // bodies that end in their middle
  std::uint32_t half_open_per_million = 0;   // messages from which on nothing arrives
  std::uint32_t flip_per_million = 0;        // data of which a bit changes that TCP does not see
  std::uint64_t bytes_per_ms = 100'000;
};

// Is told of every message just before it is taken in; changes nothing.
using MessageListener =
    std::function<void(ConnectionId connection, Address from, Address to, const Message& message)>;

struct NetworkCounts {
  std::uint64_t messages = 0;
  std::uint64_t delayed = 0;  // by the far tail
  std::uint64_t lost = 0;
  std::uint64_t resets = 0;
  std::uint64_t cut = 0;  // messages that ran into a partition
  std::uint64_t slow = 0;
  std::uint64_t truncated = 0;
  std::uint64_t half_open = 0;
  std::uint64_t flipped = 0;
};

class Network {
 public:
  Network(EventQueue& queue, Random random, NetworkOptions options)
      : queue_(queue), random_(random), options_(options) {}

  void attach(Endpoint& endpoint);

  [[nodiscard]] ConnectionId connect(Address from, Address to);
  // Nothing happens if the connection is over.
  void send(ConnectionId connection, Address sender, Message&& message);
  // The exchange is done with: both ends forget the connection, nobody is told.
  void finish(ConnectionId connection);
  // One end gives up; the other hears of it if it can, a server after all that was sent to it.
  void abort(ConnectionId connection, Address side);
  // The process died, which is giving up all of its connections. `silent`: its machine lost power,
  // so nobody is told.
  void died(Address process, bool silent);
  // A process that died silently answers again.
  void came_back(Address process) { dark_.erase(process); }

  // One-way partitions. Cutting twice is cutting once.
  void cut(Address from, Address to) { cut_.insert({from, to}); }
  void mend(Address from, Address to) { cut_.erase({from, to}); }
  [[nodiscard]] bool is_cut(Address from, Address to) const { return cut_.contains({from, to}); }
  // Adds to the latency of a link until the given time.
  void clog(Address from, Address to, Duration more, Instant until);
  // No more loss, resets, cuts, clogs, broken bodies and flipped bits; long delays stay within the
  // short tail.
  void heal();

  void listen(MessageListener listener) { listener_ = std::move(listener); }

  [[nodiscard]] const NetworkCounts& counts() const { return counts_; }
  [[nodiscard]] std::size_t open_connections() const { return connections_.size(); }

 private:
  using LinkKey = std::pair<Address, Address>;
  struct Link {
    std::uint64_t messages = 0;
    Duration more;
    Instant more_until;
  };
  struct Side {
    Address address = 0;
    std::uint64_t incarnation = 0;  // 0: has not accepted yet
    Instant last_arrival;           // of messages to this side
    bool heard = false;             // something arrived here
  };
  struct Connection {
    Side client;
    Side server;
    Duration trickle;            // between two messages
    bool half_open = false;      // nothing arrives any more
    bool client_gone = false;    // what it sent is still delivered, and then all is over
    Instant dark_from = kNever;  // the gone client's machine lost power then
  };
  // How long a message takes.
  struct Delay {
    Duration waits;    // in its sender's machine
    Duration travels;  // through the network
  };

  // From its first byte to its last.
  [[nodiscard]] Duration time_on_wire(const Message& message) const;
  [[nodiscard]] Delay latency(const Link& link, const Message& message, Random& draw);
  void put_down(ConnectionId id, Connection& connection, Side& receiver, Delay delay,
                Message&& message);
  void reset_after(ConnectionId id, Duration delay);
  void deliver(ConnectionId id, Address to, Instant left, std::unique_ptr<Message> message);
  void client_left(ConnectionId id, Connection& connection, bool silent);
  // Tells `side`, after a latency, that the connection broke.
  void tell_broken(ConnectionId id, const Side& side, Address other, Status status, bool sent);
  [[nodiscard]] Endpoint& endpoint(Address address) { return *endpoints_.at(address); }

  EventQueue& queue_;
  Random random_;
  NetworkOptions options_;
  std::map<Address, Endpoint*> endpoints_;
  std::map<LinkKey, Link> links_;
  std::set<LinkKey> cut_;
  std::set<Address> dark_;  // without power: nobody is told anything
  std::map<ConnectionId, Connection> connections_;
  ConnectionId next_connection_ = 1;
  NetworkCounts counts_;
  MessageListener listener_;
};

}  // namespace dfs::sim
