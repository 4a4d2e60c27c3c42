#include "adapters/sim/disk.h"

#include <algorithm>

#include "core/wire/datanode_messages.h"

namespace dfs::sim {
namespace {

FileName data_of(BlockId block) { return {Folder::kCurrent, false, block.value}; }
FileName sidecar_of(BlockId block) { return {Folder::kCurrent, true, block.value}; }
FileName kept_data(const wire::BlockInfo& replica, std::uint32_t copy) {
  return {Folder::kQuarantine, false, replica.id.value, replica.length, replica.crc, copy};
}
FileName sidecar_beside(FileName data) {
  data.sidecar = true;
  return data;
}

Status too_many_open_files() { return {Code::kUnavailable, "Too many open files"}; }
Status io_error() { return {Code::kIo, "Input/output error"}; }
Status no_space() { return {Code::kNoSpace, "No space left on device"}; }
Status no_such_replica() { return {Code::kNotFound, "no such replica"}; }

}  // namespace

bool ReplicaFiles::whole() const {
  return sidecar != nullptr && data->size() == sidecar->info.length &&
         data->crc() == sidecar->info.crc;
}

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

Status SimDisk::writable() {
  if (writes_fail_) return fail();
  return failed_ ? io_error() : Status();
}

std::int64_t SimDisk::made_ms(BlockId block) const {
  const SimFile* file = find(data_of(block));
  return file == nullptr ? 0 : file->made_ms;
}

Result<std::uint64_t> SimDisk::create(std::uint64_t length, WallTime now) {
  if (const Status status = writable(); !status.ok()) return status;
  if (no_descriptors_) return too_many_open_files();
  if (length > free()) return no_space();
  const auto file = files_.try_emplace(files_.end(), next_file_++);
  file->second.made_ms = now.ms;
  add_entry({Folder::kTemporary, false, file->first}, file);
  return file->first;
}

template <class Data>
Status SimDisk::write_data(std::uint64_t file, std::uint64_t offset, std::size_t length,
                           const Data& data) {
  SimFile* target = find({Folder::kTemporary, false, file});
  if (target == nullptr) return {Code::kIo, "temporary file is gone"};
  if (const Status status = writable(); !status.ok()) return status;
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

Status SimDisk::publish(std::uint64_t file, const SharedSidecar& sidecar, int steps) {
  const FileName data_name{Folder::kTemporary, false, file};
  const FileName sidecar_name{Folder::kTemporary, true, file};
  const BlockId block = sidecar->info.id;
  if (find(data_name) == nullptr) return {Code::kIo, "temporary file is gone"};
  if (const Status status = writable(); !status.ok()) return status;
  if (no_descriptors_) return too_many_open_files();
  if (steps > 0) find(data_name)->synced = true;
  if (steps > 1) {
    const auto second = files_.try_emplace(files_.end(), next_file_++);
    second->second.sidecar = sidecar;
    second->second.synced = true;
    add_entry(sidecar_name, second);
  }
  if (steps > 2) {
    // What cannot be named is moved aside and never looked at again.
    const datanode::Sidecar* present = SimDisk::sidecar(block);
    if (present != nullptr && find(data_of(block)) != nullptr) {
      const FileName kept = free_name(present->info);
      link_entry(sidecar_of(block), sidecar_beside(kept));
      link_entry(data_of(block), kept);
      sync(Folder::kQuarantine);
    }
    rename_entry(data_name, data_of(block));
  }
  if (steps > 3) rename_entry(sidecar_name, sidecar_of(block));
  if (steps > 4) {
    sync(Folder::kCurrent);
    unreadable_.erase(block);
  }
  return {};
}

FileName SimDisk::free_name(const wire::BlockInfo& replica) const {
  FileName name = kept_data(replica, 0);
  while (find(name) != nullptr || find(sidecar_beside(name)) != nullptr) ++name.copy;
  return name;
}

Status SimDisk::quarantine(const wire::BlockInfo& replica, int steps) {
  if (const Status status = writable(); !status.ok()) return status;
  if (no_descriptors_) return too_many_open_files();
  const FileName data = data_of(replica.id);
  if (find(data) == nullptr) return no_such_replica();
  // A damaged sidecar does not protect a rotten replica; one that says something else does.
  const datanode::Sidecar* present = sidecar(replica.id);
  if (present != nullptr && present->info != replica) return no_such_replica();
  const FileName kept = free_name(replica);
  if (steps > 0) link_entry(sidecar_of(replica.id), sidecar_beside(kept));
  if (steps > 1) link_entry(data, kept);
  if (steps > 2) sync(Folder::kQuarantine);
  if (steps > 3) remove_entry(data);
  if (steps > 4 && find(sidecar_of(replica.id)) != nullptr) remove_entry(sidecar_of(replica.id));
  return {};
}

Status SimDisk::make_way(BlockId block, int steps) {
  if (const datanode::Sidecar* present = sidecar(block)) return quarantine(present->info, steps);
  if (const Status status = writable(); !status.ok()) return status;
  if (no_descriptors_) return too_many_open_files();
  if (steps > 3) remove_entry(data_of(block));
  if (steps > 4 && find(sidecar_of(block)) != nullptr) remove_entry(sidecar_of(block));
  return {};
}

Status SimDisk::restore(const wire::BlockInfo& replica, std::uint32_t copy, int steps) {
  if (const Status status = writable(); !status.ok()) return status;
  if (no_descriptors_) return too_many_open_files();
  const FileName data = kept_data(replica, copy);
  const FileName sidecar = sidecar_beside(data);
  if (find(data) == nullptr) return no_such_replica();
  if (steps > 0) link_entry(sidecar, sidecar_of(replica.id));
  if (steps > 1) link_entry(data, data_of(replica.id));
  if (steps > 2) sync(Folder::kCurrent);
  if (steps > 3) remove_entry(data);
  if (steps > 4 && find(sidecar) != nullptr) remove_entry(sidecar);
  return {};
}

Status SimDisk::purge(const wire::BlockInfo& replica, int steps) {
  if (const Status status = writable(); !status.ok()) return status;
  if (no_descriptors_) return too_many_open_files();
  const std::vector<Quarantined> copies = copies_of(replica);
  if (copies.empty()) return no_such_replica();
  if (steps > 0) sync(Folder::kCurrent);
  for (const Quarantined& each : copies) {
    const FileName data = kept_data(replica, each.copy);
    if (steps > 0 && find(sidecar_beside(data)) != nullptr) remove_entry(sidecar_beside(data));
    if (steps > 1) remove_entry(data);
  }
  return {};
}

Result<ReplicaFiles> SimDisk::open(BlockId block, Extent wanted) const {
  if (failed_) return io_error();
  if (no_descriptors_) return too_many_open_files();
  const SimFile* file = find(data_of(block));
  if (file == nullptr) return no_such_replica();
  if (reads_fail_) return io_error();
  const auto bad = unreadable_.find(block);
  if (bad != unreadable_.end() && wanted.from < bad->second.to && bad->second.from < wanted.to) {
    return io_error();
  }
  return ReplicaFiles{&file->data, sidecar(block)};
}

Result<wire::BlockInfo> SimDisk::read_sidecar(BlockId block) const {
  const Result<ReplicaFiles> files = open(block, {0, 1});
  if (!files.ok()) return files.status();
  if (files->sidecar == nullptr) return no_such_replica();
  return files->sidecar->info;
}

Result<std::vector<Quarantined>> SimDisk::open_quarantined(const wire::BlockInfo& replica) const {
  if (failed_) return io_error();
  if (no_descriptors_) return too_many_open_files();
  std::vector<Quarantined> copies = copies_of(replica);
  if (copies.empty()) return no_such_replica();
  if (reads_fail_ || unreadable_.contains(replica.id)) return io_error();
  return copies;
}

std::vector<Quarantined> SimDisk::copies_of(const wire::BlockInfo& replica) const {
  std::vector<Quarantined> copies = quarantined(replica.id);
  std::erase_if(copies, [&replica](const Quarantined& each) { return each.info != replica; });
  std::reverse(copies.begin(), copies.end());
  return copies;
}

Quarantined SimDisk::quarantined(Entries::const_iterator data) const {
  const FileName& name = data->first;
  const SimFile* beside = find(sidecar_beside(name));
  return {{BlockId{name.number}, name.length, name.crc},
          name.copy,
          {&data->second->second.data, beside != nullptr ? beside->sidecar.get() : nullptr}};
}

std::vector<Quarantined> SimDisk::quarantined(BlockId block) const {
  std::vector<Quarantined> copies;
  const FileName first{Folder::kQuarantine, false, block.value};
  const FileName beyond{Folder::kQuarantine, false, block.value + 1};
  for (auto it = entries_.lower_bound(first); it != entries_.end() && it->first < beyond; ++it) {
    copies.push_back(quarantined(it));
  }
  return copies;
}

std::vector<Quarantined> SimDisk::quarantined() const {
  std::vector<Quarantined> copies;
  const FileName beyond{Folder::kQuarantine, true};
  for (auto it = entries_.lower_bound({Folder::kQuarantine});
       it != entries_.end() && it->first < beyond; ++it) {
    copies.push_back(quarantined(it));
  }
  return copies;
}

std::uint64_t SimDisk::quarantined_bytes() const {
  std::uint64_t bytes = 0;
  const FileName beyond{Folder::kQuarantine, true};
  for (auto it = entries_.lower_bound({Folder::kQuarantine});
       it != entries_.end() && it->first < beyond; ++it) {
    bytes += it->second->second.data.size();
  }
  return bytes;
}

bool SimDisk::has_other(const wire::BlockInfo& replica) const {
  const datanode::Sidecar* present = sidecar(replica.id);
  return present != nullptr && present->info != replica && find(data_of(replica.id)) != nullptr;
}

bool SimDisk::good(Entries::const_iterator sidecar) const {
  return sidecar->second->second.sidecar != nullptr &&
         find(data_of(BlockId{sidecar->first.number})) != nullptr;
}

std::vector<BlockId> SimDisk::list() const {
  std::vector<BlockId> blocks;
  for (auto it = entries_.lower_bound({Folder::kCurrent, true, 0});
       it != entries_.end() && it->first.folder == Folder::kCurrent; ++it) {
    if (good(it)) blocks.push_back(BlockId{it->first.number});
  }
  return blocks;
}

std::vector<BlockId> SimDisk::list_bucket(std::uint64_t bucket) const {
  std::vector<BlockId> blocks;
  for (BlockId next{bucket};;) {  // the next id of the bucket
    const auto it = entries_.lower_bound({Folder::kCurrent, true, next.value});
    if (it == entries_.end() || it->first.folder != Folder::kCurrent) return blocks;
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

const datanode::Sidecar* SimDisk::sidecar(BlockId block) const {
  const SimFile* file = find(sidecar_of(block));
  return file != nullptr ? file->sidecar.get() : nullptr;
}

const FileBytes* SimDisk::data(BlockId block, Folder folder) const {
  const SimFile* file = find({folder, false, block.value});
  return file == nullptr ? nullptr : &file->data;
}

std::size_t SimDisk::temporaries() const {
  const auto beyond = std::find_if(entries_.begin(), entries_.end(), [](const auto& entry) {
    return entry.first.folder != Folder::kTemporary;
  });
  return static_cast<std::size_t>(std::distance(entries_.begin(), beyond));
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
