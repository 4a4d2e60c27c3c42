#include "core/wire/datanode_messages.h"

#include <array>
#include <utility>

namespace dfs::wire {
namespace {

template <class E, std::size_t N>
using Names = std::array<std::pair<E, std::string_view>, N>;

constexpr Names<ReplicaEvent, 5> kReplicaEvents{{
    {ReplicaEvent::kStored, "stored"},
    {ReplicaEvent::kRemoved, "removed"},
    {ReplicaEvent::kCorrupt, "corrupt"},
    {ReplicaEvent::kVerified, "verified"},
    {ReplicaEvent::kUnread, "unread"},
}};
constexpr Names<OrderKind, 6> kOrderKinds{{
    {OrderKind::kCopy, "copy"},
    {OrderKind::kQuarantine, "quarantine"},
    {OrderKind::kRestore, "restore"},
    {OrderKind::kPurge, "purge"},
    {OrderKind::kVerify, "verify"},
    {OrderKind::kConfirm, "confirm"},
}};

template <class E, std::size_t N>
std::string_view name_of(const Names<E, N>& names, E value) {
  for (const auto& [key, name] : names) {
    if (key == value) return name;
  }
  return "";
}

template <class E, std::size_t N>
bool value_of(const Names<E, N>& names, std::string_view text, E& value) {
  for (const auto& [key, name] : names) {
    if (name == text) {
      value = key;
      return true;
    }
  }
  return false;
}

}  // namespace

std::string_view to_string(ReplicaEvent event) { return name_of(kReplicaEvents, event); }
bool from_string(std::string_view name, ReplicaEvent& event) {
  return value_of(kReplicaEvents, name, event);
}
std::string_view to_string(OrderKind kind) { return name_of(kOrderKinds, kind); }
bool from_string(std::string_view name, OrderKind& kind) {
  return value_of(kOrderKinds, name, kind);
}

std::uint64_t replica_digest(const BlockInfo& replica) {
  return mix(mix(replica.id.value, replica.length), replica.crc);
}

}  // namespace dfs::wire
