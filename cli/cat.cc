// `dfs cat`, `head` and `tail`: content to standard output.
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "cli/commands.h"
#include "cli/format.h"
#include "cli/local_file.h"
#include "cli/remote.h"

namespace dfs::cli {
namespace {

constexpr std::uint64_t kDefaultBytes = 1024;  // as HDFS
constexpr std::uint64_t kBackwards = std::uint64_t{1} << 20;
constexpr int kMaxReplaced = 5;

struct Part {
  std::string path;
  std::string lines;
  std::string bytes;
};

// How much of the file is wanted.
struct Amount {
  std::optional<std::uint64_t> lines;
  std::uint64_t bytes = kDefaultBytes;  // unless lines are
};

Result<Amount> amount_of(const Part& part) {
  Amount amount;
  if (!part.lines.empty()) {
    Result<std::uint64_t> lines = parse_number(part.lines, "-n", 0, UINT64_MAX);
    if (!lines.ok()) return lines.status();
    amount.lines = *lines;
  }
  if (!part.bytes.empty()) {
    Result<std::uint64_t> bytes = parse_size(part.bytes);
    if (!bytes.ok()) return bytes.status();
    amount.bytes = *bytes;
  }
  return amount;
}

int refuse_json(const Context& context) {
  return context.fail("--json has no room for content on standard output", kUsage);
}

// Passes lines on until there are enough, then ends the read.
class HeadSink : public StreamSink {
 public:
  explicit HeadSink(std::uint64_t lines)
      : StreamSink(STDOUT_FILENO, "standard output"), left_(lines) {}
  Status write(std::uint64_t offset, Bytes data) override {
    std::size_t length = 0;
    while (length < data.size() && left_ > 0) {
      if (data[length++] == '\n') --left_;
    }
    if (Status status = StreamSink::write(offset, data.first(length)); !status.ok()) return status;
    enough_ = left_ == 0;
    if (enough_) return {Code::kUnavailable, "enough"};
    return {};
  }
  // All of the lines were printed.
  [[nodiscard]] bool enough() const { return enough_; }

 private:
  std::uint64_t left_;
  bool enough_ = false;
};

// Keeps what it is given; for small ranges.
class MemorySink : public http::ReadSink {
 public:
  Status write(std::uint64_t /*offset*/, Bytes data) override {
    text.append(as_text(data));
    return {};
  }
  std::string text;
};

Status head(Session& session, const std::string& path, const Amount& amount) {
  client::ReadOptions options = in_order(path);
  if (amount.lines) {
    options.block.fetch_bytes = kBackwards;
    if (*amount.lines == 0) options.length = 0;
    HeadSink sink(*amount.lines);
    Status status = session.read(options, sink).status();
    return sink.enough() ? Status() : status;
  }
  options.length = amount.bytes;
  StreamSink sink(STDOUT_FILENO, "standard output");
  return session.read(options, sink).status();
}

bool same_version(const wire::FileStatus& a, const wire::FileStatus& b) {
  return a.inode == b.inode && a.length == b.length;
}

// Where the last `lines` lines of `file` begin, found by reading backwards.
Result<std::uint64_t> start_of_lines(Session& session, const std::string& path,
                                     const wire::FileStatus& file, std::uint64_t lines) {
  std::uint64_t end = file.length;
  bool last_byte = true;  // a newline at the very end begins no line
  while (end > 0 && lines > 0) {
    client::ReadOptions options = in_order(path);
    options.length = std::min(end, kBackwards);
    options.offset = end - options.length;
    MemorySink sink;
    Result<wire::FileStatus> read = session.read(options, sink);
    if (!read.ok()) return read.status();
    if (!same_version(*read, file)) return {Code::kReplaced, path + ": file was replaced"};
    for (std::size_t i = sink.text.size(); i > 0; --i) {
      if (sink.text[i - 1] == '\n' && !last_byte && --lines == 0) return options.offset + i;
      last_byte = false;
    }
    end = options.offset;
  }
  return lines == 0 ? file.length : 0;
}

// Prints only of the version of the file that the offset was found in.
class TailSink : public StreamSink {
 public:
  TailSink(const std::string& path, const wire::FileStatus& wanted)
      : StreamSink(STDOUT_FILENO, "standard output"), path_(path), wanted_(wanted) {}
  Status opened(const wire::FileStatus& found) override {
    if (same_version(found, wanted_)) return {};
    return {Code::kReplaced, path_ + ": file was replaced"};
  }
  Status write(std::uint64_t offset, Bytes data) override {
    printed_ = true;
    return StreamSink::write(offset, data);
  }
  [[nodiscard]] bool printed() const { return printed_; }

 private:
  const std::string& path_;
  const wire::FileStatus& wanted_;
  bool printed_ = false;
};

// `again` where another version may be tried: nothing has been printed of this one.
Status tail_once(Session& session, const std::string& path, const Amount& amount, bool& again) {
  again = true;
  Result<wire::FileStatus> file = session.call(wire::Stat{path});
  if (!file.ok()) return file.status();
  client::ReadOptions options = in_order(path);
  if (amount.lines) {
    Result<std::uint64_t> start = start_of_lines(session, path, *file, *amount.lines);
    if (!start.ok()) return start.status();
    options.offset = *start;
  } else {
    options.offset = file->length - std::min(amount.bytes, file->length);
  }
  TailSink sink(path, *file);
  Status status = session.read(options, sink).status();
  again = !sink.printed();
  return status;
}

Status tail(Session& session, const std::string& path, const Amount& amount) {
  Status status;
  bool again = true;
  for (int i = 0; i < kMaxReplaced && again; ++i) {
    status = tail_once(session, path, amount, again);
    if (status.code() != Code::kReplaced) break;
  }
  return status;
}

void add_part(CLI::App& app, Context& context, const std::string& name, const std::string& summary,
              Status (*run)(Session&, const std::string&, const Amount&)) {
  const auto part = std::make_shared<Part>();
  CLI::App* command = add_command(app, context, name, summary, [part, &context, run] {
    if (context.globals.json) return refuse_json(context);
    const Result<Amount> amount = amount_of(*part);
    if (!amount.ok()) return context.fail(amount.status().message(), kUsage);
    return for_each_path(context, {part->path}, [&](Session& session, const std::string& path) {
      return run(session, path, *amount);
    });
  });
  command->add_option("path", part->path, "the file")->required();
  CLI::Option* lines = command->add_option("-n,--lines", part->lines, "this many lines");
  command->add_option("-c,--bytes", part->bytes, "this many bytes (default: 1K)")->excludes(lines);
}

}  // namespace

void add_cat(CLI::App& app, Context& context) {
  const auto paths = std::make_shared<std::vector<std::string>>();
  CLI::App* command = add_command(app, context, "cat", "print files", [paths, &context] {
    if (context.globals.json) return refuse_json(context);
    return for_each_path(context, *paths, [](Session& session, const std::string& path) {
      StreamSink sink(STDOUT_FILENO, "standard output");
      return session.read(in_order(path), sink).status();
    });
  });
  command->add_option("path", *paths, "files")->required();
}

void add_head(CLI::App& app, Context& context) {
  add_part(app, context, "head", "print the beginning of a file", head);
}

void add_tail(CLI::App& app, Context& context) {
  add_part(app, context, "tail", "print the end of a file", tail);
}

}  // namespace dfs::cli
