#include "cli/format.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>

#include "core/base/random.h"
#include "core/wire/path.h"

namespace dfs::cli {
namespace {

constexpr std::string_view kUnits = "KMGT";

Status bad_size(std::string_view text) {
  return {Code::kInvalidArgument,
          "'" + wire::printable(text) + "' is no size (such as 4096, 64M or 1.5G)"};
}

// Columns that a UTF-8 text takes, near enough: one a character.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

}  // namespace

Result<std::uint64_t> parse_size(std::string_view text) {
  const std::string_view whole = text;
  std::uint64_t units = 0;
  auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), units);
  if (error != std::errc()) return bad_size(whole);
  text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
  std::uint64_t thousandths = 0;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    std::uint64_t worth = 100;
    if (text.empty() || text[0] < '0' || text[0] > '9') return bad_size(whole);
    for (; !text.empty() && text[0] >= '0' && text[0] <= '9'; text.remove_prefix(1), worth /= 10) {
      thousandths += worth * static_cast<std::uint64_t>(text[0] - '0');
    }
  }
  int shift = 0;
  if (!text.empty()) {
    const std::size_t unit = kUnits.find(static_cast<char>(text[0] & ~0x20));
    if (unit != std::string_view::npos) {
      shift = 10 * (static_cast<int>(unit) + 1);
      text.remove_prefix(1);
      if (text.starts_with('i')) text.remove_prefix(text == "iB" ? 1 : 0);
    }
    if (text == "B" || text == "b") text.remove_prefix(1);
  }
  if (!text.empty() || (thousandths > 0 && shift == 0)) return bad_size(whole);
  if (units >= (std::uint64_t{1} << (63 - shift))) {
    return {Code::kInvalidArgument, "'" + std::string(whole) + "' is too large"};
  }
  return (units << shift) + ((thousandths << shift) + 500) / 1000;
}

Result<std::uint64_t> parse_number(std::string_view text, std::string_view what, std::uint64_t low,
                                   std::uint64_t high) {
  std::uint64_t number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || rest != text.data() + text.size() || number < low || number > high) {
    return {Code::kInvalidArgument, std::string(what) + " must be a number from " +
                                        std::to_string(low) + " to " + std::to_string(high) +
                                        ", not '" + wire::printable(text) + "'"};
  }
  return number;
}

std::string human_size(std::uint64_t bytes) {
  if (bytes < 1024) return std::to_string(bytes);
  int unit = 0;
  std::uint64_t scale = 1024;
  // Rounded up like ls: 1023.9K is 1.0M, never 1024K.
  while (unit < 3 && bytes > 1023 * scale) {
    scale *= 1024;
    ++unit;
  }
  const std::uint64_t whole = bytes / scale;
  const std::uint64_t tenths = (bytes % scale * 10 + scale - 1) / scale;
  std::string text;
  if (whole + (tenths == 10 ? 1 : 0) < 10) {
    text = std::to_string(whole + tenths / 10) + "." + std::to_string(tenths % 10);
  } else {
    text = std::to_string(whole + (bytes % scale != 0 ? 1 : 0));
  }
  return text + kUnits[static_cast<std::size_t>(unit)];
}

std::string size_text(std::uint64_t bytes, bool human) {
  return human ? human_size(bytes) : std::to_string(bytes);
}

std::string time_text(WallTime time) {
  const std::time_t seconds_since = static_cast<std::time_t>(time.ms / 1000);
  std::tm local{};
  if (::localtime_r(&seconds_since, &local) == nullptr) return "?";
  std::array<char, 32> text{};
  const std::size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M", &local);
  return {text.data(), length};
}

std::string mode_text(wire::FileType type, std::uint32_t mode) {
  std::string text = type == wire::FileType::kDirectory ? "d" : "-";
  for (int shift = 6; shift >= 0; shift -= 3) {
    text += ((mode >> shift) & 4) != 0 ? 'r' : '-';
    text += ((mode >> shift) & 2) != 0 ? 'w' : '-';
    text += ((mode >> shift) & 1) != 0 ? 'x' : '-';
  }
  if ((mode & 01000) != 0) text.back() = text.back() == 'x' ? 't' : 'T';
  return text;
}

std::string octal_mode(std::uint32_t mode) {
  std::string text = "0000";
  for (std::size_t i = 0; i < 4; ++i) {
    text[3 - i] = static_cast<char>('0' + ((mode >> (3 * i)) & 7));
  }
  return text;
}

std::string duration_text(std::uint64_t seconds) {
  if (seconds < 60) return std::to_string(seconds) + " s";
  if (seconds < 3600) {
    return std::to_string(seconds / 60) + " min " + std::to_string(seconds % 60) + " s";
  }
  return std::to_string(seconds / 3600) + " h " + std::to_string(seconds % 3600 / 60) + " min";
}

std::string counted(std::uint64_t count, std::string_view noun) {
  std::string text = std::to_string(count) + " " + std::string(noun);
  if (count == 1) return text;
  if (noun.ends_with('y')) return text.substr(0, text.size() - 1) + "ies";
  return text + "s";
}

std::string percent(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return "0%";
  return std::to_string(static_cast<std::uint64_t>((Uint128{part} * 100 + whole - 1) / whole)) +
         "%";
}

std::string table(const std::vector<std::vector<std::string>>& rows, std::string_view align) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  }
  std::string text;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string padding(widths[i] - width(row[i]), ' ');
      const bool right = i < align.size() && align[i] == 'r';
      const bool last = i + 1 == row.size();
      text += right ? padding + row[i] : last ? row[i] : row[i] + padding;
      text += last ? "\n" : "  ";
    }
  }
  return text;
}

std::string shown(std::string_view name) {
  // In pieces that printable() does not cut, none of which splits a character.
  constexpr std::size_t kPiece = 64;
  std::string text;
  while (!name.empty()) {
    std::size_t end = std::min(kPiece, name.size());
    while (end < std::min(kPiece + 3, name.size()) &&
           (static_cast<unsigned char>(name[end]) & 0xc0) == 0x80) {
      ++end;
    }
    text += wire::printable(name.substr(0, end));
    name.remove_prefix(end);
  }
  return text;
}

}  // namespace dfs::cli
