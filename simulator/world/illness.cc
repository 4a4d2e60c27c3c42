#include "simulator/world/illness.h"

#include <algorithm>
#include <charconv>

namespace dfs::world {

std::string_view to_string(Illness illness) {
  return kIllnesses[static_cast<std::size_t>(illness)];
}

std::string to_string(const IllNode& node) {
  return std::to_string(node.node) + ":" + std::string(to_string(node.illness));
}

std::optional<IllNode> ill_node_from_string(std::string_view text) {
  IllNode node;
  const std::size_t colon = std::min(text.find(':'), text.size());
  const auto [end, error] = std::from_chars(text.data(), text.data() + colon, node.node);
  const auto* const name =
      std::ranges::find(kIllnesses, text.substr(colon + (colon < text.size())));
  const bool number = error == std::errc() && end == text.data() + colon && colon > 0;
  if (!number || name == std::end(kIllnesses)) return std::nullopt;
  node.illness = static_cast<Illness>(name - std::begin(kIllnesses));
  return node;
}

IllNodes draw_ill_nodes(Random draw, sim::Address first, std::uint32_t count, std::uint32_t core) {
  IllNodes ill;
  if (count <= core || draw.chance(1, 2)) return ill;
  const std::uint64_t most = draw.between(1, count - core);
  std::set<sim::Address> drawn;
  while (drawn.size() < most) {
    const auto node = static_cast<sim::Address>(first + draw.below(count));
    const auto illness = static_cast<Illness>(draw.below(std::size(kIllnesses)));
    if (drawn.insert(node).second) ill.insert({node, illness});
  }
  return ill;
}

}  // namespace dfs::world
