#include "cli/admin.h"
#include "cli/format.h"
#include "cli/output.h"
#include "cli/remote.h"

namespace dfs::cli {
namespace {

// What is wrong with a file, in words: the only numbers named "corrupt" and so on are the sums.
std::vector<std::string> problems_of(const wire::FileHealth& file) {
  std::vector<std::string> problems;
  const std::string of = " of " + counted(file.blocks, "block");
  if (file.missing > 0) {
    problems.push_back(std::to_string(file.missing) + of + " missing: no copy on a live DataNode");
  }
  if (file.corrupt > 0) {
    problems.push_back(std::to_string(file.corrupt) + of + " corrupt: no copy is good");
  }
  if (file.under_replicated > 0) {
    problems.push_back(std::to_string(file.under_replicated) + of +
                       " under-replicated: fewer good copies than asked for");
  }
  if (file.rotten_replicas > 0) {
    problems.push_back(counted(file.rotten_replicas, "replica") + " rotten");
  }
  return problems;
}

struct Sums {
  std::uint64_t files = 0;
  std::uint64_t blocks = 0;
  std::uint64_t under_replicated = 0;
  std::uint64_t corrupt = 0;
  std::uint64_t missing = 0;
  boost::json::array unhealthy;

  [[nodiscard]] bool healthy() const { return corrupt == 0 && missing == 0; }
};

void add_page(Sums& sums, const wire::FsckReply& page, bool json) {
  sums.files += page.files;
  sums.blocks += page.blocks;
  for (const wire::FileHealth& file : page.unhealthy) {
    sums.under_replicated += file.under_replicated;
    sums.corrupt += file.corrupt;
    sums.missing += file.missing;
    boost::json::array problems;
    for (const std::string& problem : problems_of(file)) {
      if (json) {
        problems.emplace_back(problem);
      } else {
        print(shown(file.path) + ": " + problem + "\n");
      }
    }
    if (json) {
      sums.unhealthy.push_back({{"path", json_text(file.path)}, {"problems", std::move(problems)}});
    }
  }
}

int run_fsck(const std::string& path, const Context& context) {
  const std::unique_ptr<Session> session = open_session(context);
  if (!session) return kUsage;
  Sums sums;
  wire::Fsck request;
  request.path = path;
  do {
    Result<wire::FsckReply> page = session->call(request);
    if (!page.ok()) return context.fail(page.status());
    add_page(sums, *page, context.globals.json);
    request.cursor = page->next;
  } while (!request.cursor.empty());
  if (context.globals.json) {
    print_json({{"path", json_text(path)},
                {"healthy", sums.healthy()},
                {"files", sums.files},
                {"blocks", sums.blocks},
                {"under_replicated", sums.under_replicated},
                {"corrupt", sums.corrupt},
                {"missing", sums.missing},
                {"unhealthy", std::move(sums.unhealthy)}});
  } else {
    print(table({{"Files:", std::to_string(sums.files)},
                 {"Blocks:", std::to_string(sums.blocks)},
                 {"Under-replicated:", std::to_string(sums.under_replicated)},
                 {"Corrupt:", std::to_string(sums.corrupt)},
                 {"Missing:", std::to_string(sums.missing)}},
                "lr") +
          shown(path) + " is " + (sums.healthy() ? "healthy" : "CORRUPT") + "\n");
  }
  if (!flush_output()) return kFailed;
  return sums.healthy() ? kDone : kFailed;
}

}  // namespace

void add_admin_fsck(CLI::App& admin, Context& context) {
  const auto path = std::make_shared<std::string>("/");
  CLI::App* command = add_command(admin, context, "fsck", "check the blocks below a path",
                                  [path, &context] { return run_fsck(*path, context); });
  command->add_option("path", *path, "a file or directory (default: /)");
}

}  // namespace dfs::cli
