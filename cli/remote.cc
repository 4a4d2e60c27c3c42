#include "cli/remote.h"

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>

namespace dfs::cli {
namespace {

std::string logged_in_user() {
  if (const passwd* entry = ::getpwuid(::geteuid()); entry != nullptr) return entry->pw_name;
  const char* name = std::getenv("USER");
  return name != nullptr ? name : "nobody";
}

}  // namespace

std::unique_ptr<Session> open_session(const Context& context) {
  Result<std::vector<std::string>> namenodes = http::parse_namenodes(context.globals.meta);
  if (!namenodes.ok()) {
    context.fail("--meta: " + namenodes.status().message());
    return nullptr;
  }
  http::SessionOptions options;
  options.namenodes = std::move(*namenodes);
  options.user = context.globals.user.empty() ? logged_in_user() : context.globals.user;
  options.retry.limit = Duration{static_cast<std::int64_t>(context.globals.retry_limit * 1e6)};
  options.retry.not_ready_limit = std::min(options.retry.not_ready_limit, options.retry.limit);
  return std::make_unique<Session>(std::move(options));
}

std::string join(std::string_view directory, std::string_view name) {
  std::string path(directory);
  if (!path.ends_with('/')) path += '/';
  path += name;
  return path;
}

std::string base_name(std::string_view path) {
  while (path.ends_with('/')) path.remove_suffix(1);
  const std::size_t slash = path.rfind('/');
  return std::string(slash == std::string_view::npos ? path : path.substr(slash + 1));
}

Status for_each_entry(
    Session& session, const std::string& path,
    const std::function<Status(const wire::FileStatus& entry, bool directory)>& visit) {
  wire::List request;
  request.path = path;
  for (;;) {
    Result<wire::ListReply> page = session.call(request);
    if (!page.ok()) return page.status();
    for (const wire::FileStatus& entry : page->entries) {
      if (Status status = visit(entry, page->directory); !status.ok()) return status;
    }
    if (!page->more || page->entries.empty()) return {};
    request.after = page->entries.back().name;
  }
}

void walk(Session& session, const std::string& path,
          const std::function<void(const std::string& path, const wire::FileStatus& entry)>& visit,
          const std::function<void(const Status& status)>& failed) {
  // One page at a time is in memory on each level, and the levels are bounded.
  wire::List request;
  request.path = path;
  for (;;) {
    Result<wire::ListReply> page = session.call(request);
    if (!page.ok()) return failed(page.status());
    if (!page->directory) return;
    for (const wire::FileStatus& entry : page->entries) {
      const std::string child = join(path, entry.name);
      visit(child, entry);
      if (entry.type == wire::FileType::kDirectory) walk(session, child, visit, failed);
    }
    if (!page->more || page->entries.empty()) return;
    request.after = page->entries.back().name;
  }
}

Result<std::string> destination(Session& session, const std::string& from, const std::string& to) {
  const Result<wire::FileStatus> status = session.call(wire::Stat{to});
  if (!status.ok()) {
    if (status.status().code() != Code::kNotFound) return status.status();
    if (to.ends_with('/')) return {Code::kNotFound, to + ": No such directory"};
    return to;
  }
  if (status->type != wire::FileType::kDirectory) {
    if (to.ends_with('/')) return {Code::kNotDirectory, to + ": Not a directory"};
    return to;
  }
  const std::string name = base_name(from);
  if (name.empty()) return {Code::kInvalidArgument, from + ": has no name to keep"};
  return join(to, name);
}

int for_each_path(const Context& context, const std::vector<std::string>& paths,
                  const std::function<Status(Session& session, const std::string& path)>& one) {
  const std::unique_ptr<Session> session = open_session(context);
  if (!session) return kUsage;
  int exit_code = kDone;
  for (const std::string& path : paths) {
    if (Status status = one(*session, path); !status.ok()) exit_code = context.fail(status);
  }
  return exit_code;
}

}  // namespace dfs::cli
