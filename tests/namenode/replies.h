// What a reply amounts to.
#pragma once

#include <string>

#include "core/wire/requests.h"

namespace dfs::namenode {

inline Code code_of(const wire::Reply& reply) {
  const auto* status = std::get_if<Status>(&reply);
  return status == nullptr ? Code::kOk : status->code();
}
// Of an error; "" if it is none.
inline std::string message_of(const wire::Reply& reply) {
  const auto* status = std::get_if<Status>(&reply);
  return status == nullptr ? "" : status->message();
}

}  // namespace dfs::namenode
