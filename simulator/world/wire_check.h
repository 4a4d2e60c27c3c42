// The simulator passes messages as structs; a sample of them goes through the JSON form and back.
#pragma once

#include <string>

#include "core/wire/requests.h"

namespace dfs::world {

// What is lost on the way, "" if nothing.
[[nodiscard]] std::string wire_difference(const wire::Request& request, const wire::Reply& reply);

}  // namespace dfs::world
