// The text of a volume's VERSION file: whose volume it is and the newest history it has seen.
#pragma once

#include <string>
#include <string_view>

#include "core/base/status.h"
#include "core/datanode/datanode.h"

namespace dfs::disk {

struct Version {
  std::string uuid;  // of the DataNode: 32 hexadecimal digits
  datanode::Identity identity;

  friend bool operator==(const Version& a, const Version& b) {
    return a.uuid == b.uuid && a.identity.cluster == b.identity.cluster &&
           a.identity.node == b.identity.node && a.identity.seen == b.identity.seen;
  }
};

// True for what may stand in the file as the name of a cluster: up to 64 of A–Z a–z 0–9 . _ -
[[nodiscard]] bool valid_cluster(std::string_view cluster);

[[nodiscard]] std::string encode_version(const Version& version);
// kCorrupt for anything that encode_version cannot have made, kInvalidArgument with a message for
// people if an encode_version of another format has.
[[nodiscard]] Result<Version> decode_version(std::string_view text);

}  // namespace dfs::disk
