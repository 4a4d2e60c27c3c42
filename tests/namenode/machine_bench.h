// A NameNode machine over SQLite in memory, with the adapter's part played by the bench: it makes
// rounds durable and knows which reply waited for which commit.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "adapters/sqlite/store.h"
#include "core/base/bytes.h"
#include "core/namenode/namenode.h"
#include "tests/namenode/replies.h"

namespace dfs::namenode {

class MachineBench {
 public:
  explicit MachineBench(Config settings = {}) : config(std::move(settings)) {
    config.default_block_size = 1000;
    config.min_block_size = 1;
    start();
  }

  // A new process over the same store.
  void start() {
    machine = std::make_unique<NameNode>(config, store, Random(++starts_));
    EffectList effects;
    machine->start(now, effects);
    settle(effects);
  }

  // One request in a round of its own, made durable.
  wire::Reply send(const wire::Request& request) {
    EffectList effects;
    machine->request(1, request, now, effects);
    const wire::Reply reply = std::get<SendReply>(effects.at(0)).reply;
    settle(effects);
    return reply;
  }
  Code code(const wire::Request& request) { return code_of(send(request)); }
  std::string message(const wire::Request& request) { return message_of(send(request)); }
  // Ends the round.
  void settle(EffectList& effects) {
    machine->flush(effects);
    for (std::size_t i = 0; i < effects.size(); ++i) {
      if (const auto* commit = std::get_if<Commit>(&effects[i])) {
        store.commit();
        EffectList after;
        machine->committed(commit->token, after);
        for (Effect& effect : after) {
          if (auto* ship = std::get_if<Ship>(&effect)) shipped.push_back(std::move(*ship));
        }
      }
    }
  }

  void advance(Duration time) {
    now.mono = now.mono + time;
    now.wall.ms += time.us / 1000;
  }
  void tick() {
    EffectList effects;
    machine->tick(now, effects);
    settle(effects);
  }
  // Time passes in ticks of half a second; the DataNodes send heartbeats.
  void run(Duration time) {
    for (Duration done{}; done < time; done = done + milliseconds(500)) {
      advance(milliseconds(500));
      for (Node& node : nodes) beat(node);
      tick();
    }
  }

  struct Node {
    std::string host;
    wire::RegisterReply registered;
    std::uint64_t sequence = 0;
    wire::HistoryMark seen;
  };
  static wire::Register registration(const std::string& host) {
    wire::Register request;
    request.uuid = std::string(30, 'e') + host;
    request.incarnation = std::string(32, '1');
    request.client_address = host + ":1";
    request.peer_address = host + ":2";
    request.host = host;
    return request;
  }
  // Registers a DataNode on a host (two hexadecimal digits), which then tells of its space.
  void add_node(const std::string& host) {
    const wire::Reply reply = send(registration(host));
    nodes.push_back({host, std::get<wire::RegisterReply>(reply), 0, {}});
    beat(nodes.back());
  }
  wire::Reply beat(Node& node) {
    wire::Heartbeat request;
    request.mark = {node.registered.node, node.registered.session, ++node.sequence};
    request.seen = node.seen;
    request.stats.capacity = request.stats.remaining = request.stats.largest_free = 1 << 30;
    request.stats.volumes = 1;
    return send(request);
  }
  // (Anew, if they were there before a start.)
  void add_nodes() {
    nodes.clear();
    for (const char* host : {"a1", "a2", "a3"}) add_node(host);
  }

  wire::Caller caller(std::uint64_t client = 1) {
    return {std::string(16, '0') + to_hex(client, 16), ++requests_[client], 0, 0, "ann"};
  }
  wire::Mkdir mkdir(const std::string& path) { return {caller(), path, true, 0755}; }
  wire::Create create(const std::string& path, std::uint32_t blocks = 0, std::uint64_t client = 1) {
    wire::Create request;
    request.caller = caller(client);
    request.path = path;
    request.blocks = blocks;
    return request;
  }
  wire::Complete complete(const wire::CreateReply& file) {
    wire::Complete request;
    request.caller = caller();
    request.inode = file.inode;
    for (std::size_t i = 0; i < file.blocks.size(); ++i) {
      const BlockId block = file.blocks[i].block;
      request.commit.push_back({{block, 1000, 7}, i, {NodeId{1}, NodeId{2}}});
      request.length += 1000;
    }
    return request;
  }
  wire::CreateReply open(const std::string& path, std::uint32_t blocks = 0) {
    const wire::Reply reply = send(create(path, blocks));
    if (const auto* created = std::get_if<wire::CreateReply>(&reply)) return *created;
    throw std::runtime_error(std::get<Status>(reply).message());
  }
  void write(const std::string& path, std::uint32_t blocks = 1) {
    ASSERT_EQ(message(complete(open(path, blocks))), "");
  }

  Config config;
  sqlite::SqliteStore store{
      sqlite::Options{.file = ":memory:", .vfs = "", .fatal = [](const std::string& line) {
                        throw std::runtime_error(line);
                      }}};
  Now now{{5'000'000}, {1'700'000'000'000}};
  std::unique_ptr<NameNode> machine;
  std::vector<Ship> shipped;
  std::vector<Node> nodes;

 private:
  std::uint64_t starts_ = 0;
  std::map<std::uint64_t, std::uint64_t> requests_;
};

}  // namespace dfs::namenode
