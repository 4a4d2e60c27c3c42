#include "adapters/sim/file_image.h"

#include <algorithm>
#include <utility>

namespace dfs::sim {
namespace {

void overwrite(std::string& image, std::uint64_t offset, std::string_view data) {
  if (data.empty()) return;
  if (image.size() < offset) image.resize(offset, '\0');
  image.replace(offset, data.size(), data);  // to the end, and beyond it what is left of the data
}

}  // namespace

void FileImage::write(std::uint64_t offset, Bytes data) {
  pending_.push_back({.truncation = false, .at = offset, .data = std::string(as_text(data))});
  apply(pending_.back(), seen_);
}

void FileImage::truncate(std::uint64_t size) {
  pending_.push_back({.truncation = true, .at = size, .data = {}});
  apply(pending_.back(), seen_);
}

void FileImage::sync() {
  for (const Operation& operation : pending_) apply(operation, durable_);
  pending_.clear();
}

void FileImage::sync_failed(Random random, const Sectors& sectors) { settle(random, sectors); }

void FileImage::power_loss(Random random, const Sectors& sectors) {
  settle(random, sectors);
  seen_ = durable_;
}

void FileImage::flip_bit(std::uint64_t offset, unsigned bit) {
  for (std::string* image : {&seen_, &durable_}) {
    if (offset >= image->size()) continue;
    (*image)[offset] = static_cast<char>((*image)[offset] ^ (1 << (bit % 8)));
  }
}

void FileImage::apply(const Operation& operation, std::string& image) {
  if (operation.truncation) {
    image.resize(operation.at, '\0');
  } else {
    overwrite(image, operation.at, operation.data);
  }
}

// Each sector of the write gets there or not, and one of them perhaps in part.
void FileImage::tear(const Operation& operation, Random random, const Sectors& sectors,
                     std::string& image) {
  const std::uint64_t end = operation.at + operation.data.size();
  std::uint64_t from = operation.at;
  while (from < end) {
    const std::uint64_t sector_end = (from / sectors.bytes + 1) * sectors.bytes;
    std::uint64_t to = std::min(end, sector_end);
    const std::uint64_t next = to;
    if (random.chance(1, 2)) {
      if (random.chance(1, 8)) to = from + random.below(to - from);
      overwrite(image, from,
                std::string_view(operation.data).substr(from - operation.at, to - from));
      if (sectors.garble) {
        const std::uint64_t garbage_end = std::min<std::uint64_t>(sector_end, image.size());
        for (std::uint64_t i = to; i < garbage_end; ++i) {
          image[i] = static_cast<char>(random.next());
        }
      }
    }
    from = next;
  }
}

// Whatever was pending is decided now.
void FileImage::settle(Random random, const Sectors& sectors) {
  std::vector<std::size_t> order(pending_.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  Random draws = random.fork("order");
  if (draws.chance(1, 3)) {
    for (std::size_t i = order.size(); i > 1; --i) {
      std::swap(order[i - 1], order[draws.below(i)]);
    }
  }
  // Often everything up to some point gets through: then only the last few are in doubt.
  const std::size_t surely = draws.chance(1, 2) ? draws.below(order.size() + 1) : 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const Operation& operation = pending_[order[i]];
    Random draw = random.fork(order[i]);
    const std::uint64_t fate = i < surely ? 0 : draw.below(3);
    if (fate == 0) {
      apply(operation, durable_);
    } else if (fate == 1 && !operation.truncation) {
      tear(operation, draw.fork("tear"), sectors, durable_);
    }
  }
  pending_.clear();
}

}  // namespace dfs::sim
