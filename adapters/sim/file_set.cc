#include "adapters/sim/file_set.h"

#include "core/base/digest.h"

namespace dfs::sim {

FileSet::FilePtr FileSet::find(const std::string& name) const {
  const auto found = seen_.find(name);
  return found == seen_.end() ? nullptr : found->second;
}

FileSet::FilePtr FileSet::create(const std::string& name) {
  if (FilePtr file = find(name)) return file;
  pending_.push_back({name, std::make_shared<FileImage>(), ""});
  apply(pending_.back(), seen_);
  return pending_.back().file;
}

void FileSet::remove(const std::string& name) {
  pending_.push_back({name, nullptr, ""});
  apply(pending_.back(), seen_);
}

void FileSet::rename(const std::string& from, const std::string& to) {
  pending_.push_back({to, find(from), from});
  apply(pending_.back(), seen_);
}

void FileSet::sync_names() {
  for (const NameChange& change : pending_) apply(change, durable_);
  pending_.clear();
}

// A pending change gets through or not, each by itself: a removed file may come back.
void FileSet::power_loss(Random random, const Sectors& sectors) {
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    if (random.fork(i).chance(1, 2)) apply(pending_[i], durable_);
  }
  pending_.clear();
  for (auto& [name, file] : durable_) file->power_loss(random.fork(name), sectors);
  seen_ = durable_;
}

bool FileSet::rot(Random random) {
  std::uint64_t total = 0;
  for (const auto& [name, file] : seen_) total += file->bytes().size();
  if (total == 0) return false;
  std::uint64_t at = random.below(total);
  for (auto& [name, file] : seen_) {
    if (at < file->bytes().size()) {
      file->flip_bit(at, static_cast<unsigned>(random.below(8)));
      return true;
    }
    at -= file->bytes().size();
  }
  return false;
}

void FileSet::put(const std::string& name, const std::string& bytes) {
  auto file = std::make_shared<FileImage>();
  file->write(0, as_bytes(bytes));
  file->sync();
  seen_[name] = file;
  durable_[name] = file;
}

void FileSet::wipe() {
  seen_.clear();
  durable_.clear();
  pending_.clear();
}

std::uint64_t FileSet::used_bytes() const {
  std::uint64_t total = 0;
  for (const auto& [name, file] : seen_) total += file->bytes().size();
  return total;
}

std::vector<std::string> FileSet::names() const {
  std::vector<std::string> all;
  for (const auto& [name, file] : seen_) all.push_back(name);
  return all;
}

std::uint64_t FileSet::digest() const {
  Digest digest;
  for (const Names* names : {&seen_, &durable_}) {
    for (const auto& [name, file] : *names) {
      digest.add(name);
      digest.add(file->bytes());
      digest.add(file->durable());
    }
  }
  return digest.value();
}

void FileSet::apply(const NameChange& change, Names& names) {
  if (change.file == nullptr) {
    names.erase(change.name);
  } else {
    names[change.name] = change.file;
    if (!change.from.empty()) names.erase(change.from);
  }
}

}  // namespace dfs::sim
