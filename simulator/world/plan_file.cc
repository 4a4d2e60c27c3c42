#include "simulator/world/plan_file.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "simulator/world/verdicts.h"

namespace dfs::world {
namespace {

constexpr std::string_view kFirstLine = "dfs-sim plan 1";
constexpr std::size_t kLineWidth = 100;

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && end == text.data() + text.size() && !text.empty();
  return whole ? std::optional(number) : std::nullopt;
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (end > 0) words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(text.size(), end + 1));
  }
  return words;
}

// Keys that come once, and the setters of what they say. A setter returns what is wrong, "" if
// nothing.
class Reader {
 public:
  std::string take(std::string_view line, PlanFile& file) {
    const std::vector<std::string_view> words = words_of(line);
    const std::string key(words.front());
    const std::vector<std::string_view> values(words.begin() + 1, words.end());
    if (values.empty()) return key + ": says nothing";
    const bool list = key == "strikes" || key == "operations" || key == "faults" || key == "judge";
    if (!list && values.size() != 1) return key + ": expected one word";
    if (!list && !seen_.insert(key).second) return key + ": said twice";
    return set(key, values, file);
  }
  [[nodiscard]] bool has(const char* key) const { return seen_.contains(key); }

 private:
  std::string set(const std::string& key, const std::vector<std::string_view>& values,
                  PlanFile& file) {
    PlanOptions& plan = file.plan;
    const std::string_view value = values.front();
    if (key == "seed") return bounded(value, UINT64_MAX, plan.seed);
    if (key == "datanodes") return bounded(value, 50, plan.datanodes);
    if (key == "clients") return bounded(value, 50, plan.clients);
    if (key == "duration") {
      std::int64_t seconds_long = 0;
      std::string wrong = bounded(value, 100'000, seconds_long);
      plan.duration = seconds(seconds_long);
      return wrong;
    }
    if (key == "profile") {
      if (value != "safety" && value != "liveness") return "profile: expected safety or liveness";
      plan.profile = value == "safety" ? Profile::kSafety : Profile::kLiveness;
      return "";
    }
    if (key == "network") {
      if (value != "calm" && value != "drawn") return "network: expected calm or drawn";
      plan.selection.calm_network = value == "calm";
      return "";
    }
    if (key == "expect") {
      const bool known = is_invariant(value);
      if (!known && value != "nothing") return "expect: no such invariant";
      file.expect = known ? std::string(value) : "";
      return "";
    }
    if (key == "judge") return invariants(values, plan.invariants);
    if (key == "faults") return kinds(values, plan.faults);
    if (key == "strikes") return strikes(values, plan.selection.faults);
    if (key == "operations") return operations(values, plan.selection.operations);
    return key + ": unknown";
  }

  template <class Number>
  static std::string bounded(std::string_view value, std::uint64_t most, Number& number) {
    const std::optional<std::uint64_t> read = number_of(value);
    if (!read || *read > most) return std::string(value) + ": expected a number";
    number = static_cast<Number>(*read);
    return "";
  }
  static bool is_invariant(std::string_view id) {
    return std::find(std::begin(kInvariants), std::end(kInvariants), id) != std::end(kInvariants);
  }
  static std::string invariants(const std::vector<std::string_view>& values,
                                std::set<std::string, std::less<>>& judged) {
    if (values.front() == "all") return "";
    for (const std::string_view value : values) {
      if (!is_invariant(value)) return std::string(value) + ": no such invariant";
      judged.emplace(value);
    }
    return "";
  }
  static std::string kinds(const std::vector<std::string_view>& values,
                           std::optional<std::set<FaultKind>>& faults) {
    if (values.front() == "all") return "";
    if (!faults) faults.emplace();
    if (values.front() == "none") return "";
    for (const std::string_view value : values) {
      const std::optional<FaultKind> kind = fault_from_string(value);
      if (!kind) return std::string(value) + ": no such fault";
      faults->insert(*kind);
    }
    return "";
  }
  static std::string strikes(const std::vector<std::string_view>& values,
                             std::optional<std::set<std::size_t>>& chosen) {
    if (values.front() == "all") return "";
    if (!chosen) chosen.emplace();
    if (values.front() == "none") return "";
    for (const std::string_view value : values) {
      const std::optional<std::uint64_t> index = number_of(value);
      if (!index) return std::string(value) + ": expected a number";
      chosen->insert(*index);
    }
    return "";
  }
  static std::string operations(const std::vector<std::string_view>& values,
                                std::optional<std::set<OperationKey>>& chosen) {
    if (values.front() == "all") return "";
    if (!chosen) chosen.emplace();
    if (values.front() == "none") return "";
    for (const std::string_view value : values) {
      const std::size_t colon = std::min(value.find(':'), value.size());
      const auto client = number_of(value.substr(0, colon));
      const auto number = number_of(value.substr(std::min(value.size(), colon + 1)));
      if (!client || *client > 50 || !number)
        return std::string(value) + ": expected CLIENT:NUMBER";
      chosen->insert({static_cast<std::uint32_t>(*client), *number});
    }
    return "";
  }

  std::set<std::string> seen_;
};

// "KEY word word …", in lines of bounded width that all begin with the key.
std::string list_of(const std::string& key, const std::vector<std::string>& words) {
  std::string text;
  std::string line = key;
  for (const std::string& word : words) {
    if (line.size() + 1 + word.size() > kLineWidth) {
      text += line + "\n";
      line = key;
    }
    line += " " + word;
  }
  return text + line + (words.empty() ? " none\n" : "\n");
}

}  // namespace

std::string to_text(const PlanFile& file) {
  std::string text;
  for (std::string_view rest = file.comment; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    text += "# " + std::string(rest.substr(0, end)) + "\n";
    rest.remove_prefix(std::min(rest.size(), end + 1));
  }
  const PlanOptions& plan = file.plan;
  text += std::string(kFirstLine) + "\nseed " + std::to_string(plan.seed) + "\nprofile " +
          std::string(to_string(plan.profile)) + "\ndatanodes " + std::to_string(plan.datanodes) +
          "\nclients " + std::to_string(plan.clients) + "\nduration " +
          std::to_string(plan.duration.us / seconds(1).us) + "\nnetwork " +
          (plan.selection.calm_network ? "calm" : "drawn") + "\n";
  std::vector<std::string> words;
  if (plan.faults) {
    for (const FaultKind kind : *plan.faults) words.emplace_back(to_string(kind));
    text += list_of("faults", words);
  }
  if (!plan.invariants.empty()) {
    text += list_of("judge", {plan.invariants.begin(), plan.invariants.end()});
  }
  if (plan.selection.faults) {
    words.clear();
    for (const std::size_t index : *plan.selection.faults) words.push_back(std::to_string(index));
    text += list_of("strikes", words);
  }
  if (plan.selection.operations) {
    words.clear();
    for (const OperationKey& key : *plan.selection.operations) {
      words.push_back(std::to_string(key.series) + ":" + std::to_string(key.number));
    }
    text += list_of("operations", words);
  }
  return text + "expect " + (file.expect.empty() ? "nothing" : file.expect) + "\n";
}

Result<PlanFile> parse_plan(std::string_view text) {
  if (text.size() > kMaxPlanText) return Status(Code::kTooLarge, "a plan is at most 1 MiB of text");
  PlanFile file;
  Reader reader;
  bool begun = false;
  std::size_t number = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(text.size(), end + 1));
    ++number;
    std::string wrong;
    if (line.starts_with('#')) {
      line.remove_prefix(line.starts_with("# ") ? 2 : 1);
      file.comment += (file.comment.empty() ? "" : "\n") + std::string(line);
    } else if (words_of(line).empty()) {
      continue;
    } else if (!begun) {
      if (line != kFirstLine) wrong = "expected '" + std::string(kFirstLine) + "'";
      begun = true;
    } else {
      wrong = reader.take(line, file);
    }
    if (!wrong.empty()) {
      return Status(Code::kInvalidArgument, "line " + std::to_string(number) + ": " + wrong);
    }
  }
  if (!reader.has("seed")) return Status(Code::kInvalidArgument, "a plan needs a line 'seed N'");
  if (file.plan.datanodes == 0 || file.plan.clients == 0 || file.plan.duration.us == 0) {
    return Status(Code::kInvalidArgument, "datanodes, clients and duration must not be 0");
  }
  return file;
}

}  // namespace dfs::world
