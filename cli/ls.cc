#include "cli/commands.h"
#include "cli/format.h"
#include "cli/output.h"
#include "cli/remote.h"

namespace dfs::cli {
namespace {

struct Ls {
  std::vector<std::string> paths;
  bool recursive = false;
  bool human = false;
};

std::vector<std::string> row_of(const std::string& path, const wire::FileStatus& entry,
                                bool human) {
  const bool directory = entry.type == wire::FileType::kDirectory;
  return {mode_text(entry.type, entry.mode),
          directory ? "-" : std::to_string(entry.replication),
          shown(entry.owner),
          shown(entry.group),
          directory ? "0" : size_text(entry.length, human),
          time_text(entry.mtime),
          shown(path) + (entry.under_construction ? "  (being written)" : "")};
}

// Prints in pieces, so that a directory of a million entries begins to show at once.
class Listing {
 public:
  Listing(bool json, bool human) : json_(json), human_(human) {}

  void add(const std::string& path, const wire::FileStatus& entry) {
    if (json_) {
      entries_.push_back(json_of(path, entry));
      return;
    }
    rows_.push_back(row_of(path, entry, human_));
    if (rows_.size() >= kPiece) flush();
  }
  void flush() {
    if (!rows_.empty()) print(table(rows_, "lrllrll"));
    rows_.clear();
  }
  [[nodiscard]] boost::json::array take_entries() { return std::move(entries_); }

 private:
  static constexpr std::size_t kPiece = 1000;
  const bool json_;
  const bool human_;
  std::vector<std::vector<std::string>> rows_;
  boost::json::array entries_;
};

int run_ls(const Ls& options, const Context& context) {
  Listing listing(context.globals.json, options.human);
  int exit_code = kDone;
  const auto failed = [&](const Status& status) { exit_code = context.fail(status); };
  const int failures =
      for_each_path(context, options.paths, [&](Session& session, const std::string& path) {
        Status status =
            for_each_entry(session, path, [&](const wire::FileStatus& entry, bool directory) {
              const std::string child = directory ? join(path, entry.name) : path;
              listing.add(child, entry);
              if (options.recursive && directory && entry.type == wire::FileType::kDirectory) {
                walk(
                    session, child,
                    [&](const std::string& below, const wire::FileStatus& one) {
                      listing.add(below, one);
                    },
                    failed);
              }
              return Status();
            });
        listing.flush();
        return status;
      });
  exit_code = std::max(exit_code, failures);
  if (context.globals.json && exit_code != kUsage) {
    print_json({{"entries", listing.take_entries()}});
  }
  return flush_output() ? exit_code : kFailed;
}

}  // namespace

void add_ls(CLI::App& app, Context& context) {
  const auto options = std::make_shared<Ls>();
  CLI::App* command =
      add_command(app, context, "ls", "list files and directories", [options, &context] {
        if (options->paths.empty()) options->paths = {"/"};
        return run_ls(*options, context);
      });
  command->add_option("path", options->paths, "files and directories (default: /)");
  command->add_flag("-R,--recursive", options->recursive, "what is below, too");
  command->add_flag("-h,--human-readable", options->human, "sizes such as 1.5G");
}

}  // namespace dfs::cli
