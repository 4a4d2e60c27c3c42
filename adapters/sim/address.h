// Names of simulated processes as they travel in messages: "node-3:1".
#pragma once

#include <string>

#include "adapters/sim/process.h"

namespace dfs::sim {

[[nodiscard]] inline std::string name_of(Address address) {
  return "node-" + std::to_string(address) + ":1";
}

// The inverse; a name that is none is a bug of who made it, and leads nowhere.
[[nodiscard]] inline Address address_of(const std::string& name) {
  Address address = 0;
  for (std::size_t i = std::string("node-").size(); i < name.size() && name[i] != ':'; ++i) {
    address = address * 10 + static_cast<Address>(name[i] - '0');
  }
  return address;
}

}  // namespace dfs::sim
