// A cluster of one file, "/f", that says what the test tells it to, and lines of `dfs` run on it.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/http/codec.h"
#include "adapters/http/server.h"
#include "cli/command.h"
#include "core/base/crc32c.h"
#include "core/wire/json.h"
#include "core/wire/transfer.h"

namespace dfs::cli {

class ToldCluster {
 public:
  // In blocks of so many bytes, of which the NameNode names one at a time.
  ToldCluster(std::string content, std::size_t block_size)
      : content_(std::move(content)), block_size_(block_size) {
    file.inode = InodeId{7};
    file.length = content_.size();
    file.replication = 1;
    server_ = std::make_unique<http::Server>(http::ServerOptions{});
    server_->handle("POST", "/api/v1/*",
                    [this](const http::ServerRequest& request, http::ServerResponse& response) {
                      answer(request, response);
                    });
    server_->handle("GET", "/blocks/v1/*",
                    [this](const http::ServerRequest& request, http::ServerResponse& response) {
                      send(request, response);
                    });
    EXPECT_TRUE(server_->start().ok());
  }

  wire::FileStatus file;
  // What is answered otherwise; called on the server's threads.
  std::function<std::optional<wire::Reply>(const wire::Request&)> instead;

  struct Ran {
    int exit_code = 0;
    std::string output;
    std::string errors;
  };
  // `dfs WORDS --meta …` in this process.
  Ran run(std::vector<std::string> words) const {
    words.insert(words.begin(), "dfs");
    words.push_back("--meta=" + server_->address().text());
    std::vector<const char*> line;
    for (const std::string& word : words) line.push_back(word.c_str());
    testing::internal::CaptureStderr();
    testing::internal::CaptureStdout();
    Ran ran;
    ran.exit_code = run_line(static_cast<int>(line.size()), line.data());
    ran.output = testing::internal::GetCapturedStdout();
    ran.errors = testing::internal::GetCapturedStderr();
    return ran;
  }

 private:
  void answer(const http::ServerRequest& request, http::ServerResponse& response) {
    const Result<std::string> body = request.body->text(wire::kMaxMessageBytes);
    const auto decoded = http::decode_request(request.path.substr(8), *body);
    if (!decoded.ok()) return response.fail(decoded.status());
    const std::optional<wire::Reply> told = instead ? instead(*decoded) : std::nullopt;
    const wire::Reply reply = told ? *told : usual(*decoded);
    if (const auto* refusal = std::get_if<Status>(&reply)) return response.fail(*refusal);
    response.body = http::encode_reply(reply);
  }

  [[nodiscard]] wire::Reply usual(const wire::Request& request) const {
    if (std::holds_alternative<wire::ClusterReport>(request)) {
      wire::ClusterReportReply report;
      report.cluster = "told";
      return report;
    }
    if (const auto* stat = std::get_if<wire::Stat>(&request)) {
      if (stat->path == "/f") return file;
      return Status(Code::kNotFound, stat->path + ": No such file or directory");
    }
    if (const auto* locate = std::get_if<wire::Locate>(&request)) {
      if (!locate->path.empty() && locate->path != "/f") {
        return Status(Code::kNotFound, locate->path + ": No such file or directory");
      }
      wire::LocateReply page{file, {}, false};
      if (locate->offset < content_.size()) {
        const std::uint64_t index = locate->offset / block_size_;
        const wire::BlockInfo block = info_of(index);
        page.blocks.push_back({block, index * block_size_, block.length, {address()}});
      }
      return page;
    }
    return wire::Empty{};
  }

  [[nodiscard]] wire::NodeAddress address() const {
    const std::string at = server_->address().text();
    return {NodeId{1}, at, at};
  }
  [[nodiscard]] std::string_view text_of(std::uint64_t index) const {
    return std::string_view(content_).substr(index * block_size_, block_size_);
  }
  [[nodiscard]] wire::BlockInfo info_of(std::uint64_t index) const {
    return {BlockId{index + 1}, text_of(index).size(), crc32c(as_bytes(text_of(index)))};
  }

  // Blocks of at most one granule.
  void send(const http::ServerRequest& request, http::ServerResponse& response) const {
    const auto header = wire::from_json_text<wire::ReadHeader>(*request.header("X-Dfs-Read"),
                                                               wire::UnknownKeys::kReject);
    if (!header.ok()) return response.fail(header.status());
    const wire::BlockInfo& block = header->block;
    std::uint8_t raw[wire::kRangeHeaderBytes + 4];
    wire::encode_range_header({block, 0, block.length}, raw);
    put_le32(raw + wire::kRangeHeaderBytes, block.crc);
    response.body = as_text(Bytes(raw));
    response.body += text_of(block.id.value - 1);
  }

  const std::string content_;
  const std::size_t block_size_;
  std::unique_ptr<http::Server> server_;
};

}  // namespace dfs::cli
