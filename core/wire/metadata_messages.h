// The metadata's second home: how a NameNode hands its history to DataNodes, and how `dfs rescue`
// gets it back from them.
//
// POST /metadata/v1/journal                        JournalAppend → JournalState
// PUT  /metadata/v1/checkpoint/<cluster>/<epoch>-<applied>    body: the file; → JournalState
//      X-Dfs-Checkpoint: CheckpointHeader as JSON
// GET  /metadata/v1/list                           → MetadataList
// GET  /metadata/v1/checkpoint/<cluster>/<epoch>-<applied>    → the file
// GET  /metadata/v1/journal/<cluster>/<epoch>-<applied>       → the journal on top of that
// checkpoint,
//                                                   as text (core/wire/journal.h)
//
// A DataNode keeps the newest two checkpoints, each with the journal that follows it; "newest" by
// (epoch, applied). A history is named by (cluster, epoch, position): a NameNode whose history may
// have parted from what DataNodes have seen raises its epoch before it writes.
#pragma once

#include <string>
#include <vector>

#include "core/wire/fields.h"
#include "core/wire/types.h"

namespace dfs::wire {

// What a checkpoint is of: the state after command `applied`.
struct CheckpointHeader {
  std::string cluster;
  std::uint64_t epoch = 0;
  std::uint64_t applied = 0;
  std::uint64_t length = 0;  // bytes of the file
  std::uint32_t crc = 0;     // CRC32C of the file
  WallTime time;             // of command `applied`

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("cluster", self.cluster);
    visit("epoch", self.epoch);
    visit("applied", self.applied);
    visit("length", self.length);
    visit("crc", self.crc);
    visit("time", self.time);
  }
  friend bool operator==(const CheckpointHeader&, const CheckpointHeader&) = default;
};

// How far a DataNode's newest journal goes. Without a checkpoint: everything 0.
struct JournalState {
  std::string cluster;
  std::uint64_t epoch = 0;
  std::uint64_t checkpoint = 0;  // `applied` of the checkpoint below the journal
  std::uint64_t applied = 0;     // position of the journal's last command
  std::uint64_t chain = 0;       // digest of the journal up to there
  std::uint64_t journal_bytes = 0;
  // Who says it: after disks were moved not always the DataNode that was asked. 0: one of a version
  // that does not say.
  NodeId node;

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("cluster", self.cluster);
    visit("epoch", self.epoch);
    visit("checkpoint", self.checkpoint);
    visit("applied", self.applied);
    visit("chain", self.chain);
    visit("journal_bytes", self.journal_bytes);
    visit("node", self.node);
  }
  friend bool operator==(const JournalState&, const JournalState&) = default;
};

// Commands first … first + lines.size() − 1. Appended, with fsync, only if they continue what is
// there: otherwise nothing changes, and the answer says what is there. Without lines it is a
// question.
struct JournalAppend {
  std::string cluster;
  std::uint64_t epoch = 0;
  std::uint64_t first = 0;
  std::uint64_t before = 0;  // chain digest up to first − 1
  std::uint64_t after = 0;   // chain digest with the lines
  std::vector<std::string> lines;

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("cluster", self.cluster);
    visit("epoch", self.epoch);
    visit("first", self.first);
    visit("before", self.before);
    visit("after", self.after);
    visit("lines", self.lines);
  }
  friend bool operator==(const JournalAppend&, const JournalAppend&) = default;
};

struct StoredCheckpoint {
  CheckpointHeader checkpoint;
  std::uint64_t journal_applied = 0;  // position of the last command of its journal
  std::uint64_t journal_bytes = 0;

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("checkpoint", self.checkpoint);
    visit("journal_applied", self.journal_applied);
    visit("journal_bytes", self.journal_bytes);
  }
  friend bool operator==(const StoredCheckpoint&, const StoredCheckpoint&) = default;
};

// Of which cluster a DataNode has seen a history, and the newest epoch of it; "" and 0: of none.
struct SeenEpoch {
  std::string cluster;
  std::uint64_t epoch = 0;

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("cluster", self.cluster);
    visit("epoch", self.epoch);
  }
  friend bool operator==(const SeenEpoch&, const SeenEpoch&) = default;
};

struct MetadataList {
  std::vector<StoredCheckpoint> checkpoints;  // newest first
  SeenEpoch seen;
  std::vector<std::string> problems;  // one line for each file there that is not among them

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("checkpoints", self.checkpoints);
    visit("seen", self.seen);
    visit("problems", self.problems);
  }
  friend bool operator==(const MetadataList&, const MetadataList&) = default;
};

}  // namespace dfs::wire
