#include "core/base/status.h"

#include <algorithm>
#include <array>

namespace dfs {
namespace {

struct Name {
  Code code;
  std::string_view name;
};

constexpr std::array kNames = {
    Name{Code::kOk, "Ok"},
    Name{Code::kInvalidArgument, "InvalidArgument"},
    Name{Code::kNotFound, "NotFound"},
    Name{Code::kAlreadyExists, "AlreadyExists"},
    Name{Code::kNotDirectory, "NotDirectory"},
    Name{Code::kIsDirectory, "IsDirectory"},
    Name{Code::kNotEmpty, "NotEmpty"},
    Name{Code::kAlreadyBeingCreated, "AlreadyBeingCreated"},
    Name{Code::kFenced, "Fenced"},
    Name{Code::kReplaced, "Replaced"},
    Name{Code::kNotEnoughDataNodes, "NotEnoughDataNodes"},
    Name{Code::kNoSpace, "NoSpace"},
    Name{Code::kSafeMode, "SafeMode"},
    Name{Code::kReadOnly, "ReadOnly"},
    Name{Code::kPermissionDenied, "PermissionDenied"},
    Name{Code::kUnavailable, "Unavailable"},
    Name{Code::kTimedOut, "TimedOut"},
    Name{Code::kUnknownOutcome, "UnknownOutcome"},
    Name{Code::kStale, "Stale"},
    Name{Code::kWrongCluster, "WrongCluster"},
    Name{Code::kCorrupt, "Corrupt"},
    Name{Code::kTooLarge, "TooLarge"},
    Name{Code::kIo, "Io"},
    Name{Code::kInternal, "Internal"},
};

}  // namespace

std::string_view to_string(Code code) {
  const auto* const found = std::find_if(kNames.begin(), kNames.end(),
                                         [code](const Name& entry) { return entry.code == code; });
  DFS_ASSERT(found != kNames.end());
  return found->name;
}

std::optional<Code> code_from_string(std::string_view name) {
  for (const Name& entry : kNames) {
    if (entry.name == name) return entry.code;
  }
  return std::nullopt;
}

bool is_retriable(Code code) {
  switch (code) {
    case Code::kNotEnoughDataNodes:
    case Code::kNoSpace:
    case Code::kSafeMode:
    case Code::kReadOnly:
    case Code::kUnavailable:
    case Code::kTimedOut:
    case Code::kIo:
      return true;
    default:
      return false;
  }
}

}  // namespace dfs
