// The DataNode as a machine: which replicas it has, what it reports, what it was told to do.
//
// It decides; the owner (adapters/http, adapters/sim) does: disk work and messages are effects, and
// their results come back as inputs. Transfers are machines of their own (receiver.h, copy_task.h);
// this one hears of their ends.
//
// One message to the NameNode is out at a time. History marks are persisted before orders are
// carried out. A replica is never unlinked except from quarantine/ on a purge order (the fence is
// the NameNode's).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/base/random.h"
#include "core/base/time.h"
#include "core/datanode/limits.h"
#include "core/wire/requests.h"
#include "core/wire/transfer.h"

namespace dfs::datanode {

using VolumeId = std::uint32_t;
using TaskId = std::uint64_t;

struct Config {
  std::string uuid;
  std::string incarnation;
  std::string client_address;
  std::string peer_address;
  std::string rack;
  std::string host;
  Duration answer_timeout = seconds(10);   // of a message to the NameNode
  Duration full_report_period = hours(1);  // digests only, unless something differs
  Duration quarantine_keep = hours(24);
  Duration scrub_period = days(7);  // every replica is read once in it; 0: never
  // Between looks at what could not be read at the start: a node may be short of descriptors for
  // minutes, and a bad sector, which stays, keeps its disk busy for seconds at each look.
  Duration unreadable_period = seconds(300);
  std::uint32_t parallel_tasks = 4;
  Limits limits;
};

// What the DataNode's directory remembers of its cluster.
struct Identity {
  std::string cluster;  // "" before the first registration
  NodeId node;
  wire::HistoryMark seen;
};

// A replica found by the start-up scan. Data whose sidecar is missing or damaged is not here: the
// scan moves it aside, counts and logs it.
struct FoundReplica {
  wire::BlockInfo info;
  VolumeId volume = 0;
  bool quarantined = false;
  Duration age;             // in quarantine
  bool unreadable = false;  // in current/, and cannot be read now: info has only its id
};

// POST it to the NameNode; answer with answered() or unanswered().
struct SendToNameNode {
  std::uint64_t message = 0;
  wire::Request request;
};
// Make it durable; answer with persisted(), or persist_failed(), which is tried again later.
struct PersistIdentity {
  Identity identity;
};
// Disk work; answer with task_done().
struct StartTask {
  TaskId task = 0;
  wire::OrderKind kind = wire::OrderKind::kVerify;  // kConfirm never comes here
  wire::Order order;    // block, and for kCopy sources and sidecar fields
  VolumeId volume = 0;  // where the replica is (not for kCopy of a new one)
};
// Look again at a replica that could not be read at the start; answer with sidecar_read(). One at a
// time.
struct ReadSidecar {
  BlockId block;
  VolumeId volume = 0;
};
using Effect = std::variant<SendToNameNode, PersistIdentity, StartTask, ReadSidecar>;
using EffectList = std::vector<Effect>;

class DataNode {
 public:
  DataNode(Config config, Random random);
  ~DataNode();

  // After the scan. Registers.
  void start(const Identity& identity, const std::vector<FoundReplica>& found,
             std::uint32_t volumes, Now now, EffectList& effects);
  // About every 100 ms.
  void tick(Now now, EffectList& effects);

  void answered(std::uint64_t message, const wire::Reply& reply, Now now, EffectList& effects);
  void unanswered(std::uint64_t message, Now now, EffectList& effects);
  void persisted(Now now, EffectList& effects);
  void persist_failed(Now now);
  // ok, or: kCorrupt (read and wrong), kNotFound (the directory proves its absence), kIo and the
  // rest (unknown: V3). For kVerify, kCopy, kRestore the replica's volume.
  void task_done(TaskId task, const Status& status, VolumeId volume, Now now, EffectList& effects);

  // What its sidecar says; kNotFound: current/ of the volume proves that no replica is there, or
  // the owner has moved aside what the start-up scan would have; any other: unknown (V3).
  void sidecar_read(const ReadSidecar& what, const Result<wire::BlockInfo>& found, Now now,
                    EffectList& effects);

  // A transfer published a replica. What it replaced on that volume has the same content, and the
  // owner has moved it to quarantine; where one with other content is, on whichever volume, the
  // owner publishes nothing. Only a copy and a restore, which an order names, replace such a one.
  void stored(const wire::BlockInfo& info, VolumeId volume, Now now, EffectList& effects);
  // Somebody read the replica and it did not match, or could not be read.
  void suspect(BlockId block, Now now, EffectList& effects);
  // A copy found a source that is rotten: this node's own is verified, the NameNode hears of
  // others.
  void found_bad(const wire::BadReplica& replica, Now now, EffectList& effects);
  // The volume failed and is out of service; its replicas are gone from here.
  void volume_failed(VolumeId volume, Now now, EffectList& effects);
  // Measured by the owner from time to time.
  void set_space(const wire::NodeStats& stats);

  struct Replica {
    wire::BlockInfo info;
    VolumeId volume = 0;
    bool corrupt = false;
  };
  [[nodiscard]] std::optional<Replica> find(BlockId block) const;
  // There is one that could not be read since the start, so that find() does not know it.
  [[nodiscard]] bool unreadable(BlockId block) const;
  // The message that is out, or one before, tells all that happened to its replicas here.
  [[nodiscard]] bool told_all(BlockId block) const;
  [[nodiscard]] const Identity& identity() const;
  [[nodiscard]] bool registered() const;
  // Why the NameNode does not take this DataNode; ok while nothing is wrong. For logs and /readyz.
  [[nodiscard]] const Status& trouble() const;
  [[nodiscard]] std::size_t replicas() const;
  // Every replica, for oracles and for `dfs rescue`.
  [[nodiscard]] std::vector<Replica> all() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace dfs::datanode
