// Every request that the NameNode answers, as one type.
#pragma once

#include <variant>

#include "core/wire/admin_messages.h"
#include "core/wire/client_messages.h"
#include "core/wire/datanode_messages.h"

namespace dfs::wire {

using Request = std::variant<Mkdir, Create, Allocate, Complete, Abandon, RenewLease, Remove, Rename,
                             SetReplication, SetTimes, Stat, List, Locate, Summarize, ReportBad,
                             Register, Heartbeat, ReportDigests, ReportPiece, ClusterReport, Fsck,
                             Scrub, SafeMode, Decommission, Recommission, AcceptHistory>;

// The Reply of the request's type, or the Status that says why there is none.
using Reply =
    std::variant<Status, Empty, CreateReply, AllocateReply, FileStatus, RenewLeaseReply, ListReply,
                 LocateReply, ContentSummary, RegisterReply, HeartbeatReply, ReportDigestsReply,
                 ClusterReportReply, FsckReply, ScrubReply, SafeModeReply, NodeReport>;

[[nodiscard]] inline Code code_of(const Reply& reply) {
  const auto* status = std::get_if<Status>(&reply);
  return status == nullptr ? Code::kOk : status->code();
}

}  // namespace dfs::wire
