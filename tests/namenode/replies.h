// What replies say (their codes: core/wire/requests.h).
#pragma once

#include <string>

#include "core/wire/requests.h"

namespace dfs::namenode {

// "" of one that is no error.
inline std::string message_of(const wire::Reply& reply) {
  const auto* status = std::get_if<Status>(&reply);
  return status == nullptr ? "" : status->message();
}

}  // namespace dfs::namenode
