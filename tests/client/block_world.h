// A block, its replicas on DataNodes that may be rotten, stale, away or lying, and a reader driven
// against them in an order that the test draws. No network, no time but what the test tells.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/base/crc32c.h"
#include "core/client/block_reader.h"

namespace dfs::client {

inline constexpr std::uint64_t kGranule = wire::kGranuleBytes;

inline std::vector<std::uint8_t> pattern_bytes(std::uint64_t length, std::uint64_t seed) {
  std::vector<std::uint8_t> bytes(length);
  Random random(seed);
  for (std::uint64_t i = 0; i < length; ++i) {
    if (i % 8 == 0) seed = random.next();
    bytes[i] = static_cast<std::uint8_t>(seed >> (8 * (i % 8)));
  }
  return bytes;
}

inline std::vector<std::uint32_t> granule_crcs_of(Bytes data) {
  std::vector<std::uint32_t> crcs;
  for (std::uint64_t at = 0; at < data.size(); at += wire::kGranuleBytes) {
    crcs.push_back(crc32c(data.subspan(at, std::min(wire::kGranuleBytes, data.size() - at))));
  }
  return crcs;
}

inline wire::NodeAddress node_address(std::uint64_t node) {
  const std::string port = std::to_string(8000 + node);
  return {NodeId{node}, "client:" + port, "peer:" + port};
}

// What a DataNode sends back: a range answer, or an error.
struct Answer {
  Status status;
  wire::RangeHeader header;
  std::vector<std::uint32_t> crcs;
  std::vector<std::uint8_t> data;
};

struct Replica {
  std::vector<std::uint8_t> bytes;
  wire::BlockInfo info;                // as it believes to be
  std::vector<std::uint32_t> crcs;     // of its sidecar
  std::function<void(Answer&)> lies;   // applied to each answer
  Status away;                         // answers only this
  std::set<std::uint64_t> unreadable;  // granules where its disk fails

  [[nodiscard]] Answer serve(const wire::ReadHeader& asked) const {
    if (!away.ok()) return {away, {}, {}, {}};
    const wire::GranuleRange range = wire::widen(asked.offset, asked.length, bytes.size());
    const auto failing = unreadable.lower_bound(range.offset / kGranule);
    if (failing != unreadable.end() && *failing * kGranule < range.offset + range.length) {
      return {{Code::kIo, "Input/output error"}, {}, {}, {}};
    }
    const auto from = bytes.begin() + static_cast<std::ptrdiff_t>(range.offset);
    Answer answer{{},
                  {info, range.offset, range.length},
                  crcs,
                  {from, from + static_cast<std::ptrdiff_t>(range.length)}};
    if (lies) lies(answer);
    return answer;
  }
};

class BlockWorld {
 public:
  BlockWorld(std::uint64_t length, std::uint64_t seed) : content(pattern_bytes(length, seed)) {
    block = {BlockId{17}, length, crc32c(content)};
  }

  Replica& add_replica() {
    Replica& replica = replicas[replicas.size() + 1];
    replica = {content, block, granule_crcs_of(content), {}, {}, {}};
    return replica;
  }
  [[nodiscard]] std::vector<wire::NodeAddress> locations() const {
    std::vector<wire::NodeAddress> list;
    for (const auto& [node, replica] : replicas) list.push_back(node_address(node));
    return list;
  }

  // Reads [offset, offset + length); fetches are answered in the order that `random` draws.
  Status read(std::uint64_t offset, std::uint64_t length, BlockReaderOptions options,
              Random random) {
    BlockReader reader(block, locations(), "test", offset, length, options);
    return drive(reader, offset, length, random);
  }
  Status drive(BlockReader& reader, std::uint64_t offset, std::uint64_t length, Random random) {
    BlockReaderEffects effects;
    reader.start(now, effects);
    return go_on(reader, offset, length, random, std::move(effects));
  }
  Status go_on(BlockReader& reader, std::uint64_t offset, std::uint64_t length, Random random,
               BlockReaderEffects effects) {
    std::vector<Fetch> out;
    std::optional<Status> done = collect(effects, out, offset, length);
    while (!done && !out.empty()) {
      const std::size_t next = random.below(out.size());
      const Fetch fetch = out[next];
      out.erase(out.begin() + static_cast<std::ptrdiff_t>(next));
      ++fetches;
      EXPECT_EQ(fetch.header.node, fetch.from.node);
      const Answer answer = replicas.at(fetch.from.node.value).serve(fetch.header);
      effects.clear();
      if (answer.status.ok()) {
        reader.fetched(fetch.fetch, answer.header, answer.crcs, answer.data, now, effects);
      } else {
        reader.fetch_failed(fetch.fetch, answer.status, now, effects);
      }
      done = collect(effects, out, offset, length);
    }
    if (!done) return {Code::kInternal, "stuck"};
    return *done;
  }

  std::vector<std::uint8_t> content;
  wire::BlockInfo block;
  std::map<std::uint64_t, Replica> replicas;  // by node
  Instant now;

  std::vector<std::uint8_t> delivered_bytes;  // of the range
  std::vector<std::uint8_t> times;            // how often each byte of it was delivered
  bool out_of_order = false;
  std::vector<std::uint64_t> bad;  // nodes reported
  std::uint64_t fetches = 0;

  // Everything that was handed out equals the content, once each.
  [[nodiscard]] bool nothing_wrong(std::uint64_t offset) const {
    for (std::size_t i = 0; i < times.size(); ++i) {
      if (times[i] > 1) return false;
      if (times[i] == 1 && delivered_bytes[i] != content[offset + i]) return false;
    }
    return true;
  }
  [[nodiscard]] bool all_there() const {
    return std::ranges::all_of(times, [](std::uint8_t count) { return count == 1; });
  }

 private:
  std::optional<Status> collect(BlockReaderEffects& effects, std::vector<Fetch>& out,
                                std::uint64_t offset, std::uint64_t length) {
    delivered_bytes.resize(length);
    times.resize(length);
    std::optional<Status> done;
    for (BlockReaderEffect& effect : effects) {
      if (const auto* fetch = std::get_if<Fetch>(&effect)) out.push_back(*fetch);
      if (const auto* found = std::get_if<FoundBad>(&effect)) {
        bad.push_back(found->replica.node.value);
      }
      if (const auto* finished = std::get_if<BlockDone>(&effect)) done = finished->status;
      if (const auto* piece = std::get_if<Deliver>(&effect)) {
        if (piece->offset - offset != next_in_order_) out_of_order = true;
        next_in_order_ = piece->offset - offset + piece->data.size();
        for (std::size_t i = 0; i < piece->data.size(); ++i) {
          ++times.at(piece->offset - offset + i);
          delivered_bytes[piece->offset - offset + i] = piece->data[i];
        }
      }
    }
    return done;
  }

  std::uint64_t next_in_order_ = 0;
};

}  // namespace dfs::client
