// Paths: what is accepted is canonical, has no way up and no NUL; a refusal is one line.
#include "core/wire/path.h"

#include "tests/fuzz/target.h"

namespace dfs::fuzz {
namespace {

void fuzz_path(Bytes input) {
  const std::string_view text = as_text(input);
  require(wire::is_utf8(wire::printable(text)), "what is shown is UTF-8");
  const Result<wire::Path> path = wire::Path::parse(text);
  if (!path.ok()) {
    require(path.status().message().find('\n') == std::string::npos, "an error is one line");
    return;
  }
  const std::string canonical = path->text();
  require(wire::Path::parse(canonical).value() == *path, "the canonical form is the same path");
  require(canonical.size() <= wire::kMaxPathBytes && path->depth() <= wire::kMaxPathDepth,
          "a path keeps its limits");
  for (const std::string& name : path->names()) {
    require(wire::check_name(name).ok() && name != "." && name != "..", "no name is a way up");
    require(name.find('/') == std::string::npos && name.find('\0') == std::string::npos,
            "a name is one component");
  }
}

const Registration kPath({"path", fuzz_path});

}  // namespace
}  // namespace dfs::fuzz
