#include "cli/output.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>

#include "cli/format.h"
#include "core/wire/json.h"
#include "core/wire/path.h"

namespace dfs::cli {

void print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

void print_json(const boost::json::value& document) {
  print(boost::json::serialize(document));
  print("\n");
}

boost::json::string json_text(std::string_view text) {
  const std::string safe = wire::is_utf8(text) ? std::string(text) : shown(text);
  return boost::json::string(safe);
}

boost::json::object json_of(std::string_view path, const wire::FileStatus& status) {
  boost::json::object object;
  object["path"] = json_text(path);
  for (auto& [key, value] : wire::to_json(status)) {
    if (key != "name") object[key] = value;
  }
  object["mode"] = octal_mode(status.mode);
  return object;
}

bool flush_output() {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return true;
  std::fprintf(stderr, "dfs: standard output: %s\n", std::strerror(errno));
  return false;
}

}  // namespace dfs::cli
