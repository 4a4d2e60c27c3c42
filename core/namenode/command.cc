// The JSON form of commands: {"time": ms, "wall": ms, "command": kName, "body": {…}}; a request's
// body is {"method": kMethod, "request": {…}, "targets": [[…]]}.
#include "core/namenode/command.h"

#include <utility>

#include "core/wire/journal.h"
#include "core/wire/json.h"

namespace dfs::namenode {
namespace {

namespace json = boost::json;

std::string_view view_of(const json::string& text) { return {text.data(), text.size()}; }
json::string json_text(std::string_view text) { return json::string(text.data(), text.size()); }

json::object encode(const RequestCommand& command) {
  json::object object;
  std::visit(
      [&]<class T>(const T& request) {
        object["method"] = json_text(T::kMethod);
        object["request"] = wire::to_json(request);
      },
      command.body);
  object["targets"] = wire::detail::encode_value(command.targets);
  return object;
}
template <wire::Message T>
json::object encode(const T& command) {
  return wire::to_json(command);
}

Status unknown(std::string_view what, std::string_view name) {
  return {Code::kInvalidArgument,
          "unknown " + std::string(what) + " '" + std::string(name.substr(0, 64)) + "'"};
}

// Calls try_one(alternative) for each alternative of the variant until one says that it is meant.
template <class Variant, class F>
bool for_alternatives(F&& try_one) {
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    return (try_one(std::type_identity<std::variant_alternative_t<I, Variant>>{}) || ...);
  }
  (std::make_index_sequence<std::variant_size_v<Variant>>{});
}

const json::object* object_at(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(json::string_view(key.data(), key.size()));
  return value == nullptr ? nullptr : value->if_object();
}
std::string_view text_at(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(json::string_view(key.data(), key.size()));
  const json::string* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string_view() : view_of(*text);
}

Status decode(const json::object& object, RequestCommand& command) {
  const json::object* request = object_at(object, "request");
  const json::value* targets = object.if_contains("targets");
  if (request == nullptr || targets == nullptr || object.size() != 3) {
    return {Code::kInvalidArgument, "malformed request command"};
  }
  const std::string_view method = text_at(object, "method");
  Status status =
      wire::detail::decode_value(*targets, command.targets, wire::UnknownKeys::kReject, "targets");
  if (!status.ok()) return status;
  const bool known = for_alternatives<RequestCommand::Body>([&]<class T>(std::type_identity<T>) {
    if (T::kMethod != method) return false;
    Result<T> decoded = wire::from_json<T>(*request, wire::UnknownKeys::kReject);
    if (decoded.ok()) {
      command.body = std::move(*decoded);
    } else {
      status = decoded.status();
    }
    return true;
  });
  return known ? status : unknown("method", method);
}
template <wire::Message T>
Status decode(const json::object& object, T& command) {
  return wire::detail::decode_message(object, command, wire::UnknownKeys::kReject);
}

}  // namespace

std::string to_text(const Command& command) {
  json::object object;
  object["time"] = command.time.ms;
  object["wall"] = command.wall.ms;
  std::visit(
      [&]<class T>(const T& body) {
        object["command"] = json_text(T::kName);
        object["body"] = encode(body);
      },
      command.body);
  return json::serialize(object);
}

Result<Command> command_from_text(std::string_view text) {
  // A request of the largest size is still shorter than what is recorded of it.
  const Result<json::object> object = wire::parse_object(text, wire::kMaxAppendBytes);
  if (!object.ok()) return object.status();
  const json::object* body = object_at(*object, "body");
  const json::value* time = object->if_contains("time");
  const json::value* wall = object->if_contains("wall");
  if (body == nullptr || time == nullptr || wall == nullptr || object->size() != 4) {
    return {Code::kInvalidArgument, "malformed command"};
  }
  Command command;
  Status status = wire::detail::decode_integer(*time, command.time.ms, "time");
  if (status.ok()) status = wire::detail::decode_integer(*wall, command.wall.ms, "wall");
  if (!status.ok()) return status;
  const std::string_view name = text_at(*object, "command");
  const bool known = for_alternatives<decltype(Command::body)>([&]<class T>(std::type_identity<T>) {
    if (T::kName != name) return false;
    status = decode(*body, command.body.template emplace<T>());
    return true;
  });
  if (!known) return unknown("command", name);
  if (!status.ok()) return status;
  return command;
}

}  // namespace dfs::namenode
