// dfs put: copies local files, trees and standard input into the cluster.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "cli/commands.h"
#include "cli/format.h"
#include "cli/local_file.h"
#include "cli/transfer.h"
#include "core/wire/path.h"

namespace dfs::cli {
namespace {

struct Put {
  std::vector<std::string> paths;
  bool force = false;
  std::string replication;
  std::string block_size;
};

// A directory on the way down, to notice a symbolic link that leads back up.
struct Ancestor {
  ::dev_t device;
  ::ino_t inode;
  const Ancestor* parent;
};

class Putter {
 public:
  Putter(Session& session, TransferReport& report, Crew& crew, client::WriteOptions options)
      : session_(session), report_(report), crew_(crew), options_(std::move(options)) {}

  // One argument of the command: a file, a directory, a pipe, or "-".
  void put(const std::string& local, const std::string& remote) {
    if (local == "-") return put_file(local, remote);
    struct stat info {};
    if (::stat(local.c_str(), &info) != 0) return report_.failed(local_error(local, errno));
    if (S_ISDIR(info.st_mode)) return put_tree(local, remote, info, nullptr);
    if (S_ISREG(info.st_mode)) report_.expect(static_cast<std::uint64_t>(info.st_size));
    put_file(local, remote);
  }

 private:
  void put_tree(const std::string& local, const std::string& remote, const struct stat& info,
                const Ancestor* parent) {
    for (const Ancestor* above = parent; above != nullptr; above = above->parent) {
      if (above->device == info.st_dev && above->inode == info.st_ino) {
        return report_.failed({Code::kInvalidArgument, local + ": leads back to itself: skipped"});
      }
    }
    const Ancestor here{info.st_dev, info.st_ino, parent};
    wire::Mkdir request;
    request.path = remote;
    request.parents = true;
    if (Status status = session_.call(std::move(request)).status(); !status.ok()) {
      return report_.failed(status);
    }
    report_.made_directory();
    std::error_code error;
    std::filesystem::directory_iterator entries(local, error);
    for (const std::filesystem::directory_iterator end; !error && entries != end;
         entries.increment(error)) {
      if (session_.interrupted()) return;
      put_entry(entries->path().string(), remote, here);
    }
    if (error) report_.failed({Code::kIo, local + ": " + error.message()});
  }

  void put_entry(const std::string& local, const std::string& remote, const Ancestor& here) {
    const std::string name = base_name(local);
    if (Status status = wire::check_name(name); !status.ok()) {
      return report_.failed({status.code(), local + ": cannot be stored: " + status.message()});
    }
    struct stat info {};
    if (::stat(local.c_str(), &info) != 0) return report_.failed(local_error(local, errno));
    const std::string target = join(remote, name);
    if (S_ISDIR(info.st_mode)) return put_tree(local, target, info, &here);
    if (!S_ISREG(info.st_mode)) {
      return report_.failed({Code::kInvalidArgument, local + ": not a regular file: skipped"});
    }
    report_.expect(static_cast<std::uint64_t>(info.st_size));
    put_file(local, target);
  }

  void put_file(const std::string& local, const std::string& remote) {
    crew_.add([this, local, remote] {
      if (session_.interrupted()) return;
      const Result<wire::FileStatus> file = write(local, remote);
      if (file.ok()) {
        report_.moved_file(file->length);
      } else {
        report_.failed(file.status());
      }
    });
  }

  Result<wire::FileStatus> write(const std::string& local, const std::string& remote) {
    http::FileDescriptor opened(local == "-" ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                                             : ::open(local.c_str(), O_RDONLY | O_CLOEXEC));
    if (!opened) return local_error(local, errno);
    Result<std::unique_ptr<http::BlockSource>> source =
        http::open_source(std::move(opened), local == "-" ? "standard input" : local);
    if (!source.ok()) return source.status();
    client::WriteOptions options = options_;
    options.path = remote;
    return session_.write(std::move(options), std::move(*source), &report_.progress());
  }

  Session& session_;
  TransferReport& report_;
  Crew& crew_;
  const client::WriteOptions options_;
};

// What -r and -b say; a Status for wrong usage.
Result<client::WriteOptions> write_options(const Put& put) {
  client::WriteOptions options;
  options.overwrite = put.force;
  if (!put.replication.empty()) {
    Result<std::uint64_t> number =
        parse_number(put.replication, "the replication", 1, wire::kMaxReplication);
    if (!number.ok()) return number.status();
    options.replication = static_cast<std::uint32_t>(*number);
  }
  if (!put.block_size.empty()) {
    Result<std::uint64_t> size = parse_size(put.block_size);
    if (!size.ok()) return size.status();
    if (*size == 0) return {Code::kInvalidArgument, "the block size must not be 0"};
    options.block_size = *size;
  }
  return options;
}

int run_put(const Put& put, const Context& context) {
  Result<client::WriteOptions> options = write_options(put);
  if (!options.ok()) return context.fail(options.status().message(), kUsage);
  const std::unique_ptr<Session> session = open_session(context);
  if (!session) return kUsage;
  const InterruptGuard guard(*session);
  TransferReport report(context, *session);
  Crew crew(kFilesAtOnce);
  Putter putter(*session, report, crew, std::move(*options));
  const std::string& to = put.paths.back();
  for (std::size_t i = 0; i + 1 < put.paths.size() && !session->interrupted(); ++i) {
    const std::string& from = put.paths[i];
    // "." and ".." have no name of their own to keep.
    const std::string named =
        from == "-" || base_name(from).find_first_not_of('.') != std::string::npos
            ? from
            : std::filesystem::absolute(from).lexically_normal().string();
    Result<std::string> target = destination(*session, named, to);
    if (!target.ok()) {
      report.failed(target.status());
      continue;
    }
    if (from == "-" && *target != to) {
      report.failed({Code::kIsDirectory, to + ": Is a directory"});
    } else if (put.paths.size() > 2 && *target == to) {
      report.failed({Code::kNotDirectory, to + ": Not a directory"});
    } else {
      putter.put(from, *target);
    }
  }
  crew.wait();
  return report.finish();
}

}  // namespace

void add_put(CLI::App& app, Context& context) {
  const auto put = std::make_shared<Put>();
  CLI::App* command = add_command(app, context, "put", "copy local files and directories in",
                                  [put, &context] { return run_put(*put, context); });
  command->add_option("path", put->paths, "SRC... and DST; - is standard input")
      ->required()
      ->expected(2, 1 << 20);
  command->add_flag("-f,--force", put->force, "replace files that exist");
  command->add_option("-r,--replication", put->replication, "replicas of each block");
  command->add_option("-b,--block-size", put->block_size, "such as 64M");
}

}  // namespace dfs::cli
