#include "adapters/http/errors.h"

#include "core/wire/json.h"

namespace dfs::http {
namespace {

struct ErrorBody {
  Status error;

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("error", self.error);
  }
};

}  // namespace

int http_status(Code code) {
  switch (code) {
    case Code::kOk:
      return 200;
    case Code::kInvalidArgument:
    case Code::kNotDirectory:
    case Code::kIsDirectory:
      return 400;
    case Code::kPermissionDenied:
    case Code::kWrongCluster:
      return 403;
    case Code::kNotFound:
      return 404;
    case Code::kAlreadyExists:
    case Code::kNotEmpty:
    case Code::kAlreadyBeingCreated:
    case Code::kFenced:
    case Code::kStale:
      return 409;
    case Code::kReplaced:
      return 410;
    case Code::kTooLarge:
      return 413;
    case Code::kNotEnoughDataNodes:
    case Code::kSafeMode:
    case Code::kReadOnly:
    case Code::kUnavailable:
      return 503;
    case Code::kTimedOut:
      return 504;
    case Code::kNoSpace:
      return 507;
    case Code::kUnknownOutcome:
    case Code::kCorrupt:
    case Code::kIo:
    case Code::kInternal:
      return 500;
  }
  return 500;
}

std::string error_body(const Status& status) { return wire::to_json_text(ErrorBody{status}); }

std::optional<Status> error_in(std::string_view body) {
  Result<ErrorBody> parsed = wire::from_json_text<ErrorBody>(body, wire::UnknownKeys::kIgnore);
  if (!parsed.ok() || parsed->error.ok()) return std::nullopt;
  return parsed->error;
}

Status error_from_body(int http_status, std::string_view body) {
  if (std::optional<Status> error = error_in(body)) return *error;
  return {Code::kInternal, "the server answered HTTP " + std::to_string(http_status) +
                               " without an error of this protocol"};
}

}  // namespace dfs::http
