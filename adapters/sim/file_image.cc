#include "adapters/sim/file_image.h"

#include <algorithm>
#include <utility>

namespace dfs::sim {
namespace {

void overwrite(std::string& image, std::uint64_t offset, std::string_view data) {
  if (image.size() < offset) image.resize(offset, '\0');
  image.replace(offset, data.size(), data);  // to the end, and beyond it what is left of the data
}

}  // namespace

std::uint64_t FileImage::Operation::replaced() const {
  const std::uint64_t end = truncation ? old_size : std::min(at + size, old_size);
  return end > at ? end - at : 0;
}

std::string FileImage::durable() const {
  if (disk_) return *disk_;
  std::string image = seen_;
  static_cast<void>(take_back(image));
  return image;
}

void FileImage::write(std::uint64_t offset, Bytes data) {
  if (data.empty()) return;
  begin({.truncation = false, .at = offset, .size = data.size(), .old_size = seen_.size()});
  overwrite(seen_, offset, as_text(data));
}

void FileImage::truncate(std::uint64_t size) {
  begin({.truncation = true, .at = size, .size = 0, .old_size = seen_.size()});
  seen_.resize(size, '\0');
}

void FileImage::begin(const Operation& operation) {
  pending_.push_back(operation);
  if (const std::uint64_t replaced = operation.replaced(); replaced > 0) {
    replaced_.append(seen_, operation.at, replaced);
  }
}

void FileImage::sync() {
  if (disk_) {
    std::string image = seen_;
    for (const Written& written : take_back(image)) apply(written, *disk_);
  }
  nothing_pending();
}

void FileImage::sync_failed(Random random, const Sectors& sectors) { settle(random, sectors); }

void FileImage::power_loss(Random random, const Sectors& sectors) {
  settle(random, sectors);
  seen_ = std::move(*disk_);
  disk_.reset();
}

void FileImage::flip_bit(std::uint64_t offset, unsigned bit) {
  const auto flip = [bit](char& byte) { byte = static_cast<char>(byte ^ (1 << (bit % 8))); };
  if (offset < seen_.size()) flip(seen_[offset]);
  if (disk_) {
    if (offset < disk_->size()) flip((*disk_)[offset]);
    return;
  }
  // The disk's byte is the one that the first operation there replaced.
  std::uint64_t start = 0;
  for (const Operation& operation : pending_) {
    const std::uint64_t replaced = operation.replaced();
    if (offset >= operation.at && offset - operation.at < replaced) {
      return flip(replaced_[start + offset - operation.at]);
    }
    start += replaced;
  }
}

std::vector<FileImage::Written> FileImage::take_back(std::string& image) const {
  std::vector<Written> all(pending_.size());
  std::uint64_t left = replaced_.size();
  for (std::size_t i = pending_.size(); i-- > 0;) {
    const Operation& operation = pending_[i];
    all[i] = {operation, image.substr(operation.at, operation.size)};
    const std::uint64_t replaced = operation.replaced();
    left -= replaced;
    image.resize(operation.old_size, '\0');
    if (replaced > 0) image.replace(operation.at, replaced, replaced_, left, replaced);
  }
  return all;
}

void FileImage::nothing_pending() {
  pending_.clear();
  replaced_.clear();
}

void FileImage::apply(const Written& written, std::string& image) {
  if (written.operation.truncation) {
    image.resize(written.operation.at, '\0');
  } else {
    overwrite(image, written.operation.at, written.data);
  }
}

// Each sector of the write gets there or not, and one of them perhaps in part.
void FileImage::tear(const Written& written, Random random, const Sectors& sectors,
                     std::string& image) {
  const std::uint64_t begin = written.operation.at;
  const std::uint64_t end = begin + written.data.size();
  std::uint64_t from = begin;
  while (from < end) {
    const std::uint64_t sector_end = (from / sectors.bytes + 1) * sectors.bytes;
    std::uint64_t to = std::min(end, sector_end);
    const std::uint64_t next = to;
    if (random.chance(1, 2)) {
      if (random.chance(1, 8)) to = from + random.below(to - from);
      overwrite(image, from, std::string_view(written.data).substr(from - begin, to - from));
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
  std::string image = seen_;
  const std::vector<Written> pending = take_back(image);
  if (!disk_) disk_ = std::move(image);
  std::vector<std::size_t> order(pending.size());
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
    const Written& written = pending[order[i]];
    Random draw = random.fork(order[i]);
    const std::uint64_t fate = i < surely ? 0 : draw.below(3);
    if (fate == 0) {
      apply(written, *disk_);
    } else if (fate == 1 && !written.operation.truncation) {
      tear(written, draw.fork("tear"), sectors, *disk_);
    }
  }
  nothing_pending();
}

}  // namespace dfs::sim
