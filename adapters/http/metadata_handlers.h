// The DataNode's part in the metadata's second home, over HTTP (core/wire/metadata_messages.h).
//
// Takes journals and checkpoints of its own cluster only. Positions in paths are digits, clusters
// hexadecimal digits: neither is ever used as anything else.
#pragma once

#include <functional>

#include "adapters/disk/metadata_home.h"
#include "adapters/http/server.h"
#include "core/datanode/datanode.h"

namespace dfs::http {

// `identity` returns what this DataNode is at the moment, and `home` is its own; both outlive the
// server.
void add_metadata_handlers(Server& server, disk::MetadataHome& home,
                           std::function<datanode::Identity()> identity);

}  // namespace dfs::http
