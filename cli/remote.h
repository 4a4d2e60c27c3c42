// What client commands share when they talk to the cluster.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/http/client_session.h"
#include "cli/command.h"
#include "core/wire/requests.h"

namespace dfs::cli {

using Session = http::ClientSession;

// A session with what --meta, --user and --retry-limit say; null after having reported bad ones,
// which is wrong usage.
[[nodiscard]] std::unique_ptr<Session> open_session(const Context& context);

// "/a" and "b" to "/a/b".
[[nodiscard]] std::string join(std::string_view directory, std::string_view name);
// The last component of a path, local or not: "b" of "/a/b/"; "" of "/".
[[nodiscard]] std::string base_name(std::string_view path);

// Calls `visit` for each entry of the directory `path`, in byte order of the names, page by page; a
// visit that fails ends it. For a file, its own status is the only entry and `directory` is false.
[[nodiscard]] Status for_each_entry(
    Session& session, const std::string& path,
    const std::function<Status(const wire::FileStatus& entry, bool directory)>& visit);

// Calls `visit` for everything below the directory `path`, parents before their children. A
// directory that cannot be listed is given to `failed` and passed over.
void walk(Session& session, const std::string& path,
          const std::function<void(const std::string& path, const wire::FileStatus& entry)>& visit,
          const std::function<void(const Status& status)>& failed);

// Where `from` goes when the user says `to`: into it if it is a directory, else exactly there.
[[nodiscard]] Result<std::string> destination(Session& session, const std::string& from,
                                              const std::string& to);

// Runs `one` for each path; each failure is reported and the others go on. The exit code.
int for_each_path(const Context& context, const std::vector<std::string>& paths,
                  const std::function<Status(Session& session, const std::string& path)>& one);

}  // namespace dfs::cli
