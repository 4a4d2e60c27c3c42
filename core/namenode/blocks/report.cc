#include "core/namenode/blocks/report.h"

#include <algorithm>

#include "core/base/mutant.h"

namespace dfs::namenode {
namespace {

constexpr BlockId kLastBlock{UINT64_MAX};

constexpr Duration kNoNewsFor = seconds(60);  // the longest wait of a block that cannot be mended

Status malformed(const char* what) {
  return {Code::kInvalidArgument, std::string("malformed report: ") + what};
}

bool plausible(const wire::BlockInfo& replica) {
  return replica.id && replica.length < kBlockLengthLimit;
}

// The node's replicas are known whole, as of this session.
void complete(Soft& soft, Node& node) {
  // Another one of the same session tells of changes alone, and those touch their blocks by
  // themselves: who waits for other nodes waits on. So does who waits where a node comes back again
  // and again.
  const bool news = soft.running() >= node.no_news_before || mutated(Mutant::kC3AlwaysNews);
  if (!node.reported && news) {
    ++soft.changes;
    node.no_news_before = soft.running() + kNoNewsFor;
  }
  node.reported = true;
  node.ever_reported = true;
  node.report = {};
  if (node.incarnation_changed) {
    // Its process is a new one, so no order of before can still be carried out.
    node.replicas.clear_all(Replica::kDoomed);
    node.incarnation_changed = false;
  }
  soft.sweep.again = true;
}

void doubt(Soft& soft, Node& node, Replica& replica) {
  replica.set(Replica::kSuspect, true);
  soft.verify.want(node.row.id, replica.id(), true);
}

// It is there, but cannot be read.
void unread(Soft& soft, Node& node, Replica& replica) {
  if (!replica.is(Replica::kSuspect)) return doubt(soft, node, replica);
  // Asked to read it, it could not: a disk that is ill is left alone for a while.
  replica.set(Replica::kUnreadable, true);
  soft.unread.add(replica.id(), node.row.id, soft.running());
  soft.agenda.note_at(replica.id(), soft.running() + Refusals::kHold + seconds(1));
}

// The node does not know what its replica contains: what it said before, or what was committed.
void take_unreadable(Soft& soft, Node& node, BlockId block) {
  Replica* replica = node.replicas.find(block);
  if (replica == nullptr || replica->is(Replica::kClaimed)) {
    const std::optional<BlockRow> row = soft.store.block(block);
    if (!row || row->state == BlockState::kAllocated) return;
    replica = &node.replicas.put({block, row->length, row->crc});
  }
  unread(soft, node, *replica);
  soft.agenda.note(block);
}

}  // namespace

Status check(const wire::Heartbeat& message) {
  if (message.changes.size() > kMostInMessage || message.results.size() > kMostInMessage ||
      message.purge_wanted.size() > kMostPurges) {
    return {Code::kTooLarge, "a heartbeat carries at most 1000 changes, 1000 results, 100 purges"};
  }
  for (const wire::ReplicaChange& change : message.changes) {
    if (!plausible(change.replica)) return malformed("a replica without id or too long");
  }
  for (const wire::BlockInfo& replica : message.purge_wanted) {
    if (!plausible(replica)) return malformed("a replica without id or too long");
  }
  return {};
}

Status check(const wire::ReportDigests& message) {
  std::uint64_t least = 0;
  for (const wire::BucketDigest& digest : message.digests) {
    if (digest.bucket < least || digest.bucket >= wire::kReportBuckets) {
      return malformed("buckets must ascend and exist");
    }
    least = digest.bucket + 1;
  }
  return {};
}

Status check(const wire::ReportPiece& message) {
  if (message.replicas.size() > kMostInMessage) {
    return {Code::kTooLarge, "a report piece carries at most 1000 replicas"};
  }
  if (message.bucket >= wire::kReportBuckets) return malformed("no such bucket");
  BlockId before = message.after;
  for (const wire::BlockInfo& replica : message.replicas) {
    if (!plausible(replica)) return malformed("a replica without id or too long");
    if (replica.id <= before || replica.id > message.through) {
      return malformed("replicas must ascend within the piece's range");
    }
    if (wire::bucket_of(replica.id) != message.bucket)
      return malformed("a replica of another bucket");
    before = replica.id;
  }
  if (!message.unreadable) return {};
  if (message.unreadable->size() > kMostInMessage) {
    return {Code::kTooLarge, "a report piece names at most 1000 replicas that cannot be read"};
  }
  before = message.after;
  for (const BlockId block : *message.unreadable) {
    if (block <= before || block > message.through || wire::bucket_of(block) != message.bucket) {
      return malformed("replicas that cannot be read must ascend within the piece's range");
    }
    before = block;
  }
  return {};
}

void take_change(Soft& soft, Node& node, const wire::ReplicaChange& change, Now now) {
  const BlockId block = change.replica.id;
  switch (change.event) {
    case wire::ReplicaEvent::kStored: {
      soft.purge_wishes.erase({block, node.row.id});
      const Replica* known = node.replicas.find(block);
      const bool expected =
          known != nullptr && known->is(Replica::kClaimed) && known->info() == change.replica;
      Replica& replica = node.replicas.put(change.replica);
      replica.set(Replica::kCorrupt, false);
      replica.set(Replica::kSuspect, false);
      replica.set(Replica::kUnreadable, false);
      replica.set_verified(soft.second(now));
      if (expected && !soft.repairs.priority_of.contains(block)) return;  // nobody waits for it
      break;
    }
    case wire::ReplicaEvent::kVerified: {
      Replica& replica = node.replicas.put(change.replica);
      replica.set(Replica::kCorrupt, false);
      replica.set(Replica::kSuspect, false);
      replica.set(Replica::kUnreadable, false);
      replica.set_verified(soft.second(now));
      soft.verify.done(node.row.id, block);
      break;
    }
    case wire::ReplicaEvent::kCorrupt: {
      Replica& replica = node.replicas.put(change.replica);
      replica.set(Replica::kCorrupt, true);
      replica.set(Replica::kSuspect, false);
      replica.set_verified(soft.second(now));
      break;
    }
    case wire::ReplicaEvent::kUnread: {
      unread(soft, node, node.replicas.put(change.replica));
      break;
    }
    case wire::ReplicaEvent::kRemoved:
      soft.purge_wishes.erase({block, node.row.id});
      // Of an older replica of that id, which another one has replaced: nothing to forget.
      if (const Replica* known = node.replicas.find(block);
          known != nullptr && !known->is(Replica::kClaimed) && known->info() != change.replica) {
        return;
      }
      node.replicas.erase(block);
      soft.verify.done(node.row.id, block);
      break;
  }
  soft.agenda.note(block);
}

wire::ReportDigestsReply begin_report(Soft& soft, Node& node, const wire::ReportDigests& message) {
  wire::ReportDigestsReply reply;
  node.report = {};
  node.report.begun = true;
  node.contradicted = false;
  auto told = message.digests.begin();
  for (std::uint64_t bucket = 0; bucket < wire::kReportBuckets; ++bucket) {
    std::uint64_t digest = 0;
    if (told != message.digests.end() && told->bucket == bucket) digest = (told++)->digest;
    if (digest == node.replicas.digest(bucket)) continue;
    node.report.told[bucket] = BlockId{};
    reply.wanted.push_back(bucket);
  }
  if (reply.wanted.empty()) complete(soft, node);
  return reply;
}

void take_piece(Soft& soft, Node& node, const wire::ReportPiece& piece) {
  const std::vector<BlockId> unreadable = piece.unreadable.value_or(std::vector<BlockId>());
  std::vector<BlockId> gone;
  for (const Replica& replica : node.replicas.bucket(piece.bucket)) {
    if (replica.id() <= piece.after || replica.id() > piece.through) continue;
    if (replica.is(Replica::kClaimed)) continue;  // the report may be older than the claim
    const auto at =
        std::lower_bound(piece.replicas.begin(), piece.replicas.end(), replica.id(),
                         [](const wire::BlockInfo& info, BlockId id) { return info.id < id; });
    if (at != piece.replicas.end() && at->id == replica.id()) continue;
    if (std::binary_search(unreadable.begin(), unreadable.end(), replica.id())) continue;
    gone.push_back(replica.id());
  }
  for (const BlockId block : gone) {
    node.replicas.erase(block);
    soft.verify.done(node.row.id, block);
    soft.purge_wishes.erase({block, node.row.id});
    soft.agenda.note(block);
  }
  for (const wire::BlockInfo& info : piece.replicas) {
    const Replica* known = node.replicas.find(info.id);
    if (known != nullptr && known->info() == info && !known->is(Replica::kClaimed)) continue;
    node.replicas.put(info);
    soft.purge_wishes.erase({info.id, node.row.id});
    soft.agenda.note(info.id);
  }
  for (const BlockId block : unreadable) take_unreadable(soft, node, block);
  const auto told = node.report.told.find(piece.bucket);
  if (told != node.report.told.end() && piece.after <= told->second) {
    told->second = std::max(told->second, piece.through);
  }
  if (!piece.last || !node.report.begun) return;
  const bool whole = std::all_of(node.report.told.begin(), node.report.told.end(),
                                 [](const auto& entry) { return entry.second == kLastBlock; });
  if (whole) {
    complete(soft, node);
  } else {
    node.report = {};  // the next heartbeat's answer asks for another one
  }
}

}  // namespace dfs::namenode
