// What a DataNode tells of its replicas, taken into the map: changes, and full reports in pieces.
//
// Nothing here judges a replica or changes the store: every block whose replicas changed is noted
// on the agenda. Messages come here only in the order of their session (node_table.h), so the last
// word is the newest one.
#pragma once

#include "core/namenode/blocks/state.h"

namespace dfs::namenode {

inline constexpr std::size_t kMostInMessage = 1000;  // changes, results, replicas of a piece
inline constexpr std::size_t kMostPurges = 100;

// ok, or what is wrong with the message; a wrong one is not taken in at all.
[[nodiscard]] Status check(const wire::Heartbeat& message);
[[nodiscard]] Status check(const wire::ReportDigests& message);
[[nodiscard]] Status check(const wire::ReportPiece& message);

void take_change(Soft& soft, Node& node, const wire::ReplicaChange& change, Now now);

// Begins a full report, also in the middle of an earlier one. Where nothing differs it is complete.
[[nodiscard]] wire::ReportDigestsReply begin_report(Soft& soft, Node& node,
                                                    const wire::ReportDigests& message);
// Replaces what is known of exactly the piece's range of ids.
void take_piece(Soft& soft, Node& node, const wire::ReportPiece& piece);

}  // namespace dfs::namenode
