#include "adapters/sim/disk.h"

#include <algorithm>

#include "core/wire/datanode_messages.h"

namespace dfs::sim {
namespace {

FileName data_of(BlockId block, Folder folder) { return {folder, false, block.value}; }
FileName sidecar_of(BlockId block, Folder folder) { return {folder, true, block.value}; }

Status too_many_open_files() { return {Code::kIo, "Too many open files"}; }
Status io_error() { return {Code::kIo, "Input/output error"}; }
Status no_space() { return {Code::kNoSpace, "No space left on device"}; }

}  // namespace

const SimFile* SimDisk::find(const FileName& name) const {
  const auto entry = entries_.find(name);
  return entry == entries_.end() ? nullptr : &entry->second->second;
}

SimFile* SimDisk::find(const FileName& name) {
  const auto entry = entries_.find(name);
  return entry == entries_.end() ? nullptr : &entry->second->second;
}

void SimDisk::link(Entries& entries, const FileName& name, Files::iterator file) {
  unlink(entries, name);
  entries[name] = file;
  SimFile& linked = file->second;
  ++linked.names;
  if (&entries == &entries_ && ++linked.seen == 1) used_ += linked.data.size();
}

void SimDisk::unlink(Entries& entries, const FileName& name) {
  const auto entry = entries.find(name);
  if (entry == entries.end()) return;
  const auto file = entry->second;
  entries.erase(entry);
  if (&entries == &entries_ && --file->second.seen == 0) used_ -= file->second.data.size();
  if (--file->second.names == 0) files_.erase(file);
}

void SimDisk::add_entry(const FileName& name, Files::iterator file) {
  link(entries_, name, file);
  unsynced_.push_back({std::nullopt, name, file->first});
}

void SimDisk::remove_entry(const FileName& name) {
  unlink(entries_, name);
  unsynced_.push_back({name, std::nullopt, 0});
}

void SimDisk::rename_entry(const FileName& from, const FileName& to) {
  auto entry = entries_.extract(from);
  unlink(entries_, to);
  unsynced_.push_back({from, to, entry.mapped()->first});
  entry.key() = to;
  entries_.insert(std::move(entry));
}

void SimDisk::apply_durably(const DirectoryChange& change) {
  if (change.added) {
    const auto file = files_.find(change.file);
    if (file != files_.end()) link(durable_, *change.added, file);
  }
  if (change.removed) unlink(durable_, *change.removed);
}

void SimDisk::link_entry(const FileName& from, const FileName& to) {
  if (find(from) != nullptr) add_entry(to, entries_.at(from));
}

// A rename is one change, and its new name is what the sync of a folder is for. What happened to
// temporary files before it becomes durable with it.
void SimDisk::sync(Folder folder) {
  std::erase_if(unsynced_, [&](const DirectoryChange& change) {
    const FileName& name = change.added ? *change.added : *change.removed;
    if (name.folder != folder && name.folder != Folder::kTemporary) return false;
    apply_durably(change);
    return true;
  });
}

std::uint64_t SimDisk::free() const {
  return full_ || failed_ || used_ >= capacity_ ? 0 : capacity_ - used_;
}

std::uint64_t SimDisk::used_in(Folder folder) const {
  std::uint64_t bytes = 0;
  for (auto it = entries_.lower_bound({folder, false, 0});
       it != entries_.end() && it->first.folder == folder; ++it) {
    bytes += it->second->second.data.size();
  }
  return bytes;
}

Result<std::uint64_t> SimDisk::create(std::uint64_t length) {
  if (failed_) return io_error();
  if (no_descriptors_) return too_many_open_files();
  if (length > free()) return no_space();
  const auto file = files_.try_emplace(files_.end(), next_file_++);
  add_entry({Folder::kTemporary, false, file->first}, file);
  return file->first;
}

template <class Data>
Status SimDisk::write_data(std::uint64_t file, std::uint64_t offset, std::size_t length,
                           const Data& data) {
  SimFile* target = find({Folder::kTemporary, false, file});
  if (target == nullptr) return {Code::kIo, "temporary file is gone"};
  if (failed_) return io_error();
  if (length > free()) return no_space();
  const std::size_t old_size = target->data.size();
  target->data.write(offset, data);
  used_ += target->data.size() - old_size;
  return {};
}

Status SimDisk::write(std::uint64_t file, std::uint64_t offset, const Slice& data) {
  return write_data(file, offset, data.length, data);
}
Status SimDisk::write(std::uint64_t file, std::uint64_t offset, Bytes data) {
  return write_data(file, offset, data.size(), data);
}

void SimDisk::discard(std::uint64_t file) {
  for (const bool sidecar : {false, true}) {
    const FileName name{Folder::kTemporary, sidecar, file};
    if (find(name) != nullptr) remove_entry(name);
  }
}

Status SimDisk::publish(std::uint64_t file, const datanode::Sidecar& sidecar, int steps) {
  const FileName data_name{Folder::kTemporary, false, file};
  const FileName sidecar_name{Folder::kTemporary, true, file};
  const BlockId block = sidecar.info.id;
  if (find(data_name) == nullptr) return {Code::kIo, "temporary file is gone"};
  if (failed_) return io_error();
  if (no_descriptors_) return too_many_open_files();
  if (steps > 0) find(data_name)->synced = true;
  if (steps > 1) {
    const auto second = files_.try_emplace(files_.end(), next_file_++);
    second->second.sidecar = sidecar;
    second->second.synced = true;
    add_entry(sidecar_name, second);
  }
  if (steps > 2) {
    if (find(data_of(block, Folder::kCurrent)) != nullptr) {
      link_entry(sidecar_of(block, Folder::kCurrent), sidecar_of(block, Folder::kQuarantine));
      link_entry(data_of(block, Folder::kCurrent), data_of(block, Folder::kQuarantine));
      sync(Folder::kQuarantine);
    }
    rename_entry(data_name, data_of(block, Folder::kCurrent));
  }
  if (steps > 3) rename_entry(sidecar_name, sidecar_of(block, Folder::kCurrent));
  if (steps > 4) {
    sync(Folder::kCurrent);
    unreadable_.erase(block);
  }
  return {};
}

Status SimDisk::move(BlockId block, Folder from, Folder to, int steps) {
  if (failed_) return io_error();
  if (no_descriptors_) return too_many_open_files();
  const bool data = find(data_of(block, from)) != nullptr;
  const bool sidecar = find(sidecar_of(block, from)) != nullptr;
  if (!data && !sidecar) return {Code::kNotFound, "no such replica"};
  if (steps > 0) link_entry(sidecar_of(block, from), sidecar_of(block, to));
  if (steps > 1) link_entry(data_of(block, from), data_of(block, to));
  if (steps > 2) sync(to);
  if (steps > 3 && data) remove_entry(data_of(block, from));
  if (steps > 4 && sidecar) remove_entry(sidecar_of(block, from));
  return {};
}

Status SimDisk::purge(BlockId block, int steps) {
  if (failed_) return io_error();
  if (no_descriptors_) return too_many_open_files();
  if (steps > 0) sync(Folder::kCurrent);
  bool found = false;
  for (const bool sidecar : {false, true}) {
    const FileName name{Folder::kQuarantine, sidecar, block.value};
    if (find(name) == nullptr) continue;
    found = true;
    if (steps > (sidecar ? 1 : 0)) remove_entry(name);
  }
  if (!found) return {Code::kNotFound, "no such replica"};
  return {};
}

Result<ReplicaFiles> SimDisk::open(BlockId block, Folder folder) const {
  if (failed_) return io_error();
  if (no_descriptors_) return too_many_open_files();
  const SimFile* data = find(data_of(block, folder));
  if (data == nullptr) return {Code::kNotFound, "no such replica"};
  if (unreadable_.contains(block)) return {Code::kIo, "Input/output error"};
  const SimFile* sidecar = find(sidecar_of(block, folder));
  const bool good = sidecar != nullptr && sidecar->sidecar.has_value();
  return ReplicaFiles{&data->data, good ? &*sidecar->sidecar : nullptr};
}

bool SimDisk::good(Entries::const_iterator sidecar) const {
  const FileName& name = sidecar->first;
  return sidecar->second->second.sidecar.has_value() &&
         find({name.folder, false, name.number}) != nullptr;
}

std::vector<BlockId> SimDisk::list(Folder folder) const {
  std::vector<BlockId> blocks;
  for (auto it = entries_.lower_bound({folder, true, 0});
       it != entries_.end() && it->first.folder == folder; ++it) {
    if (good(it)) blocks.push_back(BlockId{it->first.number});
  }
  return blocks;
}

std::vector<BlockId> SimDisk::list_bucket(Folder folder, std::uint64_t bucket) const {
  std::vector<BlockId> blocks;
  for (BlockId next{bucket};;) {  // the next id of the bucket
    const auto it = entries_.lower_bound({folder, true, next.value});
    if (it == entries_.end() || it->first.folder != folder) return blocks;
    const BlockId found{it->first.number};
    if (found == next) {
      if (good(it)) blocks.push_back(found);
      next.value += wire::kReportBuckets;
    } else {
      const std::uint64_t of = wire::bucket_of(found);
      next.value = found.value + (bucket + wire::kReportBuckets - of) % wire::kReportBuckets;
    }
  }
}

const datanode::Sidecar* SimDisk::sidecar(BlockId block, Folder folder) const {
  const SimFile* file = find(sidecar_of(block, folder));
  return file != nullptr && file->sidecar ? &*file->sidecar : nullptr;
}

const FileBytes* SimDisk::data(BlockId block, Folder folder) const {
  const SimFile* file = find(data_of(block, folder));
  return file == nullptr ? nullptr : &file->data;
}

void SimDisk::clean() {
  std::vector<FileName> temporary;
  for (const auto& [name, file] : entries_) {
    if (name.folder == Folder::kTemporary) temporary.push_back(name);
  }
  for (const FileName& name : temporary) remove_entry(name);
  sync(Folder::kTemporary);
  failed_ = broken_;
}

Status SimDisk::fail() {
  failed_ = true;
  return io_error();
}

}  // namespace dfs::sim
