// dfs get: copies files and trees out of the cluster.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "cli/commands.h"
#include "cli/local_file.h"
#include "cli/transfer.h"
#include "core/wire/path.h"

namespace dfs::cli {
namespace {

struct Get {
  std::vector<std::string> paths;
  bool force = false;
};

class Getter {
 public:
  Getter(Session& session, TransferReport& report, Crew& crew, bool force)
      : session_(session), report_(report), crew_(crew), force_(force) {}

  // One argument of the command.
  void get(const std::string& remote, const wire::FileStatus& status, const std::string& local) {
    if (status.type == wire::FileType::kDirectory) return get_tree(remote, local);
    report_.expect(status.length);
    client::ReadOptions options;
    options.path = remote;
    add(std::move(options), local);
  }

  // In order and one after the other, to standard output or a device.
  void get_stream(const std::string& remote, int fd, const std::string& name) {
    StreamSink sink(fd, name);
    const Result<wire::FileStatus> file =
        session_.read(in_order(remote), sink, &report_.progress());
    if (file.ok()) {
      report_.moved_file(file->length);
    } else {
      report_.failed(file.status());
    }
  }

 private:
  void get_tree(const std::string& remote, const std::string& local) {
    if (!make_directory(local)) return;
    wire::List request;
    request.path = remote;
    while (!session_.interrupted()) {
      Result<wire::ListReply> page = session_.call(request);
      if (!page.ok()) return report_.failed(page.status());
      for (const wire::FileStatus& entry : page->entries) {
        get_entry(join(remote, entry.name), entry, local);
      }
      if (!page->more || page->entries.empty()) return;
      request.after = page->entries.back().name;
    }
  }

  void get_entry(const std::string& remote, const wire::FileStatus& entry,
                 const std::string& local) {
    // Whatever a server says, nothing is written outside of `local`.
    if (Status status = wire::check_name(entry.name); !status.ok()) return report_.failed(status);
    const std::string target = join(local, entry.name);
    if (entry.type == wire::FileType::kDirectory) return get_tree(remote, target);
    report_.expect(entry.length);
    // Of many files at once, each takes little memory.
    client::ReadOptions options;
    options.path = remote;
    options.window = 1;
    options.block.fetch_bytes = std::uint64_t{2} << 20;
    add(std::move(options), target);
  }

  bool make_directory(const std::string& local) {
    if (::mkdir(local.c_str(), 0777) == 0) {
      report_.made_directory();
      return true;
    }
    const int error = errno;
    struct stat info {};
    if (error == EEXIST && ::stat(local.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) return true;
    report_.failed(local_error(local, error));
    return false;
  }

  void add(client::ReadOptions options, const std::string& local) {
    crew_.add([this, options = std::move(options), local] {
      if (session_.interrupted()) return;
      const Result<wire::FileStatus> file = read(options, local);
      if (file.ok()) {
        report_.moved_file(file->length);
      } else {
        report_.failed(file.status());
      }
    });
  }

  Result<wire::FileStatus> read(const client::ReadOptions& options, const std::string& local) {
    struct stat info {};
    const bool exists = ::stat(local.c_str(), &info) == 0;
    if (exists && S_ISDIR(info.st_mode)) return local_error(local, EISDIR);
    if (exists && !force_) return local_error(local, EEXIST);
    LocalFile target(local, force_);
    Result<wire::FileStatus> file = session_.read(options, target, &report_.progress());
    if (!file.ok()) return file;
    if (Status status = target.publish(); !status.ok()) return status;
    return file;
  }

  Session& session_;
  TransferReport& report_;
  Crew& crew_;
  const bool force_;
};

// How the destination stands before anything is fetched.
enum class Target { kNothing, kDirectory, kFile, kStream };
Target target_at(const std::string& local) {
  if (local == "-") return Target::kStream;
  struct stat info {};
  if (::stat(local.c_str(), &info) != 0) return Target::kNothing;
  if (S_ISDIR(info.st_mode)) return Target::kDirectory;
  return S_ISREG(info.st_mode) ? Target::kFile : Target::kStream;
}

void get_one(Getter& getter, Session& session, TransferReport& report, const std::string& from,
             const std::string& to, bool several) {
  const Result<wire::FileStatus> status = session.call(wire::Stat{from});
  if (!status.ok()) return report.failed(status.status());
  const Target target = target_at(to);
  if (target == Target::kStream) {
    if (status->type == wire::FileType::kDirectory) {
      return report.failed({Code::kIsDirectory, from + ": Is a directory"});
    }
    report.expect(status->length);
    if (to == "-") return getter.get_stream(from, STDOUT_FILENO, "standard output");
    const http::FileDescriptor device(::open(to.c_str(), O_WRONLY | O_CLOEXEC));
    if (!device) return report.failed(local_error(to, errno));
    return getter.get_stream(from, device.fd(), to);
  }
  if (target == Target::kDirectory) {
    const std::string name = base_name(from);
    return getter.get(from, *status, name.empty() ? to : join(to, name));
  }
  if (several || (to.ends_with('/') && status->type == wire::FileType::kFile)) {
    return report.failed(local_error(to, target == Target::kNothing ? ENOENT : ENOTDIR));
  }
  getter.get(from, *status, to);
}

int run_get(const Get& get, const Context& context) {
  const std::string& to = get.paths.back();
  if (to == "-" && context.globals.json) {
    return context.fail("--json has no room for content on standard output", kUsage);
  }
  const std::unique_ptr<Session> session = open_session(context);
  if (!session) return kUsage;
  const InterruptGuard guard(*session);
  TransferReport report(context, *session);
  Crew crew(kFilesAtOnce);
  Getter getter(*session, report, crew, get.force);
  for (std::size_t i = 0; i + 1 < get.paths.size() && !session->interrupted(); ++i) {
    get_one(getter, *session, report, get.paths[i], to, get.paths.size() > 2);
  }
  crew.wait();
  return report.finish();
}

}  // namespace

void add_get(CLI::App& app, Context& context) {
  const auto get = std::make_shared<Get>();
  CLI::App* command = add_command(app, context, "get", "copy files and directories out",
                                  [get, &context] { return run_get(*get, context); });
  command->add_option("path", get->paths, "SRC... and DST; - is standard output")
      ->required()
      ->expected(2, 1 << 20);
  command->add_flag("-f,--force", get->force, "replace files that exist");
}

}  // namespace dfs::cli
