#include "core/namenode/namespace/records.h"

#include <algorithm>

#include "core/base/mutant.h"
#include "core/wire/json.h"
#include "core/wire/path.h"

namespace dfs::namenode {
namespace {

// A client's row and its settled records are changed together and seldom, since each change costs
// pages of its own beside those of the request: when this many have been settled, and when the time
// in the row is over (kClientTimeMs).
constexpr std::uint64_t kSettledTogether = 8;
// Numbers whose records one request drops; so many wait only after a client's long pause.
constexpr std::uint64_t kDroppedAtOnce = 64;

// A record is two lines of JSON: what was asked for and whether it failed, and the reply.
struct RecordHead {
  std::string method;
  std::optional<Status> error;

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("method", self.method);
    visit("error", self.error);
  }
};

std::string_view method_of(const RequestCommand::Body& body) {
  return std::visit([](const auto& request) { return request.kMethod; }, body);
}

std::string record_text(const RequestCommand::Body& body, const wire::Reply& reply) {
  RecordHead head{std::string(method_of(body)), {}};
  if (const auto* error = std::get_if<Status>(&reply)) head.error = *error;
  std::string text = wire::to_json_text(head) + '\n';
  std::visit(
      [&]<class T>(const T& value) {
        if constexpr (!std::is_same_v<T, Status>) text += wire::to_json_text(value);
      },
      reply);
  return text;
}

wire::Reply recorded_reply(const RequestCommand::Body& body, const std::string& record) {
  const std::size_t end = record.find('\n');
  DFS_ASSERT(end != std::string::npos);
  const std::string_view lines = record;
  const Result<RecordHead> head =
      wire::from_json_text<RecordHead>(lines.substr(0, end), wire::UnknownKeys::kIgnore);
  DFS_ASSERT(head.ok());
  if (head->method != method_of(body)) {
    return Status(Code::kInvalidArgument,
                  "the request number was used before, for another kind of request");
  }
  if (head->error) return *head->error;
  return std::visit(
      [&]<class T>(const T& /*request*/) -> wire::Reply {
        auto reply = wire::from_json_text<typename T::Reply>(lines.substr(end + 1),
                                                             wire::UnknownKeys::kIgnore);
        DFS_ASSERT(reply.ok());
        return std::move(*reply);
      },
      body);
}

Status unknown_outcome(const wire::Caller& caller) {
  return {Code::kUnknownOutcome, "request " + std::to_string(caller.request) +
                                     " is too old: It may have been executed before, or not"};
}

}  // namespace

const wire::Caller& caller_of(const RequestCommand::Body& body) {
  return std::visit([](const auto& request) -> const wire::Caller& { return request.caller; },
                    body);
}

Status check_caller(const wire::Caller& caller) {
  const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  if (caller.client.size() != 32 ||
      !std::all_of(caller.client.begin(), caller.client.end(), is_hex)) {
    return {Code::kInvalidArgument, "field 'client' must be 32 lower-case hexadecimal digits"};
  }
  if (caller.request == 0 || caller.request > INT64_MAX) {
    return {Code::kInvalidArgument, "field 'request' must be a number from 1 on"};
  }
  if (caller.settled_below > caller.request) {
    return {Code::kInvalidArgument, "field 'settled_below' must not be above 'request'"};
  }
  if (caller.user.size() > wire::kMaxNameBytes || !wire::is_utf8(caller.user) ||
      caller.user.find('\0') != std::string::npos) {
    return {Code::kInvalidArgument, "field 'user' must be at most 255 bytes of UTF-8"};
  }
  return {};
}

std::optional<wire::Reply> recorded(Store& store, const MetaRow& meta, WallTime time,
                                    const RequestCommand::Body& body) {
  if (mutated(Mutant::kN1NoRetryRecord)) return std::nullopt;
  const wire::Caller& caller = caller_of(body);
  if (const std::optional<RequestRow> record = store.request(caller.client, caller.request)) {
    return recorded_reply(body, record->reply);
  }
  const std::optional<ClientRow> client = store.client(caller.client);
  if (client && caller.request < client->settled_below && !mutated(Mutant::kN1ExecuteSettled)) {
    return unknown_outcome(caller);
  }
  const std::int64_t now = std::max(time, meta.time).ms;
  const auto age = static_cast<std::int64_t>(std::min<std::uint64_t>(
      caller.age_ms, static_cast<std::uint64_t>(std::max<std::int64_t>(now, 0))));
  if (meta.forgotten.ms > 0 && now - age <= meta.forgotten.ms) return unknown_outcome(caller);
  return std::nullopt;
}

void record(Context& context, const RequestCommand::Body& body, const wire::Reply& reply) {
  const wire::Caller& caller = caller_of(body);
  Store& store = context.store;
  if (!store.request(caller.client, caller.request)) ++context.meta.requests;
  store.put_request({caller.client, caller.request, context.time, record_text(body, reply)});

  // A client without a row has no records of earlier requests (forget.cc).
  const std::optional<ClientRow> known = store.client(caller.client);
  ClientRow client = known.value_or(ClientRow{caller.client, caller.settled_below, {}});
  if (!known) ++context.meta.requests;
  if (client.at <= context.time) {
    client.at = {(context.time.ms / kClientTimeMs + 1) * kClientTimeMs};
  }
  if (caller.settled_below >= client.settled_below + kSettledTogether) {
    client.settled_below = std::min(caller.settled_below, client.settled_below + kDroppedAtOnce);
    context.meta.requests -= store.erase_requests_below(caller.client, client.settled_below);
  }
  if (client != known) store.put_client(client);
}

}  // namespace dfs::namenode
