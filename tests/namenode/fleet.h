// Blocks with real DataNode machines: their messages are lost and delayed, their tasks take time,
// they crash and come back, their replicas rot. Everything comes from one seed.
//
// What is true is on the pretended disks; check() says what is wrong there when all has come to
// rest.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "adapters/sqlite/store.h"
#include "core/datanode/datanode.h"
#include "core/namenode/blocks.h"

namespace dfs::namenode {

class Fleet {
 public:
  Fleet(std::uint64_t seed, std::uint64_t nodes);

  // A random deed: a write, a delete, a crash, a restart, rot, a partition, another replication.
  void trouble();
  void write();
  // Everybody is up and reachable again, and nothing is lost any more.
  void calm();
  // Ticks of 100 ms.
  void run(Duration time);

  // What is wrong now, one line each.
  [[nodiscard]] std::vector<std::string> check() const;
  // What went wrong on the way: deletions of a last copy.
  [[nodiscard]] const std::vector<std::string>& violations() const { return violations_; }
  // Orders to copy or to quarantine so far.
  [[nodiscard]] std::uint64_t disturbances() const { return disturbances_; }
  [[nodiscard]] std::size_t blocks() const { return wanted_.size(); }

 private:
  struct Disk {
    std::map<BlockId, bool> current;  // whether it is rotten
    std::map<BlockId, bool> quarantine;
    datanode::Identity identity;
  };
  struct Message {
    std::int64_t due = 0;  // tick
    std::uint64_t number = 0;
    wire::Request request;
  };
  struct Task {
    std::int64_t due = 0;
    datanode::StartTask task;
  };
  struct Machine {
    NodeId id;
    Disk disk;
    std::unique_ptr<datanode::DataNode> process;  // nullptr: down
    std::uint64_t starts = 0;
    bool reachable = true;
    std::vector<Message> messages;
    std::vector<Task> tasks;
  };

  void start(Machine& machine);
  void start_namenode();
  void step();
  void carry_out(Machine& machine, datanode::EffectList& effects);
  void deliver(Machine& machine);
  void work(Machine& machine);
  wire::Reply answer(const wire::Request& request);
  wire::Reply answer_register(const wire::Register& request);
  Status done(Machine& machine, const datanode::StartTask& task);
  Status copy(Machine& machine, const wire::Order& order);
  Status move_to_quarantine(Machine& machine, BlockId block);
  void purge(Machine& machine, BlockId block);
  void forget();
  void rot();
  void set_replication();
  Machine& some_machine() { return machines_[draws_.below(machines_.size())]; }
  [[nodiscard]] std::uint64_t good_copies(BlockId block) const;
  void applied(const Effects& effects, const RequestCommand& command);

  Random draws_;
  std::uint64_t losses_ = 10;  // percent of messages
  Config config_;
  sqlite::SqliteStore store_;
  std::unique_ptr<Blocks> blocks_;
  std::uint64_t starts_ = 0;
  std::vector<Machine> machines_;
  std::map<BlockId, std::uint32_t> wanted_;  // committed blocks and their replication
  std::vector<std::string> violations_;
  std::uint64_t disturbances_ = 0;
  std::int64_t tick_ = 0;
  Now now_{Instant{1'000'000}, WallTime{1'000}};
};

}  // namespace dfs::namenode
