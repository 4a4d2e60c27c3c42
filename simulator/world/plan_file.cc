#include "simulator/world/plan_file.h"

#include <algorithm>

#include "simulator/world/plan_options.h"
#include "simulator/world/verdicts.h"

namespace dfs::world {
namespace {

constexpr std::string_view kFirstLine = "dfs-sim plan 1";
constexpr std::size_t kLineWidth = 100;

// Takes the lines after the first; each but a list may come once.
class Reader {
 public:
  // Returns what is wrong, "" if nothing.
  std::string take(const Words& line, PlanFile& file) {
    const std::string& key = line.front();
    const PlanOption* option = find_plan_option(key);
    if (option == nullptr && key != "expect") return key + ": unknown";
    const bool list = option != nullptr && option->list;
    const Words words(line.begin() + 1, line.end());
    if (words.empty()) return key + ": says nothing";
    if (!list && words.size() != 1) return key + ": expected one word";
    if (!list && !seen_.insert(key).second) return key + ": said twice";
    if (option == nullptr) return expect(words.front(), file);
    if (!list) return option->read(words, file.plan);
    // A list that goes on is read as a whole again.
    Words& all = lists_[key];
    all.insert(all.end(), words.begin(), words.end());
    return option->read(all, file.plan);
  }
  [[nodiscard]] bool has(const std::string& key) const { return seen_.contains(key); }

 private:
  static std::string expect(const std::string& word, PlanFile& file) {
    const bool known = std::ranges::find(kInvariants, word) != std::end(kInvariants);
    if (!known && word != "nothing") return "expect: no such invariant";
    file.expect = known ? word : "";
    return "";
  }

  std::set<std::string> seen_;
  std::map<std::string, Words> lists_;
};

// "KEY word word …", in lines of bounded width that all begin with the key.
std::string lines_of(const std::string& key, const Words& words) {
  std::string text;
  std::string line = key;
  for (const std::string& word : words) {
    if (line.size() + 1 + word.size() > kLineWidth) {
      text += line + "\n";
      line = key;
    }
    line += " " + word;
  }
  return text + line + "\n";
}

}  // namespace

std::string to_text(const PlanFile& file) {
  std::string text;
  for (std::string_view rest = file.comment; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    text += (end == 0 ? "#" : "# ") + std::string(rest.substr(0, end)) + "\n";
    rest.remove_prefix(std::min(rest.size(), end + 1));
  }
  text += std::string(kFirstLine) + "\n";
  for (const PlanOption& option : plan_options()) {
    const Words words = option.write(file.plan);
    if (!words.empty()) text += lines_of(std::string(option.name), words);
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
    const Words words = words_of(line, ' ');
    if (line.starts_with('#')) {
      line.remove_prefix(line.starts_with("# ") ? 2 : 1);
      file.comment += (file.comment.empty() ? "" : "\n") + std::string(line);
    } else if (words.empty()) {
      continue;
    } else if (!begun) {
      if (line != kFirstLine) wrong = "expected '" + std::string(kFirstLine) + "'";
      begun = true;
    } else {
      wrong = reader.take(words, file);
    }
    if (!wrong.empty()) {
      return Status(Code::kInvalidArgument, "line " + std::to_string(number) + ": " + wrong);
    }
  }
  if (!reader.has("seed")) return Status(Code::kInvalidArgument, "a plan needs a line 'seed N'");
  return file;
}

}  // namespace dfs::world
