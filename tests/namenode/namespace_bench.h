// A namespace over SQLite in memory, driven by commands alone: no NameNode, no DataNodes.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include "adapters/sqlite/store.h"
#include "core/base/bytes.h"
#include "core/namenode/command.h"
#include "core/namenode/queries.h"
#include "tests/namenode/replies.h"

namespace dfs::namenode {

// One client process: numbers its requests.
class TestClient {
 public:
  explicit TestClient(std::uint64_t number) : id_(std::string(16, '0') + to_hex(number, 16)) {}
  [[nodiscard]] wire::Caller next() { return {id_, ++request_, 0, 0, "ann"}; }
  [[nodiscard]] const std::string& id() const { return id_; }

 private:
  std::string id_;
  std::uint64_t request_ = 0;
};

class NamespaceBench {
 public:
  static constexpr std::uint64_t kBlockSize = 1000;

  NamespaceBench() {
    store.begin();
    run(FormatCommand{std::string(32, 'c'), "root", "staff", 3, kBlockSize});
    for (const char* host : {"h1", "h2", "h3"}) register_on(host);
    run(RegisterCommand{std::string(31, 'f') + "1", "x:1", "x:2", "", "h1"});  // node 4, also on h1
  }

  void register_on(const std::string& host) {
    run(RegisterCommand{std::string(30, 'e') + host, host + ":1", host + ":2", "", host});
  }

  // Applies a command; times go on by a millisecond each.
  Outcome run(decltype(Command::body) body) {
    ++now.ms;
    const Command command{now, std::move(body), {now.ms + 1'000'000}};
    log.push_back(to_text(command));
    return apply(store, command);
  }
  Outcome request(RequestCommand::Body body) {
    std::uint32_t blocks = 0;
    if (const auto* create = std::get_if<wire::Create>(&body)) blocks = create->blocks;
    if (const auto* allocate = std::get_if<wire::Allocate>(&body)) blocks = allocate->blocks;
    RequestCommand command{std::move(body), {}};
    command.targets.resize(blocks, {{NodeId{1}, "h1:1", "h1:2"}, {NodeId{2}, "h2:1", "h2:2"}});
    return run(std::move(command));
  }
  // The code of a request's answer.
  Code code(RequestCommand::Body body) { return code_of(request(std::move(body)).reply); }
  std::string message(RequestCommand::Body body) {
    return message_of(request(std::move(body)).reply);
  }

  // Shorthands for requests of client `ann`.
  wire::Mkdir mkdir(const std::string& path, bool parents = false) {
    return {ann.next(), path, parents, 0755};
  }
  wire::Remove remove(const std::string& path, bool recursive = false) {
    return {ann.next(), path, recursive};
  }
  wire::Rename rename(const std::string& from, const std::string& to, bool overwrite = false) {
    return {ann.next(), from, to, overwrite};
  }
  static wire::Create create(TestClient& client, const std::string& path, bool overwrite = false,
                             std::uint32_t blocks = 0) {
    wire::Create request;
    request.caller = client.next();
    request.path = path;
    request.overwrite = overwrite;
    request.blocks = blocks;
    return request;
  }
  static wire::Allocate allocate(TestClient& client, InodeId inode, std::uint32_t blocks = 1) {
    wire::Allocate request;
    request.caller = client.next();
    request.inode = inode;
    request.blocks = blocks;
    return request;
  }
  static wire::CommittedBlock stored(BlockId block, std::uint64_t index,
                                     std::uint64_t length = kBlockSize) {
    return {
        {block, length, static_cast<std::uint32_t>(block.value)}, index, {NodeId{1}, NodeId{2}}};
  }
  static wire::Complete complete(TestClient& client, InodeId inode, std::uint64_t length = 0,
                                 std::vector<wire::CommittedBlock> commit = {}) {
    wire::Complete request;
    request.caller = client.next();
    request.inode = inode;
    request.length = length;
    request.commit = std::move(commit);
    return request;
  }
  static wire::Abandon abandon(TestClient& client, InodeId inode) { return {client.next(), inode}; }

  // Opens a file, which must succeed.
  wire::CreateReply open(TestClient& client, const std::string& path, bool overwrite = false,
                         std::uint32_t blocks = 0) {
    const Outcome outcome = request(create(client, path, overwrite, blocks));
    if (const auto* reply = std::get_if<wire::CreateReply>(&outcome.reply)) return *reply;
    throw std::runtime_error("create " + path + ": " + std::get<Status>(outcome.reply).message());
  }
  // Writes a whole file of `blocks` full blocks.
  InodeId write(const std::string& path, std::uint32_t blocks = 1, bool overwrite = false) {
    const wire::CreateReply reply = open(ann, path, overwrite);
    std::uint64_t index = 0;
    while (index < blocks) {
      const auto now_at_once =
          static_cast<std::uint32_t>(std::min<std::uint64_t>(8, blocks - index));
      wire::Allocate more = allocate(ann, reply.inode, now_at_once);
      const Outcome allocated = request(more);
      wire::Allocate commit = allocate(ann, reply.inode, 0);
      for (const auto& block : std::get<wire::AllocateReply>(allocated.reply).blocks) {
        commit.commit.push_back(stored(block.block, index++));
      }
      EXPECT_EQ(code(commit), Code::kOk);
    }
    EXPECT_EQ(message(complete(ann, reply.inode, blocks * kBlockSize)), "");
    return reply.inode;
  }

  // What a user sees.
  Code stat_code(const std::string& path) { return code_of(stat(store, {path})); }
  wire::FileStatus status(const std::string& path) {
    wire::Reply reply = stat(store, {path});
    if (const auto* found = std::get_if<wire::FileStatus>(&reply)) return *found;
    throw std::runtime_error(std::get<Status>(reply).message());
  }
  std::vector<std::string> names(const std::string& path) {
    std::vector<std::string> out;
    const wire::Reply reply = list(store, {path, "", 0});
    for (const auto& entry : std::get<wire::ListReply>(reply).entries) out.push_back(entry.name);
    return out;
  }
  wire::ContentSummary sums(const std::string& path) {
    return std::get<wire::ContentSummary>(summarize(store, {path}));
  }
  // Reaps until nothing is left; what became free on the way.
  std::vector<BlockId> reap_all() {
    std::vector<BlockId> freed;
    while (!store.scan_reap(InodeId{}, 1).empty()) {
      const Effects effects = run(ReapCommand{500}).effects;
      freed.insert(freed.end(), effects.freed.begin(), effects.freed.end());
    }
    return freed;
  }

  sqlite::SqliteStore store{
      sqlite::Options{.file = ":memory:", .vfs = "", .fatal = [](const std::string& line) {
                        throw std::runtime_error(line);
                      }}};
  WallTime now{1'000'000};
  TestClient ann{1};
  TestClient bob{2};
  std::vector<std::string> log;  // every command, as it would be shipped
};

}  // namespace dfs::namenode
