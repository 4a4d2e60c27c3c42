// What commands print on standard output: text as it comes, or one JSON document at the end.
#pragma once

#include <boost/json.hpp>
#include <string_view>

#include "core/wire/types.h"

namespace dfs::cli {

void print(std::string_view text);
// The document and a newline.
void print_json(const boost::json::value& document);

// Text from outside as a JSON string: invalid UTF-8 is shown as \xNN.
[[nodiscard]] boost::json::string json_text(std::string_view text);

// A file or directory as every command's JSON shows it.
[[nodiscard]] boost::json::object json_of(std::string_view path, const wire::FileStatus& status);

// Standard output took everything; false (a full disk, a closed pipe) after having said so.
[[nodiscard]] bool flush_output();

}  // namespace dfs::cli
