// A small NameNode and DataNodes in memory, and the owner of a Writer: carries its effects out in
// an order that the test draws, with the failures that the test asks for.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/base/crc32c.h"
#include "core/client/writer.h"
#include "tests/client/block_world.h"

namespace dfs::client {

class WriteWorld {
 public:
  explicit WriteWorld(std::string source_bytes) : source(std::move(source_bytes)) {}

  // What the world is like; the test may change it at any step.
  std::string source;
  std::uint64_t block_size = 10;
  std::uint32_t replication = 3;
  std::uint64_t nodes = 4;
  std::set<std::uint64_t> dead;                        // DataNodes that store nothing
  std::function<Status(const wire::Request&)> refuse;  // by the NameNode
  std::function<void(wire::WriteReply&)> lie;          // by the head
  bool tell_the_end = true;                            // source_ready says `last`, if it can
  bool nobody_else = false;                            // whoever is to be left out is needed

  // What happened.
  std::map<std::uint64_t, std::string> stored;              // by block id
  std::map<std::uint64_t, wire::CommittedBlock> committed;  // by index
  std::optional<std::string> published;
  bool abandoned = false;
  std::vector<wire::Request> requests;
  std::vector<SendBlock> sends;
  std::set<std::uint64_t> held;  // sources prepared and not released
  std::size_t most_held = 0;
  std::optional<WriteDone> done;
  int dones = 0;
  Instant now{seconds(100).us};

  WriteOptions options() const {
    WriteOptions options;
    options.path = "/f";
    return options;
  }

  // Runs until nothing is left to do.
  Status run(WriteOptions options, Random random = Random(1)) {
    writer.emplace(std::move(options), numbers, "test");
    WriterEffects effects;
    writer->start(now, effects);
    take(effects);
    while (!done && step(random)) {
    }
    return done ? done->status : Status(Code::kInternal, "stuck");
  }

  // One effect that is due, or else the passing of time.
  bool step(Random& random) {
    if (queue.empty()) {
      if (wakes.empty()) return false;
      now = std::max(now, *wakes.begin());
      wakes.erase(wakes.begin());
      WriterEffects effects;
      writer->wake(now, effects);
      take(effects);
      return true;
    }
    const std::size_t index = random.below(queue.size());
    const WriterEffect effect = queue[index];
    queue.erase(queue.begin() + static_cast<std::ptrdiff_t>(index));
    now = now + milliseconds(1);
    WriterEffects effects;
    if (const auto* call = std::get_if<CallNameNode>(&effect)) {
      writer->called(call->call, reply_to(call->request), now, effects);
    } else if (const auto* prepare = std::get_if<PrepareSource>(&effect)) {
      const std::uint64_t length =
          std::min<std::uint64_t>(prepare->at_most, source.size() - prepare->offset);
      const bool last = prepare->offset + length == source.size();
      const bool tell = tell_the_end || (last && length < prepare->at_most);
      writer->source_ready(prepare->index, length, last && tell, now, effects);
    } else if (const auto* send = std::get_if<SendBlock>(&effect)) {
      transfer(*send, effects);
    }
    take(effects);
    return true;
  }

  RequestNumbers numbers{"00112233445566778899aabbccddeeff", "ann"};
  std::optional<Writer> writer;
  std::vector<WriterEffect> queue;
  std::multiset<Instant> wakes;

  template <class T>
  [[nodiscard]] std::vector<T> asked() const {
    std::vector<T> list;
    for (const wire::Request& request : requests) {
      if (const T* one = std::get_if<T>(&request)) list.push_back(*one);
    }
    return list;
  }

 private:
  void take(WriterEffects& effects) {
    for (WriterEffect& effect : effects) {
      if (const auto* wake = std::get_if<RenewAt>(&effect)) {
        wakes.insert(wake->at);
      } else if (const auto* release = std::get_if<ReleaseSource>(&effect)) {
        held.erase(release->index);
      } else if (const auto* finished = std::get_if<WriteDone>(&effect)) {
        done = *finished;
        ++dones;
      } else {
        if (const auto* call = std::get_if<CallNameNode>(&effect))
          requests.push_back(call->request);
        if (const auto* send = std::get_if<SendBlock>(&effect)) sends.push_back(*send);
        if (const auto* prepare = std::get_if<PrepareSource>(&effect)) {
          held.insert(prepare->index);
          most_held = std::max(most_held, held.size());
        }
        queue.push_back(std::move(effect));
      }
    }
  }

  std::vector<wire::AllocatedBlock> allocate(std::uint32_t blocks,
                                             const std::vector<NodeId>& exclude) {
    std::vector<wire::AllocatedBlock> list(blocks);
    for (wire::AllocatedBlock& block : list) {
      block.block = BlockId{next_block_++};
      for (std::uint64_t i = 0; i < nodes && block.targets.size() < replication; ++i) {
        const NodeId node{(block.block.value + i) % nodes + 1};
        if (!nobody_else && std::ranges::find(exclude, node) != exclude.end()) continue;
        block.targets.push_back(node_address(node.value));
      }
    }
    return list;
  }

  Status commit(const std::vector<wire::CommittedBlock>& blocks) {
    for (const wire::CommittedBlock& block : blocks) {
      const auto found = stored.find(block.info.id.value);
      if (found == stored.end() || crc32c(as_bytes(found->second)) != block.info.crc ||
          block.stored.size() < std::min(replication, 2u) || committed.contains(block.index)) {
        return {Code::kInvalidArgument, "bad commit"};
      }
      committed[block.index] = block;
    }
    return {};
  }

  wire::Reply reply_to(const wire::Request& request) {
    if (refuse) {
      if (Status status = refuse(request); !status.ok()) return status;
    }
    if (const auto* create = std::get_if<wire::Create>(&request)) {
      return wire::CreateReply{InodeId{5}, block_size, replication, seconds(60),
                               allocate(create->blocks, create->exclude)};
    }
    if (const auto* more = std::get_if<wire::Allocate>(&request)) {
      wire::AllocateReply reply{allocate(more->blocks, more->exclude)};
      for (const wire::AllocatedBlock& block : reply.blocks) {
        if (block.targets.size() < std::min(replication, 2u)) {
          return Status(Code::kNotEnoughDataNodes, "/f: too few DataNodes");
        }
      }
      if (Status status = commit(more->commit); !status.ok()) return status;
      return reply;
    }
    if (const auto* complete = std::get_if<wire::Complete>(&request)) {
      if (Status status = commit(complete->commit); !status.ok()) return status;
      std::string content;
      for (std::uint64_t i = 0; i < committed.size(); ++i) {
        if (!committed.contains(i)) return Status(Code::kInvalidArgument, "a gap");
        content += stored[committed[i].info.id.value];
      }
      if (content.size() != complete->length) return Status(Code::kInvalidArgument, "bad length");
      published = content;
      wire::FileStatus file;
      file.length = content.size();
      return file;
    }
    if (std::holds_alternative<wire::Abandon>(request)) {
      abandoned = true;
      return wire::Empty{};
    }
    return wire::RenewLeaseReply{};
  }

  void transfer(const SendBlock& send, WriterEffects& effects) {
    if (dead.contains(send.to.node.value)) {
      return writer->transfer_failed(send.transfer, {Code::kUnavailable, "connection refused"}, now,
                                     effects);
    }
    const std::string bytes = source.substr(send.index * block_size, send.header.length);
    const std::uint32_t crc = crc32c(as_bytes(bytes));
    wire::WriteReply reply;
    reply.replica = {send.header.block, bytes.size(), crc};
    reply.stored.push_back(send.to.node);
    for (const wire::NodeAddress& target : send.header.targets) {
      if (dead.contains(target.node.value)) {
        reply.failed.push_back({target.node, {Code::kUnavailable, "connection refused"}});
      } else {
        reply.stored.push_back(target.node);
      }
    }
    stored[send.header.block.value] = bytes;
    if (lie) lie(reply);
    writer->transferred(send.transfer, crc, reply, now, effects);
  }

  std::uint64_t next_block_ = 100;
};

}  // namespace dfs::client
