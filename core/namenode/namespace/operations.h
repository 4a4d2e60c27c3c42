// What each command does to the namespace. Every function validates completely before its first
// mutation (HDFS-7587): an error in reply means that nothing was changed.
#pragma once

#include "core/namenode/namespace/context.h"
#include "core/wire/requests.h"

namespace dfs::namenode {

using Targets = std::vector<std::vector<wire::NodeAddress>>;

// Most blocks that a writer may have allocated and neither committed nor given up; most entries in
// the lists of one request.
inline constexpr std::size_t kMaxAllocated = 64;
inline constexpr std::size_t kMaxListed = 64;
inline constexpr std::uint32_t kMaxBlocksAtOnce = 8;
inline constexpr std::uint64_t kMaxBlockSize = std::uint64_t{1} << 40;
inline constexpr std::uint64_t kMaxBlocksPerFile = std::uint64_t{1} << 20;
// A file whose blocks are not all full but the last can be searched for an offset up to this many.
inline constexpr std::uint64_t kMaxUnevenBlocks = 1000;

// Whether so much can be committed at once.
[[nodiscard]] Status check_lists(const std::vector<wire::CommittedBlock>& commits);

// Requests of clients.
[[nodiscard]] wire::Reply mkdir(Context& context, const wire::Mkdir& request);
[[nodiscard]] wire::Reply create(Context& context, const wire::Create& request,
                                 const Targets& targets);
[[nodiscard]] wire::Reply allocate(Context& context, const wire::Allocate& request,
                                   const Targets& targets);
[[nodiscard]] wire::Reply complete(Context& context, const wire::Complete& request);
[[nodiscard]] wire::Reply abandon(Context& context, const wire::Abandon& request);
[[nodiscard]] wire::Reply remove(Context& context, const wire::Remove& request);
[[nodiscard]] wire::Reply rename(Context& context, const wire::Rename& request);
[[nodiscard]] wire::Reply set_replication(Context& context, const wire::SetReplication& request);
[[nodiscard]] wire::Reply set_times(Context& context, const wire::SetTimes& request);

// The NameNode's own commands.
[[nodiscard]] wire::Reply format(Context& context, const FormatCommand& command);
[[nodiscard]] wire::Reply expire(Context& context, const ExpireCommand& command);
[[nodiscard]] wire::Reply reap(Context& context, const ReapCommand& command);
[[nodiscard]] wire::Reply forget_blocks(Context& context, const ForgetBlocksCommand& command);
[[nodiscard]] wire::Reply forget_requests(Context& context, const ForgetRequestsCommand& command);
[[nodiscard]] wire::Reply register_datanode(Context& context, const RegisterCommand& command);
[[nodiscard]] wire::Reply set_safe_mode(Context& context, const SafeModeCommand& command);
[[nodiscard]] wire::Reply set_decommissioned(Context& context, const DecommissionCommand& command);
[[nodiscard]] wire::Reply raise_epoch(Context& context, const RaiseEpochCommand& command);
[[nodiscard]] wire::Reply newer_history(Context& context, const NewerHistoryCommand& command);
[[nodiscard]] wire::Reply adopt_block(Context& context, const AdoptBlockCommand& command);

// The owner of what `caller` makes: the superuser where no user is told.
[[nodiscard]] std::string owner_for(Context& context, const wire::Caller& caller);

}  // namespace dfs::namenode
