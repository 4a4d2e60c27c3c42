// Status values as HTTP answers: {"error": {"code": "NotFound", "message": "/foo: …"}} and a status
// that tools understand. Native clients act on the code, never on the HTTP status.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/status.h"

namespace dfs::http {

[[nodiscard]] int http_status(Code code);
[[nodiscard]] std::string error_body(const Status& status);
// The Status in an error answer; none if the body is not of that form, so that somebody else than a
// server of this project may have answered.
[[nodiscard]] std::optional<Status> error_in(std::string_view body);
// The same; kInternal with the HTTP status if the body is not of that form.
[[nodiscard]] Status error_from_body(int http_status, std::string_view body);

}  // namespace dfs::http
