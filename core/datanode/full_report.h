// The full block report: digests first, then the pieces of the buckets that the NameNode wants.
#pragma once

#include <set>
#include <vector>

#include "core/base/assert.h"
#include "core/datanode/replica_index.h"
#include "core/datanode/unreadable.h"

namespace dfs::datanode {

class FullReport {
 public:
  // A piece has at most so many replicas.
  explicit FullReport(std::size_t limit) : limit_(limit) {}

  // A report is needed; one that is under way begins anew.
  void want() {
    wanted_ = true;
    buckets_.clear();
  }
  [[nodiscard]] bool wanted() const { return wanted_; }
  [[nodiscard]] std::vector<wire::BucketDigest> begin(const ReplicaIndex& index,
                                                      const Unreadable& unreadable) {
    wanted_ = false;
    std::vector<wire::BucketDigest> digests = index.digests();
    unreadable.mark(digests);
    return digests;
  }
  // The digests were answered. Buckets that do not exist are ignored; so are all of them if another
  // report is wanted by now.
  void digests_answered(const std::vector<std::uint64_t>& buckets) {
    if (wanted_) return;
    for (const std::uint64_t bucket : buckets) {
      if (bucket < wire::kReportBuckets) buckets_.insert(bucket);
    }
    after_ = {};
  }
  [[nodiscard]] bool has_pieces() const { return !buckets_.empty(); }
  // Precondition of the rest: has_pieces().
  [[nodiscard]] std::uint64_t bucket() const { return *buckets_.begin(); }
  [[nodiscard]] wire::ReportPiece next(const ReplicaIndex& index,
                                       const Unreadable& unreadable) const {
    wire::ReportPiece piece;
    piece.bucket = bucket();
    piece.after = after_;
    piece.replicas = index.page(piece.bucket, after_, limit_);
    const bool whole = piece.replicas.size() < limit_;
    piece.through = whole ? BlockId{UINT64_MAX} : piece.replicas.back().id;
    unreadable.add_to(piece, limit_);
    piece.last = piece.through == BlockId{UINT64_MAX} && buckets_.size() == 1;
    return piece;
  }
  void piece_answered(const wire::ReportPiece& piece) {
    if (!has_pieces()) return;  // begun anew meanwhile
    DFS_ASSERT(piece.bucket == bucket());
    after_ = piece.through;
    if (after_.value != UINT64_MAX) return;
    buckets_.erase(piece.bucket);
    after_ = {};
  }

 private:
  std::size_t limit_;
  bool wanted_ = false;              // since the last digests were made
  std::set<std::uint64_t> buckets_;  // still to be reported
  BlockId after_;                    // of the first of them
};

}  // namespace dfs::datanode
