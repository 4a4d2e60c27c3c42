// dfs admin scrub: has replicas read and compared with their checksums.
#include "cli/admin.h"
#include "cli/format.h"
#include "cli/output.h"
#include "cli/remote.h"

namespace dfs::cli {
namespace {

int run_scrub(const std::string& path, const Context& context) {
  const std::unique_ptr<Session> session = open_session(context);
  if (!session) return kUsage;
  std::uint64_t ordered = 0;
  wire::Scrub request;
  request.path = path;
  do {
    Result<wire::ScrubReply> page = session->call(request);
    if (!page.ok()) return context.fail(page.status());
    ordered += page->ordered;
    request.cursor = page->next;
  } while (!request.cursor.empty());
  if (context.globals.json) {
    print_json({{"path", json_text(path)}, {"ordered", ordered}});
  } else if (!context.globals.quiet) {
    print(counted(ordered, "replica") + " will be verified now\n");
  }
  return flush_output() ? kDone : kFailed;
}

}  // namespace

void add_admin_scrub(CLI::App& admin, Context& context) {
  const auto path = std::make_shared<std::string>("/");
  CLI::App* command =
      add_command(admin, context, "scrub", "have every replica below a path verified now",
                  [path, &context] { return run_scrub(*path, context); });
  command->add_option("path", *path, "a file or directory (default: /)");
}

}  // namespace dfs::cli
