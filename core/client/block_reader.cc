// The one place where block data is believed: see check() and deliver_good().
#include "core/client/block_reader.h"

#include <algorithm>
#include <tuple>

#include "core/base/crc32c.h"
#include "core/base/mutant.h"

namespace dfs::client {
namespace {

// Slow fetches free their place for others, but only so far: a slow DataNode is not flooded.
constexpr std::size_t kOutPerPlace = 3;

std::uint64_t bit(std::size_t location) { return std::uint64_t{1} << location; }

// The block's bytes that the committed CRC was computed of, as a whole, from the parts' CRCs.
std::uint32_t combine(std::span<const std::uint32_t> granule_crcs, std::uint64_t block_length) {
  std::uint32_t crc = 0;
  std::uint64_t left = block_length;
  for (std::uint32_t granule : granule_crcs) {
    const std::uint64_t length = std::min(left, wire::kGranuleBytes);
    crc = crc32c_combine(crc, granule, length);
    left -= length;
  }
  return crc;
}

}  // namespace

BlockReader::BlockReader(wire::BlockInfo block, std::vector<wire::NodeAddress> locations,
                         std::string cluster, std::uint64_t offset, std::uint64_t length,
                         BlockReaderOptions options)
    : block_(block),
      cluster_(std::move(cluster)),
      offset_(std::min(offset, block.length)),
      length_(std::min(length, block.length - offset_)),
      options_(options) {
  options_.parallel = std::max(options_.parallel, 1u);
  set_locations(std::move(locations));
  if (length_ == 0 || block_.length > kMaxBlockBytes) return;
  const wire::GranuleRange range = wire::widen(offset_, length_, block_.length);
  first_granule_ = range.offset / wire::kGranuleBytes;
  granules_.resize(wire::granules_of(range.length));
}

void BlockReader::set_locations(std::vector<wire::NodeAddress> locations) {
  locations_.clear();
  for (std::size_t i = 0; i < std::min(locations.size(), kMaxReplicas); ++i) {
    locations_.emplace_back().address = std::move(locations[i]);
  }
}

void BlockReader::start(Instant now, BlockReaderEffects& effects) {
  if (block_.length > kMaxBlockBytes) {
    return finish({Code::kTooLarge, "block " + std::to_string(block_.id.value) + " of " +
                                        std::to_string(block_.length) + " bytes is too large"},
                  effects);
  }
  pump(now, effects);
}

void BlockReader::retry(std::vector<wire::NodeAddress> locations, Instant now,
                        BlockReaderEffects& effects) {
  DFS_ASSERT(done_ && open_ < granules_.size());
  done_ = false;
  set_locations(std::move(locations));
  out_.clear();
  for (Granule& granule : granules_) {
    granule.tried = 0;
    granule.alone = 0;
    granule.out = 0;
  }
  pump(now, effects);
}

wire::GranuleRange BlockReader::bytes_of(std::size_t first, std::size_t end) const {
  const std::uint64_t from = (first_granule_ + first) * wire::kGranuleBytes;
  return {from, std::min((first_granule_ + end) * wire::kGranuleBytes, block_.length) - from};
}

// Keeps `parallel` fetches out, lowest granules first, and ends when nothing is left or possible.
void BlockReader::pump(Instant now, BlockReaderEffects& effects) {
  while (open_ < granules_.size() && granules_[open_].delivered) ++open_;
  if (open_ == granules_.size()) return finish({}, effects);
  auto fast =
      std::count_if(out_.begin(), out_.end(), [](const auto& entry) { return !entry.second.slow; });
  for (std::size_t g = open_; g < granules_.size(); ++g) {
    if (fast >= options_.parallel || out_.size() >= kOutPerPlace * options_.parallel) return;
    if (!granules_[g].delivered && granules_[g].out == 0) {
      if (send(g, now, effects)) {
        ++fast;
      } else if (!awaited(g)) {
        return finish(no_good_copy(g), effects);
      }
    }
    if (in_order()) return;
  }
}

// Whether a slow fetch may still bring it.
bool BlockReader::awaited(std::size_t granule) const {
  return std::ranges::any_of(out_, [granule](const auto& entry) {
    return entry.second.first <= granule && granule < entry.second.end;
  });
}

// Fetches a run of granules that starts with `first` and that the best location was not asked for.
bool BlockReader::send(std::size_t first, Instant now, BlockReaderEffects& effects) {
  const std::optional<std::size_t> location = best_location(granules_[first]);
  if (!location) return false;
  const bool alone = (granules_[first].alone & bit(*location)) != 0;
  const std::uint64_t most = alone ? 1 : options_.fetch_bytes / wire::kGranuleBytes;
  std::size_t end = first + 1;
  while (end < granules_.size() && end - first < most && !granules_[end].delivered &&
         granules_[end].out == 0 &&
         ((granules_[end].tried | granules_[end].alone) & bit(*location)) == 0) {
    ++end;
  }
  for (std::size_t g = first; g < end; ++g) {
    granules_[g].tried |= bit(*location);
    ++granules_[g].out;
  }
  ++locations_[*location].out;
  const std::uint64_t id = next_fetch_++;
  out_[id] = {*location, first, end, now, false};
  const wire::GranuleRange range = bytes_of(first, end);
  const wire::NodeAddress& from = locations_[*location].address;
  effects.push_back(Fetch{id, from, {cluster_, block_, range.offset, range.length, from.node}});
  return true;
}

std::optional<std::size_t> BlockReader::best_location(const Granule& granule) const {
  std::optional<std::size_t> best;
  const auto rank = [&](std::size_t i) {
    const Location& location = locations_[i];
    const std::uint32_t distrust = distrusted_.contains(location.address.node) ? 1 : 0;
    return std::tuple((granule.alone & bit(i)) != 0, location.setbacks + distrust, location.out);
  };
  for (std::size_t i = 0; i < locations_.size(); ++i) {
    if (locations_[i].unusable || (granule.tried & bit(i)) != 0) continue;
    if (!best || rank(i) < rank(*best)) best = i;
  }
  return best;
}

std::optional<BlockReader::Out> BlockReader::take(std::uint64_t fetch) {
  const auto found = out_.find(fetch);
  if (found == out_.end()) return std::nullopt;
  const Out out = found->second;
  out_.erase(found);
  for (std::size_t g = out.first; g < out.end && !out.slow; ++g) --granules_[g].out;
  return out;
}

void BlockReader::fetched(std::uint64_t fetch, const wire::RangeHeader& header,
                          std::span<const std::uint32_t> granule_crcs, Bytes data, Instant now,
                          BlockReaderEffects& effects) {
  const std::optional<Out> out = take(fetch);
  if (!out || done_) return;
  Location& from = locations_[out->location];
  --from.out;
  if (Status status = check(*out, header, granule_crcs, data); !status.ok()) {
    from.unusable = true;
    from.last = std::move(status);
    found_bad(out->location, effects);
  } else if (!deliver_good(*out, granule_crcs, data, effects)) {
    ++from.setbacks;
    from.last = {Code::kCorrupt, "checksum mismatch"};
    found_bad(out->location, effects);
  }
  pump(now, effects);
}

// Whether the answer is one to what was asked, about this block, with a vector that can be trusted.
Status BlockReader::check(const Out& out, const wire::RangeHeader& header,
                          std::span<const std::uint32_t> granule_crcs, Bytes data) {
  const wire::GranuleRange asked = bytes_of(out.first, out.end);
  if (header.block != block_) {
    return {Code::kCorrupt, "has another block, length or checksum under this id"};
  }
  if (header.offset != asked.offset || header.length != asked.length ||
      data.size() != asked.length) {
    return {Code::kCorrupt, "answered another range than was asked for"};
  }
  if (granule_crcs.size() != wire::granules_of(block_.length)) {
    return {Code::kCorrupt, "sent a checksum vector of the wrong length"};
  }
  if (std::ranges::equal(granule_crcs, good_vector_)) return {};
  if (combine(granule_crcs, block_.length) != block_.crc) {
    return {Code::kCorrupt, "sent a checksum vector that is not this block's"};
  }
  good_vector_.assign(granule_crcs.begin(), granule_crcs.end());
  return {};
}

// Delivers the granules that match and were not delivered before; false if one does not match. With
// one fetch at a time bytes come in order, so a good granule behind a bad one is fetched again.
bool BlockReader::deliver_good(const Out& out, std::span<const std::uint32_t> granule_crcs,
                               Bytes data, BlockReaderEffects& effects) {
  bool all_good = true;
  std::size_t run = out.first;  // [run, g) matches and waits to be delivered
  for (std::size_t g = out.first; g < out.end; ++g) {
    const std::uint64_t at = (g - out.first) * wire::kGranuleBytes;
    const Bytes bytes = data.subspan(at, std::min(wire::kGranuleBytes, data.size() - at));
    const bool wanted = !granules_[g].delivered;
    const bool good = wanted && (mutated(Mutant::kV1DeliverUnverified) ||
                                 crc32c(bytes) == granule_crcs[first_granule_ + g]);
    if (good && (all_good || !in_order())) continue;
    deliver(run, g, out, data, effects);
    run = g + 1;
    if (good) granules_[g].tried &= ~bit(out.location);
    if (wanted && !good) all_good = false;
  }
  deliver(run, out.end, out, data, effects);
  return all_good;
}

// Of the granules [first, end), hands on what was asked for.
void BlockReader::deliver(std::size_t first, std::size_t end, const Out& out, Bytes data,
                          BlockReaderEffects& effects) {
  if (first >= end) return;
  for (std::size_t g = first; g < end; ++g) granules_[g].delivered = true;
  const wire::GranuleRange range = bytes_of(first, end);
  const std::uint64_t from = std::max(range.offset, offset_);
  const std::uint64_t to = std::min(range.offset + range.length, offset_ + length_);
  if (mutated(Mutant::kV1DeliverFromGranuleStart)) {
    effects.push_back(Deliver{from, data.subspan(0, to - from)});
    return;
  }
  effects.push_back(
      Deliver{from, data.subspan(from - bytes_of(out.first, out.end).offset, to - from)});
}

void BlockReader::fetch_failed(std::uint64_t fetch, const Status& status, Instant now,
                               BlockReaderEffects& effects) {
  const std::optional<Out> out = take(fetch);
  if (!out || done_) return;
  Location& from = locations_[out->location];
  --from.out;
  ++from.setbacks;
  from.last = status;
  const bool in_part = status.code() == Code::kIo && out->end - out->first > 1;
  if (in_part && !mutated(Mutant::kD1RuleOutWholeRun)) {
    for (std::size_t g = out->first; g < out->end; ++g) {
      granules_[g].tried &= ~bit(out->location);
      granules_[g].alone |= bit(out->location);
    }
  } else if (status.code() != Code::kCorrupt) {
    from.unread = true;
  }
  // The DataNode itself says that what it has is not, or is no longer, this block.
  if (status.code() == Code::kCorrupt) found_bad(out->location, effects);
  pump(now, effects);
}

void BlockReader::tick(Instant now, BlockReaderEffects& effects) {
  if (done_) return;
  for (auto& [id, out] : out_) {
    if (out.slow || now - out.since < options_.hedge_after) continue;
    out.slow = true;
    ++locations_[out.location].setbacks;
    for (std::size_t g = out.first; g < out.end; ++g) --granules_[g].out;
  }
  pump(now, effects);
}

Instant BlockReader::next_tick() const {
  Instant next = kNever;
  if (done_) return next;
  for (const auto& [id, out] : out_) {
    if (!out.slow) next = std::min(next, out.since + options_.hedge_after);
  }
  return next;
}

std::vector<NodeId> BlockReader::suspects() const {
  std::vector<NodeId> nodes;
  for (const Location& location : locations_) {
    if (location.unusable || location.setbacks > 0) nodes.push_back(location.address.node);
  }
  return nodes;
}

void BlockReader::found_bad(std::size_t location, BlockReaderEffects& effects) {
  if (locations_[location].reported) return;
  locations_[location].reported = true;
  effects.push_back(FoundBad{{block_.id, locations_[location].address.node}});
}

void BlockReader::finish(Status status, BlockReaderEffects& effects) {
  done_ = true;
  effects.push_back(BlockDone{std::move(status)});
}

Status BlockReader::no_good_copy(std::size_t granule) const {
  const wire::GranuleRange range = bytes_of(granule, granule + 1);
  std::string text = "block " + std::to_string(block_.id.value) + ": no good copy of bytes " +
                     std::to_string(range.offset) + "-" +
                     std::to_string(range.offset + range.length - 1);
  bool all_read = !locations_.empty();
  for (const Location& location : locations_) {
    all_read = all_read && !location.unread;
    text += &location == &locations_.front() ? " on " : ", ";
    // What the connection says begins with the address by itself.
    const std::string& why = location.last.message();
    const bool named = why.starts_with(location.address.client);
    text += "DataNode " + std::to_string(location.address.node.value) + " (" +
            (named ? why : location.address.client + ": " + why) + ")";
  }
  if (locations_.empty()) text += " on any live DataNode";
  return {all_read ? Code::kCorrupt : Code::kUnavailable, std::move(text)};
}

}  // namespace dfs::client
