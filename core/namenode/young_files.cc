#include "core/namenode/young_files.h"

#include <algorithm>

#include "core/base/bytes.h"
#include "core/wire/path.h"

namespace dfs::namenode {
namespace {

// Notes about files that could not be rebuilt; the rest is counted.
constexpr std::size_t kMostNotes = 100;

const Status* error_of(const wire::Reply& reply) { return std::get_if<Status>(&reply); }

std::string name_of(InodeId inode, const std::string& path_hint) {
  const std::string number = std::to_string(inode.value);
  const std::string name = number + "-" + path_hint.substr(path_hint.rfind('/') + 1);
  return wire::check_name(name).ok() ? name : number;
}

// All but the last block of a file have the same length, and the last is not longer.
bool fit_together(const std::vector<BlockInfo>& blocks) {
  const std::uint64_t full = blocks.front().length;
  return std::all_of(blocks.begin(), blocks.end() - 1,
                     [full](const BlockInfo& block) { return block.length == full; }) &&
         blocks.back().length <= full;
}

}  // namespace

// The client's id is one that no other rescue of this history has used.
YoungFiles::YoungFiles(Store& store, CommandObserver* observer)
    : store_(store),
      observer_(observer),
      cluster_(store.meta().cluster),
      next_block_(store.meta().next_block),
      client_(to_hex(store.meta().epoch, 16) + to_hex(store.meta().applied, 16)) {}

bool YoungFiles::matters(const RescuedReplica& replica) {
  if (replica.cluster != cluster_ || replica.info.length == 0) return false;
  const bool younger = replica.info.id.value >= next_block_;
  if (younger) return !store_.inode(replica.inode) || store_.pending(replica.inode);
  const std::optional<BlockRow> row = store_.block(replica.info.id);
  if (!row || row->owner != replica.inode || !store_.pending(replica.inode)) return false;
  return row->state == BlockState::kAllocated ||
         (row->state == BlockState::kCommitted && row->length == replica.info.length &&
          row->crc == replica.info.crc && row->index == replica.index);
}

void YoungFiles::add(const RescuedReplica& replica) {
  if (!matters(replica)) return;
  File& file = files_[replica.inode];
  file.path_hint = std::max(file.path_hint, replica.path_hint);
  std::vector<BlockInfo>& candidates = file.blocks[replica.index];
  if (std::find(candidates.begin(), candidates.end(), replica.info) == candidates.end()) {
    candidates.push_back(replica.info);
  }
}

std::vector<RebuiltFile> YoungFiles::rebuild(WallTime wall, std::vector<std::string>& notes) {
  wall_ = wall;
  std::vector<RebuiltFile> rebuilt;
  std::size_t failed = 0;
  for (const auto& [inode, file] : files_) {
    RebuiltFile one;
    const Status status = rebuild(inode, file, one);
    if (status.ok()) {
      rebuilt.push_back(std::move(one));
    } else if (++failed <= kMostNotes) {
      notes.push_back(wire::printable(file.path_hint) + " (inode " + std::to_string(inode.value) +
                      "): not rebuilt: " + status.message());
    }
  }
  if (failed > kMostNotes) {
    notes.push_back(std::to_string(failed - kMostNotes) + " more files were not rebuilt");
  }
  return rebuilt;
}

// Everything that could go wrong is looked at before the first command, so that no block is moved
// to a file that cannot be finished.
Status YoungFiles::rebuild(InodeId inode, const File& file, RebuiltFile& rebuilt) {
  std::vector<BlockInfo> blocks;
  for (const auto& [index, candidates] : file.blocks) {
    if (index != blocks.size()) {
      return {Code::kNotFound, "block " + std::to_string(blocks.size()) + " of it is missing"};
    }
    // Written again under a new id, a block has the same bytes; the newest id counts.
    const BlockInfo& newest =
        *std::max_element(candidates.begin(), candidates.end(),
                          [](const BlockInfo& a, const BlockInfo& b) { return a.id < b.id; });
    for (const BlockInfo& info : candidates) {
      if (info.length != newest.length || info.crc != newest.crc) {
        return {Code::kCorrupt, "there are different blocks " + std::to_string(index) + " of it"};
      }
    }
    blocks.push_back(newest);
    rebuilt.length += newest.length;
  }
  if (!fit_together(blocks)) return {Code::kCorrupt, "its blocks' lengths do not fit together"};
  rebuilt.was = file.path_hint;
  rebuilt.path = std::string(kLostAndFound) + "/" + name_of(inode, file.path_hint);

  store_.begin();
  const auto run = [&]() -> Status {
    wire::Create create;
    create.caller = caller();
    create.path = rebuilt.path;
    create.parents = true;
    create.block_size =
        std::max(blocks.size() == 1 ? store_.meta().default_block_size : 0, blocks.front().length);
    const wire::Reply created = apply_one(RequestCommand{create, {}});
    if (const Status* error = error_of(created)) return *error;
    const InodeId target = std::get<wire::CreateReply>(created).inode;
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      const wire::Reply adopted = apply_one(AdoptBlockCommand{target, i, blocks[i]});
      if (const Status* error = error_of(adopted)) return *error;
    }
    apply_one(ExpireCommand{{inode}});
    wire::Complete complete;
    complete.caller = caller();
    complete.inode = target;
    complete.length = rebuilt.length;
    const wire::Reply completed = apply_one(RequestCommand{complete, {}});
    const Status* error = error_of(completed);
    return error == nullptr ? Status() : *error;
  };
  Status status = run();
  store_.commit();
  return status;
}

wire::Reply YoungFiles::apply_one(decltype(Command::body) body) {
  Command command;
  command.time = store_.meta().time;
  command.wall = wall_;
  command.body = std::move(body);
  Outcome outcome = apply(store_, command);
  if (observer_ != nullptr) observer_->applied(command, outcome);
  return std::move(outcome.reply);
}

wire::Caller YoungFiles::caller() {
  ++requests_;
  return {client_, requests_, requests_, 0, ""};
}

}  // namespace dfs::namenode
