// The namespace's refusals, in the words that users of file systems know.
#pragma once

#include <string>
#include <string_view>

#include "core/base/ids.h"
#include "core/base/status.h"
#include "core/wire/path.h"

namespace dfs::namenode {

inline Status refuse(Code code, std::string_view path, std::string_view why) {
  return {code, wire::printable(path) + ": " + std::string(why)};
}
inline Status no_such(std::string_view path) {
  return refuse(Code::kNotFound, path, "No such file or directory");
}
inline Status file_exists(std::string_view path) {
  return refuse(Code::kAlreadyExists, path, "File exists");
}
inline Status not_a_directory(std::string_view path) {
  return refuse(Code::kNotDirectory, path, "Not a directory");
}
inline Status is_a_directory(std::string_view path) {
  return refuse(Code::kIsDirectory, path, "Is a directory");
}
inline Status not_empty(std::string_view path) {
  return refuse(Code::kNotEmpty, path, "Directory not empty");
}
inline Status being_written(std::string_view path) {
  return refuse(Code::kAlreadyBeingCreated, path, "Is being written by another client");
}
inline Status invalid(std::string_view path, std::string_view why) {
  return refuse(Code::kInvalidArgument, path, why);
}
inline Status fenced(InodeId inode) {
  return {Code::kFenced, "file " + std::to_string(inode.value) +
                             ": The lease of this writer is over, nothing was changed"};
}

}  // namespace dfs::namenode
