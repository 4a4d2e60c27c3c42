// Short words for tests of the receiver machine: headers, receivers at DataNode 1, their effects.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "core/datanode/receiver.h"

namespace dfs::datanode {

// Of block 5, to be sent on to these nodes.
inline wire::WriteHeader header_to(const std::vector<std::uint64_t>& targets,
                                   std::uint64_t length) {
  wire::WriteHeader header;
  header.cluster = "c1";
  header.block = BlockId{5};
  header.length = length;
  for (const std::uint64_t node : targets) {
    header.targets.push_back(
        {NodeId{node}, "c" + std::to_string(node), "p" + std::to_string(node)});
  }
  return header;
}

inline Receiver begun(const wire::WriteHeader& header, ReceiverEffects& effects) {
  Receiver receiver(header, NodeId{1});
  receiver.start(effects);
  return receiver;
}
// The same, and the body has come.
inline Receiver given(const std::string& body, const wire::WriteHeader& header,
                      ReceiverEffects& effects) {
  Receiver receiver = begun(header, effects);
  receiver.data(as_bytes(body), effects);
  receiver.end(effects);
  return receiver;
}

// The first effect of a kind; none: nullptr.
template <class T>
const T* find(const ReceiverEffects& effects) {
  for (const ReceiverEffect& effect : effects) {
    if (const T* found = std::get_if<T>(&effect)) return found;
  }
  return nullptr;
}

}  // namespace dfs::datanode
