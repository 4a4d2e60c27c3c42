// A simulated NameNode process: the machine, its store on a simulated disk, rounds and commits.
//
// Requests that arrive while a commit is under way wait for the next round. A commit takes effect
// at the end of its latency; a process that dies before leaves it to the disk how much of it
// remains. Replies go out only after the commit that they name. An error of the store ends the
// process (law 9).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "adapters/sim/network.h"
#include "adapters/sim/process.h"
#include "core/namenode/namenode.h"

namespace dfs::sim {

// Follows what a NameNode does, in the order in which it happens. Steps between round_begins() and
// round_ends() belong together.
class NameNodeObserver : public namenode::CommandObserver {
 public:
  // Before the machine's first step; the store is as the last incarnation left it.
  virtual void starts(namenode::Store& store) = 0;
  // About to step with this request.
  virtual void asked(const wire::Request& request) = 0;
  // The machine answered it; the reply may leave after commit `after`. Returns a mark of the
  // observer's own, which it gets back when the reply leaves.
  virtual std::uint64_t answered(const wire::Request& request, const wire::Reply& reply,
                                 namenode::CommitToken after) = 0;
  virtual void released(const wire::Request& request, const wire::Reply& reply,
                        std::uint64_t mark) = 0;
  // A step is done; `rows` of the store were touched in it.
  virtual void stepped(std::uint64_t rows) = 0;
  virtual void committed(namenode::CommitToken token) = 0;
  virtual void died() = 0;
  // The process ended itself, after died(): its disk failed or cannot be trusted, as `line` says.
  virtual void gave_up(const std::string& /*line*/) {}
};

// The store met an error for which a real NameNode ends itself (law 9).
struct StoreDied {
  std::string line;
};

// Where a NameNode's database lies.
class StoreHost {
 public:
  virtual ~StoreHost() = default;
  [[nodiscard]] virtual std::unique_ptr<namenode::Store> open() = 0;
  // The process ends in the middle of commit(), after `steps` writes or syncs of it.
  virtual void die_in_commit(namenode::Store& store, std::uint64_t steps) = 0;
  // The process ends: closing the store writes nothing any more.
  virtual void kill() = 0;
  // The machine loses power: drops or tears what was not synced.
  virtual void power_loss(Random draw) = 0;
  // Less than a reserve of its disk is free.
  [[nodiscard]] virtual bool disk_low() const { return false; }
};

struct NameNodeTimes {
  Duration round = microseconds(50);    // from a request's arrival to its round
  Duration commit = microseconds(300);  // typical …
  bool spread = true;                   // … and by chance around it, sometimes far above
  Duration tick = milliseconds(100);
};

class Shipping;

class NameNodeNode final : public Process, public Endpoint {
 public:
  NameNodeNode(EventQueue& queue, Network& network, Address address, ClockSkew skew,
               namenode::Config config, NameNodeTimes times, StoreHost& host, Random random,
               NameNodeObserver& observer);
  ~NameNodeNode() override;

  void start();
  // `power`: the machine loses power, so the disk loses what was not synced. A process that dies
  // during a commit has carried out `commit_steps` of its writes.
  void die(bool power, std::uint64_t commit_steps);
  // Its history is shipped to DataNodes. Before start(); `shipping` outlives this.
  void ship_by(Shipping& shipping) { shipping_ = &shipping; }
  // Steps the machine in the next round.
  void in_next_round(std::function<void(namenode::NameNode&, namenode::EffectList&)> input);
  // Runs what uses the store; if that dies of it, so does the process.
  void guard(const std::function<void()>& action);

  Process& process() override { return *this; }
  void on_message(ConnectionId connection, Message&& message) override;
  void on_broken(ConnectionId connection, const Status& status, bool sent) override;

  [[nodiscard]] bool committing() const { return committing_; }
  // The open store, for oracles; nullptr while the process is down.
  [[nodiscard]] namenode::Store* store() { return store_.get(); }
  [[nodiscard]] namenode::NameNode* machine() { return machine_.get(); }
  // Changes the settings of the next start.
  [[nodiscard]] namenode::Config& config() { return config_; }

 private:
  struct Waiting {
    ConnectionId connection = 0;
    wire::Request request;
  };
  struct HeldReply {
    ConnectionId connection = 0;
    wire::Request request;
    wire::Reply reply;
    std::uint64_t mark = 0;  // the observer's
  };

  void open();
  void schedule_round();
  void round();
  void schedule_tick();
  void step(const std::function<void(namenode::EffectList&)>& input);
  void carry_out(namenode::EffectList effects);
  [[nodiscard]] Duration commit_time();
  void finish_commit(namenode::CommitToken token);
  void release(HeldReply held);

  Network& network_;
  namenode::Config config_;
  NameNodeTimes times_;
  StoreHost& host_;
  Random random_;
  NameNodeObserver& observer_;
  Shipping* shipping_ = nullptr;

  std::unique_ptr<namenode::Store> store_;
  std::unique_ptr<namenode::NameNode> machine_;
  std::vector<Waiting> arrived_;
  std::vector<std::function<void(namenode::NameNode&, namenode::EffectList&)>> inputs_;
  namenode::RequestToken next_token_ = 1;
  std::map<namenode::RequestToken, Waiting> unanswered_;
  std::map<namenode::CommitToken, std::vector<HeldReply>> held_;
  bool round_scheduled_ = false;
  bool tick_due_ = false;
  bool committing_ = false;
  std::uint64_t commits_ = 0;
};

}  // namespace dfs::sim
