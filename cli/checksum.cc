// dfs checksum: the checksum of a file as HDFS defines it.
#include <algorithm>

#include "cli/checksum_stream.h"
#include "cli/commands.h"
#include "cli/format.h"
#include "cli/local_file.h"
#include "cli/output.h"
#include "cli/remote.h"

namespace dfs::cli {
namespace {

// Where the blocks of one version of a file end.
Result<std::vector<std::uint64_t>> block_ends(Session& session, const std::string& path,
                                              wire::FileStatus& file) {
  std::vector<std::uint64_t> ends;
  wire::Locate request;
  request.path = path;
  for (;;) {
    Result<wire::LocateReply> page = session.call(request);
    if (!page.ok()) return page.status();
    file = page->status;
    for (const wire::LocatedBlock& block : page->blocks) {
      ends.push_back(block.offset + block.visible_length);
    }
    if (!page->more || page->blocks.empty()) return ends;
    request.path.clear();
    request.inode = file.inode;
    request.offset = ends.back();
  }
}

class ChecksumSink : public http::ReadSink {
 public:
  ChecksumSink(const std::vector<std::uint64_t>& ends, InodeId inode)
      : next_(ends.begin()), end_(ends.end()), inode_(inode) {}

  Status opened(const wire::FileStatus& file) override {
    if (file.inode == inode_) return {};
    return {Code::kReplaced, "file was replaced while it was read"};
  }
  Status write(std::uint64_t offset, Bytes data) override {
    while (!data.empty() && next_ != end_) {
      const std::size_t take =
          static_cast<std::size_t>(std::min<std::uint64_t>(data.size(), *next_ - offset));
      stream_.add(data.first(take));
      data = data.subspan(take);
      offset += take;
      if (offset == *next_) {
        stream_.end_block();
        ++next_;
      }
    }
    return {};
  }
  [[nodiscard]] FileChecksum finish() { return stream_.finish(); }

 private:
  std::vector<std::uint64_t>::const_iterator next_;
  const std::vector<std::uint64_t>::const_iterator end_;
  const InodeId inode_;
  ChecksumStream stream_;
};

Result<FileChecksum> checksum_of(Session& session, const std::string& path) {
  wire::FileStatus file;
  Result<std::vector<std::uint64_t>> ends = block_ends(session, path, file);
  if (!ends.ok()) return ends.status();
  if (file.under_construction) {
    return {Code::kUnavailable, path + ": is being written and has no checksum yet"};
  }
  ChecksumSink sink(*ends, file.inode);
  Result<wire::FileStatus> read = session.read(in_order(path), sink);
  if (read.status().code() == Code::kReplaced)
    return {Code::kReplaced, path + ": file was replaced"};
  if (!read.ok()) return read.status();
  return sink.finish();
}

}  // namespace

void add_checksum(CLI::App& app, Context& context) {
  const auto paths = std::make_shared<std::vector<std::string>>();
  CLI::App* command = add_command(
      app, context, "checksum", "print the checksum that HDFS gives a file", [paths, &context] {
        boost::json::array found;
        const int exit_code = for_each_path(
            context, *paths, [&](Session& session, const std::string& path) -> Status {
              Result<FileChecksum> sum = checksum_of(session, path);
              if (!sum.ok()) return sum.status();
              if (context.globals.json) {
                found.push_back({{"path", json_text(path)},
                                 {"algorithm", sum->algorithm},
                                 {"bytes", sum->bytes},
                                 {"length", sum->bytes.size() / 2}});
              } else {
                print(shown(path) + "\t" + sum->algorithm + "\t" + sum->bytes + "\n");
              }
              return {};
            });
        if (context.globals.json && exit_code != kUsage) {
          if (paths->size() > 1) {
            print_json(found);
          } else if (!found.empty()) {
            print_json(found.front());
          }
        }
        return flush_output() ? exit_code : kFailed;
      });
  command->add_option("path", *paths, "files")->required();
}

}  // namespace dfs::cli
