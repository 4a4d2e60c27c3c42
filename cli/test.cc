#include "cli/commands.h"
#include "cli/remote.h"

namespace dfs::cli {
namespace {

struct Test {
  std::string path;
  bool exists = false;
  bool directory = false;
  bool file = false;
  bool not_empty = false;
  bool empty = false;
};

int run(const Test& test, const Context& context) {
  const int asked = test.exists + test.directory + test.file + test.not_empty + test.empty;
  if (asked != 1) return context.fail("needs one of -e, -d, -f, -s and -z", kUsage);
  const std::unique_ptr<Session> session = open_session(context);
  if (!session) return kUsage;
  const Result<wire::FileStatus> status = session->call(wire::Stat{test.path});
  if (!status.ok()) {
    const Code code = status.status().code();
    // A file above it is as good as nothing there.
    if (code == Code::kNotFound || code == Code::kNotDirectory) return kFailed;
    return context.fail(status.status());
  }
  const bool is_directory = status->type == wire::FileType::kDirectory;
  const bool is_empty = is_directory ? status->children == 0 : status->length == 0;
  const bool holds = test.exists || (test.directory && is_directory) ||
                     (test.file && !is_directory) || (test.not_empty && !is_empty) ||
                     (test.empty && is_empty);
  return holds ? kDone : kFailed;
}

}  // namespace

void add_test(CLI::App& app, Context& context) {
  const auto test = std::make_shared<Test>();
  CLI::App* command = add_command(app, context, "test", "say by the exit status what a path is",
                                  [test, &context] { return run(*test, context); });
  command->add_option("path", test->path, "the path")->required();
  command->add_flag("-e", test->exists, "it exists");
  command->add_flag("-d", test->directory, "it is a directory");
  command->add_flag("-f", test->file, "it is a file");
  command->add_flag("-s", test->not_empty, "it is not empty");
  command->add_flag("-z", test->empty, "it is empty");
}

}  // namespace dfs::cli
