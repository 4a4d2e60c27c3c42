#include "adapters/http/answer_reader.h"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace dfs::http {
namespace {

constexpr std::size_t kMaxAnswerHead = 64 * 1024;

Status malformed() { return {Code::kUnavailable, "not an HTTP/1.1 answer of this protocol"}; }

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    const auto lower = [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    };
    return lower(x) == lower(y);
  });
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

template <class T>
bool parse_number(std::string_view text, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return !text.empty() && error == std::errc{} && end == text.data() + text.size();
}

}  // namespace

Status AnswerReader::read_head(Instant deadline) {
  for (;;) {
    const std::size_t end = buffered_.find("\r\n\r\n");
    if (end != std::string::npos) {
      const std::string head = buffered_.substr(0, end);
      buffered_.erase(0, end + 4);
      if (Status status = parse(head); !status.ok()) return status;
      if (status_ < 200) continue;
      return {};
    }
    if (buffered_.size() > kMaxAnswerHead) return malformed();
    if (Status status = receive_more(deadline); !status.ok()) return status;
  }
}

Status AnswerReader::receive_more(Instant deadline) {
  if (!wait_readable(fd_, deadline - monotonic_now())) {
    return {Code::kTimedOut, "no answer in time"};
  }
  std::array<std::uint8_t, 16 * 1024> piece;  // filled by receive()
  Result<std::size_t> got = receive(fd_, piece);
  if (!got.ok()) return got.status();
  if (*got == 0) return {Code::kUnavailable, "the connection was closed without an answer"};
  began_ = true;
  buffered_.append(as_text(Bytes(piece).first(*got)));
  return {};
}

Status AnswerReader::parse(std::string_view head) {
  std::size_t line_end = std::min(head.find("\r\n"), head.size());
  const std::string_view first = head.substr(0, line_end);
  if (!first.starts_with("HTTP/1.") || first.size() < 12 ||
      !parse_number(first.substr(9, 3), status_)) {
    return malformed();
  }
  stays_ = first[7] != '0';
  body_left_ = 0;
  bool has_length = status_ < 200 || status_ == 204 || status_ == 304;
  while (line_end < head.size()) {
    head.remove_prefix(line_end + 2);
    line_end = std::min(head.find("\r\n"), head.size());
    const std::string_view line = head.substr(0, line_end);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return malformed();
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = trim(line.substr(colon + 1));
    if (equal_ignoring_case(name, "Content-Length")) {
      if (!parse_number(value, body_left_)) return malformed();
      has_length = true;
    } else if (equal_ignoring_case(name, "Connection") && equal_ignoring_case(value, "close")) {
      stays_ = false;
    } else if (equal_ignoring_case(name, "Transfer-Encoding")) {
      return malformed();
    }
  }
  return has_length ? Status() : malformed();
}

Status AnswerReader::read_body(MutableBytes out) {
  if (out.size() > body_left_) return malformed();
  const std::size_t ready = std::min(out.size(), buffered_.size());
  if (ready > 0) {
    std::memcpy(out.data(), buffered_.data(), ready);
    buffered_.erase(0, ready);
  }
  const MutableBytes rest = out.subspan(ready);
  body_left_ -= out.size();
  if (rest.empty()) return {};
  Result<std::size_t> got = receive(fd_, rest, true);
  if (!got.ok()) return got.status();
  if (*got < rest.size()) {
    return {Code::kUnavailable, "the connection was closed in the middle of an answer"};
  }
  return {};
}

}  // namespace dfs::http
