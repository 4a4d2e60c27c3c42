#include "simulator/world/plan_options.h"

#include <algorithm>
#include <charconv>

#include "simulator/world/verdicts.h"

namespace dfs::world {
namespace {

constexpr std::uint64_t kMostNodes = 50;
constexpr std::uint64_t kMostSeconds = 100'000;
constexpr std::uint64_t kMostBlockBytes = 1 << 20;
constexpr std::uint64_t kMostFileBlocks = 64;

std::optional<std::uint64_t> number_in(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && end == text.data() + text.size() && !text.empty();
  return whole ? std::optional(number) : std::nullopt;
}

template <class Number>
std::string read_number(const Words& words, std::uint64_t least, std::uint64_t most, Number& into) {
  const std::optional<std::uint64_t> number = number_in(words.front());
  if (!number) return words.front() + ": expected a number";
  if (*number < least || *number > most) {
    return words.front() + ": expected " + std::to_string(least) + " to " + std::to_string(most);
  }
  into = static_cast<Number>(*number);
  return "";
}

// A word for each value of an enumeration that starts at 0.
template <class Enum, std::size_t size>
std::string read_name(const Words& words, const std::string_view (&names)[size], Enum& into) {
  std::string expected;
  for (std::size_t i = 0; i < size; ++i) {
    if (names[i] == words.front()) {
      into = static_cast<Enum>(i);
      return "";
    }
    expected += (i == 0 ? "" : i + 1 == size ? " or " : ", ") + std::string(names[i]);
  }
  return words.front() + ": expected " + expected;
}

// "all", "none", or words that `add` takes one by one.
template <class Set>
std::string read_set(const Words& words, std::optional<Set>& into, auto&& add) {
  if (words.front() == "all") {
    into.reset();
    return "";
  }
  if (!into) into.emplace();
  if (words.front() == "none") return "";
  for (const std::string& word : words) {
    const std::string wrong = add(word, *into);
    if (!wrong.empty()) return word + ": " + wrong;
  }
  return "";
}

template <class Set>
Words write_set(const std::optional<Set>& set, auto&& word_of) {
  if (!set) return {};
  if (set->empty()) return {"none"};
  Words words;
  for (const auto& item : *set) words.push_back(word_of(item));
  return words;
}

std::string read_profile(const Words& words, PlanOptions& plan) {
  return read_name(words, kProfiles, plan.profile);
}
Words write_profile(const PlanOptions& plan) { return {std::string(to_string(plan.profile))}; }

std::string read_duration(const Words& words, PlanOptions& plan) {
  std::int64_t length = 0;
  std::string wrong = read_number(words, 1, kMostSeconds, length);
  plan.duration = seconds(length);
  return wrong;
}
Words write_duration(const PlanOptions& plan) {
  return {std::to_string(plan.duration.us / seconds(1).us)};
}

std::string read_network(const Words& words, PlanOptions& plan) {
  return read_name(words, kDelays, plan.selection.delays);
}
Words write_network(const PlanOptions& plan) {
  if (plan.selection.delays == Delays::kDrawn) return {};
  return {std::string(kDelays[static_cast<std::size_t>(plan.selection.delays)])};
}

std::string read_block_size(const Words& words, PlanOptions& plan) {
  return read_number(words, 1, kMostBlockBytes, plan.selection.block_size.emplace());
}
Words write_block_size(const PlanOptions& plan) {
  if (!plan.selection.block_size) return {};
  return {std::to_string(*plan.selection.block_size)};
}

std::string read_file_blocks(const Words& words, PlanOptions& plan) {
  return read_number(words, 0, kMostFileBlocks, plan.selection.file_blocks.emplace());
}
Words write_file_blocks(const PlanOptions& plan) {
  if (!plan.selection.file_blocks) return {};
  return {std::to_string(*plan.selection.file_blocks)};
}

std::string read_faults(const Words& words, PlanOptions& plan) {
  return read_set(words, plan.faults, [](const std::string& word, auto& set) -> std::string {
    const std::optional<FaultKind> kind = fault_from_string(word);
    if (!kind) return "no such fault, see dfs-sim list";
    set.insert(*kind);
    return "";
  });
}
Words write_faults(const PlanOptions& plan) {
  return write_set(plan.faults, [](FaultKind kind) { return std::string(to_string(kind)); });
}

std::string read_strikes(const Words& words, PlanOptions& plan) {
  return read_set(words, plan.selection.faults,
                  [](const std::string& word, auto& set) -> std::string {
                    const std::optional<std::uint64_t> index = number_in(word);
                    if (!index) return "expected a number";
                    set.insert(*index);
                    return "";
                  });
}
Words write_strikes(const PlanOptions& plan) {
  return write_set(plan.selection.faults, [](std::size_t index) { return std::to_string(index); });
}

std::string read_operations(const Words& words, PlanOptions& plan) {
  return read_set(words, plan.selection.operations,
                  [](const std::string& word, auto& set) -> std::string {
                    const std::size_t colon = std::min(word.find(':'), word.size());
                    const auto series = number_in(word.substr(0, colon));
                    const auto number = number_in(word.substr(std::min(word.size(), colon + 1)));
                    if (!series || *series > kMostNodes || !number) return "expected SERIES:NUMBER";
                    set.insert({static_cast<std::uint32_t>(*series), *number});
                    return "";
                  });
}
Words write_operations(const PlanOptions& plan) {
  return write_set(plan.selection.operations, [](const OperationKey& key) {
    return std::to_string(key.series) + ":" + std::to_string(key.number);
  });
}

std::string read_invariants(const Words& words, PlanOptions& plan) {
  plan.invariants.clear();
  if (words.front() == "all") return "";
  for (const std::string& word : words) {
    if (std::ranges::find(kInvariants, word) == std::end(kInvariants)) {
      return word + ": no such invariant, see dfs-sim list";
    }
    plan.invariants.insert(word);
  }
  return "";
}
Words write_invariants(const PlanOptions& plan) {
  return {plan.invariants.begin(), plan.invariants.end()};
}

std::string read_ill(const Words& words, PlanOptions& plan) {
  return read_set(words, plan.ill, [](const std::string& word, auto& set) -> std::string {
    const std::optional<IllNode> node = ill_node_from_string(word);
    if (!node) return "expected NODE:ILLNESS, see dfs-sim list";
    set.insert(*node);
    return "";
  });
}
Words write_ill(const PlanOptions& plan) {
  return write_set(plan.ill, [](const IllNode& node) { return to_string(node); });
}

constexpr PlanOption kOptions[] = {
    {"seed", "what everything that is not said here is drawn from", false,
     [](const Words& words, PlanOptions& plan) {
       return read_number(words, 0, UINT64_MAX, plan.seed);
     },
     [](const PlanOptions& plan) { return Words{std::to_string(plan.seed)}; }},
    {"profile", "safety, liveness or disaster", false, read_profile, write_profile},
    {"datanodes", "DataNodes", false,
     [](const Words& words, PlanOptions& plan) {
       return read_number(words, 1, kMostNodes, plan.datanodes);
     },
     [](const PlanOptions& plan) { return Words{std::to_string(plan.datanodes)}; }},
    {"clients", "clients", false,
     [](const Words& words, PlanOptions& plan) {
       return read_number(words, 1, kMostNodes, plan.clients);
     },
     [](const PlanOptions& plan) { return Words{std::to_string(plan.clients)}; }},
    {"duration", "simulated seconds with operations and faults", false, read_duration,
     write_duration},
    {"network",
     "as drawn; calm: nothing is lost, reset or very late; constant: calm, and everything takes "
     "its typical time",
     false, read_network, write_network},
    {"block-size", "bytes of a block", false, read_block_size, write_block_size},
    {"file-blocks", "a file has at most so many whole blocks", false, read_file_blocks,
     write_file_blocks},
    {"faults", "kinds of faults (see list), all or none", true, read_faults, write_faults},
    {"strikes", "which of the faults that are drawn happen, by number; all or none", true,
     read_strikes, write_strikes},
    {"ill",
     "which DataNodes stay ill after the faults, as NODE:ILLNESS (see list; 3:deaf is node-3); all "
     "or none",
     true, read_ill, write_ill},
    {"operations", "which operations happen, as SERIES:NUMBER; all or none", true, read_operations,
     write_operations},
    {"invariants", "judge only these (see list), or all", true, read_invariants, write_invariants},
};

}  // namespace

std::span<const PlanOption> plan_options() { return kOptions; }

const PlanOption* find_plan_option(std::string_view name) {
  const auto* const found = std::ranges::find(kOptions, name, &PlanOption::name);
  return found == std::end(kOptions) ? nullptr : found;
}

std::string as_arguments(const PlanOptions& plan) {
  std::string arguments;
  for (const PlanOption& option : kOptions) {
    const Words words = option.write(plan);
    if (words.empty()) continue;
    arguments += " --" + std::string(option.name) + " ";
    for (const std::string& word : words) arguments += (&word == &words[0] ? "" : ",") + word;
  }
  return arguments;
}

Words words_of(std::string_view text, char separator) {
  Words words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    if (end > 0) words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(text.size(), end + 1));
  }
  return words;
}

}  // namespace dfs::world
