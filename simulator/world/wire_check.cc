#include "simulator/world/wire_check.h"

#include "core/wire/json.h"

namespace dfs::world {
namespace {

template <class T>
bool survives(const T& message) {
  const Result<T> back =
      wire::from_json_text<T>(wire::to_json_text(message), wire::UnknownKeys::kReject);
  return back.ok() && *back == message;
}

}  // namespace

std::string wire_difference(const wire::Request& request, const wire::Reply& reply) {
  const bool request_survives =
      std::visit([](const auto& body) { return survives(body); }, request);
  if (!request_survives) {
    return std::visit([](const auto& body) { return std::string(body.kMethod); }, request) +
           ": the request differs after its way through JSON";
  }
  const bool reply_survives = std::visit(
      []<class T>(const T& body) {
        if constexpr (std::is_same_v<T, Status>) {
          return true;
        } else {
          return survives(body);
        }
      },
      reply);
  if (reply_survives) return "";
  return std::visit([](const auto& body) { return std::string(body.kMethod); }, request) +
         ": the reply differs after its way through JSON";
}

}  // namespace dfs::world
