// V3: a DataNode says that a replica is gone only when it is; an error never means absence.
#include <algorithm>

#include "simulator/world/oracles.h"

namespace dfs::world {
namespace {

class Unknown final : public Oracle {
 public:
  using Oracle::Oracle;

  void datanode_says(Address node, const wire::Request& request) override {
    if (repeated(node, request)) return;
    if (const auto* heartbeat = std::get_if<wire::Heartbeat>(&request)) {
      for (const wire::ReplicaChange& change : heartbeat->changes) {
        if (change.event != wire::ReplicaEvent::kRemoved) continue;
        // A replica that came again after it was removed is told of later, in the same list or in
        // another one.
        const bool again = std::any_of(heartbeat->changes.begin(), heartbeat->changes.end(),
                                       [&](const wire::ReplicaChange& other) {
                                         return other.event != wire::ReplicaEvent::kRemoved &&
                                                other.replica.id == change.replica.id;
                                       });
        if (again || !find(node)->machine()->told_all(change.replica.id)) continue;
        expect_absent(node, change.replica.id, "is reported as removed");
      }
    } else if (const auto* piece = std::get_if<wire::ReportPiece>(&request)) {
      check_piece(node, *piece);
    }
  }

 private:
  // The very same message again: it tells what was when it was made, and news since then follows
  // it.
  bool repeated(Address node, const wire::Request& request) {
    const wire::SessionMark* mark = nullptr;
    if (const auto* heartbeat = std::get_if<wire::Heartbeat>(&request)) mark = &heartbeat->mark;
    if (const auto* piece = std::get_if<wire::ReportPiece>(&request)) mark = &piece->mark;
    if (mark == nullptr) return false;
    const std::pair told(mark->session, mark->sequence);
    const auto [at, first] = told_.try_emplace(node, told);
    if (!first && at->second == told) return true;
    at->second = told;
    return false;
  }

  [[nodiscard]] const sim::DataNodeNode* find(Address node) const {
    for (const sim::DataNodeNode* datanode : scene_.datanodes) {
      if (datanode->address() == node) return datanode;
    }
    return nullptr;
  }

  void expect_absent(Address node, BlockId block, const char* what) {
    const sim::DataNodeNode* datanode = find(node);
    bool there = false;
    for (std::uint32_t volume = 0; volume < datanode->volumes(); ++volume) {
      if (!datanode->disk(volume).in_service()) continue;
      const datanode::Sidecar* sidecar = datanode->disk(volume).sidecar(block);
      there = there || (sidecar != nullptr &&
                        datanode->disk(volume).data(block, sim::Folder::kCurrent) != nullptr);
    }
    scene_.verdicts.expect(!there, "V3", [&] {
      return "the replica of block " + std::to_string(block.value) + " on node " +
             std::to_string(node) + " " + what + ", but it is there";
    });
  }

  void check_piece(Address node, const wire::ReportPiece& piece) {
    const sim::DataNodeNode* datanode = find(node);
    for (std::uint32_t volume = 0; volume < datanode->volumes(); ++volume) {
      if (!datanode->disk(volume).in_service()) continue;
      for (const BlockId block : datanode->disk(volume).list_bucket(piece.bucket)) {
        if (block <= piece.after || block > piece.through) continue;
        const bool told = std::ranges::find(piece.replicas, block, &wire::BlockInfo::id) !=
                              piece.replicas.end() ||
                          (piece.unreadable &&
                           std::ranges::find(*piece.unreadable, block) != piece.unreadable->end());
        scene_.verdicts.expect(told, "V3", [&] {
          return "the full report of node " + std::to_string(node) + " leaves out block " +
                 std::to_string(block.value) + ", which is there";
        });
      }
    }
  }

  std::map<Address, std::pair<std::uint64_t, std::uint64_t>> told_;  // last session and sequence
};

}  // namespace

std::unique_ptr<Oracle> make_v3(Scene& scene) { return std::make_unique<Unknown>(scene); }

}  // namespace dfs::world
