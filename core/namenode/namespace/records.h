// Request records: what makes a request execute once, however often it is sent (law 10).
//
// The record of an executed request, failed or not, is its reply, kept in the same transaction as
// its effect until the client has settled it and a few more, or it is forgotten by age or number. A
// request that has no record may have had one: it is refused as of unknown outcome if its number is
// not above those of the client's records that were dropped, or if it was first sent before the
// newest moment of which a client was forgotten (meta.forgotten).
#pragma once

#include <optional>

#include "core/namenode/namespace/context.h"

namespace dfs::namenode {

// How far the time in a client's row may be ahead of its last request: it is written so seldom.
inline constexpr std::int64_t kClientTimeMs = 10'000;
// A client is remembered for at least so long, however many there are. How old a request is it says
// itself, and not how long it was on its way: for a younger client that could decide.
inline constexpr std::int64_t kClientKeptMs = 60'000;

// Whether the caller's identity is well-formed.
[[nodiscard]] Status check_caller(const wire::Caller& caller);

// The reply of the request's record, or why it must not be executed; nullopt: execute it.
[[nodiscard]] std::optional<wire::Reply> recorded(Store& store, const MetaRow& meta, WallTime time,
                                                  const RequestCommand::Body& body);

// Records the reply and, now and then, drops what the client has settled.
void record(Context& context, const RequestCommand::Body& body, const wire::Reply& reply);

[[nodiscard]] const wire::Caller& caller_of(const RequestCommand::Body& body);

}  // namespace dfs::namenode
