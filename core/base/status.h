// Errors as values: a code that programs act on and one line that people read.
//
// Functions that can fail return Status or Result<T>. Codes are few; kUnknownOutcome is among them
// because a distributed operation whose answer got lost has neither failed nor succeeded.
// Exceptions do not cross core/'s interfaces; adapters stop them at the edge.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/assert.h"

namespace dfs {

enum class Code {
  kOk,
  kInvalidArgument,  // malformed input; retrying cannot help
  kNotFound,         // path, inode or block does not exist
  kAlreadyExists,
  kNotDirectory,  // a component that must be a directory is a file
  kIsDirectory,
  kNotEmpty,
  kAlreadyBeingCreated,  // another client holds the lease of this name
  kFenced,               // the caller's lease is over; nothing was changed
  kReplaced,             // the version being read is gone: "file was replaced"
  kNotEnoughDataNodes,   // fewer than min(2, r) DataNodes are able to store
  kNoSpace,              // a disk is full
  kSafeMode,             // mutations are refused until safe mode ends
  kReadOnly,             // the NameNode's history is older than what a DataNode has seen
  kPermissionDenied,
  kUnavailable,     // try again: the other side is away, busy or starting
  kTimedOut,        // the caller's own limit ran out
  kUnknownOutcome,  // it may or may not have happened, at most once
  kStale,           // a message of an older session, epoch or sequence
  kWrongCluster,    // an identity does not match: another cluster, another node
  kCorrupt,         // a checksum does not match
  kTooLarge,
  kIo,        // the local disk or network failed
  kInternal,  // a bug
};

// The code's stable name, as it travels on the wire ("NotFound").
[[nodiscard]] std::string_view to_string(Code code);
// The inverse of to_string; nullopt for a name that is none.
[[nodiscard]] std::optional<Code> code_from_string(std::string_view name);

// True where trying the same request again, later or elsewhere, may succeed.
[[nodiscard]] bool is_retriable(Code code);

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Code code, std::string message) : code_(code), message_(std::move(message)) {}

  [[nodiscard]] bool ok() const { return code_ == Code::kOk; }
  [[nodiscard]] Code code() const { return code_; }
  // One line without the code's name: "/foo: No such file or directory".
  [[nodiscard]] const std::string& message() const { return message_; }

  friend bool operator==(const Status&, const Status&) = default;

 private:
  Code code_ = Code::kOk;
  std::string message_;
};

// A value or the Status that explains its absence. Reading the value of a failure is a bug.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}         // NOLINT(google-explicit-constructor)
  Result(Status status) : status_(std::move(status)) {  // NOLINT(google-explicit-constructor)
    DFS_ASSERT(!status_.ok());
  }
  Result(Code code, std::string message) : Result(Status(code, std::move(message))) {}

  [[nodiscard]] bool ok() const { return value_.has_value(); }
  [[nodiscard]] const Status& status() const { return status_; }
  [[nodiscard]] T& value() {
    DFS_ASSERT(ok());
    return *value_;
  }
  [[nodiscard]] const T& value() const {
    DFS_ASSERT(ok());
    return *value_;
  }
  T& operator*() { return value(); }
  const T& operator*() const { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  std::optional<T> value_;
  Status status_;
};

}  // namespace dfs
