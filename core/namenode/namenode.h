// The NameNode as a machine: requests and time in, replies and commits out (law 3).
//
// One caller at a time (the strand). A round is: any number of request() and tick() calls, then
// flush(). Mutations are applied to the store at once, inside one transaction per round; flush()
// asks for its commit. A reply that could reveal anything undurable names that commit in `after`,
// and the adapter sends it only once the commit is done; if the process dies before, nobody has
// heard of it (law 4). Reads that came before the round's first mutation are free at once.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "core/base/random.h"
#include "core/base/time.h"
#include "core/namenode/command.h"
#include "core/namenode/store.h"
#include "core/wire/requests.h"

namespace dfs::namenode {

struct Config {
  std::string cluster;  // identity to give to a new cluster; an existing one keeps its own
  std::string superuser = "dfs";
  std::uint32_t default_replication = 3;
  std::uint64_t default_block_size = std::uint64_t{128} << 20;
  std::uint64_t min_block_size = std::uint64_t{1} << 20;

  Duration heartbeat_interval = seconds(1);
  Duration suspect_after = seconds(5);  // no new work goes there
  Duration dead_after = seconds(30);    // its replicas are replaced
  Duration lease_limit = seconds(60);
  Duration reader_grace = seconds(600);  // freed blocks stay readable
  Duration request_retention = seconds(1800);
  std::uint64_t max_requests_kept = 1'000'000;  // and the clients of the last minute
  Duration order_timeout = seconds(120);  // an order without a result is forgotten, then remade
  Duration scrub_period = days(14);       // a replica verified within it is trusted
  std::uint32_t max_copies_per_node = 4;  // repair streams a DataNode takes part in
  // With more than this share (percent) of the DataNodes gone at once, wait instead of copying.
  std::uint32_t mass_loss_percent = 50;
  Duration mass_loss_wait = seconds(600);
  std::size_t locate_page = 200;  // blocks in one answer to a reader
  // Of the store, for what the NameNode does by itself; at least 100. Law 11 allows a step 2,000.
  std::uint64_t rows_per_tick = 1900;
  std::size_t noted_blocks = 100'000;  // to look at soon; more are left to the sweep
};

// Identifies a request to the adapter that delivered it.
using RequestToken = std::uint64_t;
// Identifies a commit: rounds are numbered from 1 in each incarnation of the process.
using CommitToken = std::uint64_t;

struct SendReply {
  RequestToken to = 0;
  wire::Reply reply;
  CommitToken after = 0;  // 0: at once
};
// Make the open transaction durable, then call committed(token).
struct Commit {
  CommitToken token = 0;
};
// A batch of commands became durable: hand it on (the metadata's second home, later the replicated
// log), at the positions first … first + commands.size() − 1. Sent only after the commit.
struct Ship {
  Position first = 0;
  std::vector<Command> commands;
};
using Effect = std::variant<SendReply, Commit, Ship>;
using EffectList = std::vector<Effect>;

class NameNode {
 public:
  // `seed` feeds placement and order numbers; different at each start.
  NameNode(Config config, Store& store, Random seed);
  ~NameNode();

  // Formats an empty store, or takes up what is there. First call, once, followed by flush().
  void start(Now now, EffectList& effects);

  void request(RequestToken token, const wire::Request& request, Now now, EffectList& effects);
  // Lets time pass: leases, liveness, repair, reaping. Call it about every 100 ms.
  void tick(Now now, EffectList& effects);
  // Ends a round: emits Commit if anything was applied in it.
  void flush(EffectList& effects);
  // The commit is durable.
  void committed(CommitToken token, EffectList& effects);

  // False while mutations are refused, with the reason in one line: /readyz, tests.
  [[nodiscard]] bool accepts_writes(std::string* why_not = nullptr) const;
  // The adapter knows the disk: with less than the reserve free, mutations other than deletes are
  // refused with kNoSpace (law 9).
  void set_disk_low(bool low);
  // A DataNode keeps a history of `epoch` that is not the beginning of ours, nor ours of it: from
  // now on this one is read-only behind it.
  void newer_history(std::uint64_t epoch, Now now);
  // `observer` outlives the NameNode; nullptr: nobody. Set before start().
  void observe(CommandObserver* observer);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace dfs::namenode
