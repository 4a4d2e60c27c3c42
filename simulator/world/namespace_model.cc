#include "simulator/world/namespace_model.h"

#include <algorithm>

#include "core/base/assert.h"

namespace dfs::world {
namespace {

std::vector<std::string> names_of(const std::string& path) {
  std::vector<std::string> names;
  std::size_t begin = 1;
  while (begin < path.size()) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    names.push_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  return names;
}

bool ok(const wire::Reply& reply) {
  const auto* status = std::get_if<Status>(&reply);
  return status == nullptr || status->ok();
}

}  // namespace

std::uint64_t digest_of(const wire::Reply& reply) {
  Digest digest;
  digest.add(static_cast<std::uint64_t>(reply.index()));
  if (const auto* created = std::get_if<wire::CreateReply>(&reply)) {
    wire::CreateReply recorded = *created;
    recorded.lease_limit = {};  // a setting of the server, told with the reply and not recorded
    wire::hash_value(digest, recorded);
    return digest.value();
  }
  std::visit([&digest](const auto& value) { wire::hash_value(digest, value); }, reply);
  return digest.value();
}

NamespaceModel::NamespaceModel() {
  ModelInode root;
  root.id = kRootInode;
  root.directory = true;
  inodes_[kRootInode] = root;
}

const ModelInode* NamespaceModel::inode(InodeId id) const {
  const auto found = inodes_.find(id);
  return found == inodes_.end() ? nullptr : &found->second;
}

const ModelWriter* NamespaceModel::writer(InodeId id) const {
  const auto found = writers_.find(id);
  return found == writers_.end() ? nullptr : &found->second;
}

const ModelBlockState* NamespaceModel::block(BlockId id) const {
  const auto found = blocks_.find(id);
  return found == blocks_.end() ? nullptr : &found->second;
}

NamespaceModel::Spot NamespaceModel::look(const std::string& path, bool parents_may_miss) const {
  const std::vector<std::string> names = names_of(path);
  Spot spot;
  const ModelInode* at = inode(kRootInode);
  if (names.empty()) {
    spot.root = true;
    spot.inode = at;
    return spot;
  }
  for (std::size_t i = 0; i + 1 < names.size(); ++i) {
    const auto entry = at->entries.find(names[i]);
    if (entry == at->entries.end()) {
      const auto writing = at->writers.find(names[i]);
      const bool taken = writing != at->writers.end() && writer(writing->second)->shown;
      spot.code = taken ? Code::kNotDirectory : parents_may_miss ? Code::kOk : Code::kNotFound;
      return spot;
    }
    at = inode(entry->second);
    if (!at->directory) {
      spot.code = Code::kNotDirectory;
      return spot;
    }
  }
  spot.parent = at;
  spot.name = names.back();
  const auto entry = at->entries.find(spot.name);
  if (entry != at->entries.end()) spot.inode = inode(entry->second);
  const auto writing = at->writers.find(spot.name);
  if (writing != at->writers.end()) spot.writer = writer(writing->second);
  return spot;
}

const ModelInode* NamespaceModel::find(const std::string& path) const { return look(path).inode; }

const ModelWriter* NamespaceModel::writer_at(const std::string& path) const {
  return look(path).writer;
}

std::string NamespaceModel::path_of(InodeId id) const {
  const ModelInode* at = inode(id);
  if (at == nullptr) return "(gone)";
  if (id == kRootInode) return "/";
  const std::string above = path_of(at->parent);
  return (above == "/" ? "" : above) + "/" + at->name;
}

std::uint64_t NamespaceModel::children(const ModelInode& directory) const {
  std::uint64_t count = directory.entries.size();
  for (const auto& [name, id] : directory.writers) count += writer(id)->shown ? 1u : 0u;
  return count;
}

wire::ContentSummary NamespaceModel::sums(const ModelInode& subject) const {
  if (!subject.directory) return {1, 0, subject.length, subject.length * subject.replication};
  wire::ContentSummary total;
  total.directories = 1;
  for (const auto& [name, id] : subject.entries) {
    const wire::ContentSummary below = sums(*inode(id));
    total.files += below.files;
    total.directories += below.directories;
    total.length += below.length;
    total.space += below.space;
  }
  return total;
}

bool NamespaceModel::is_writer(InodeId version, const std::string& client) const {
  const ModelWriter* found = writer(version);
  return found != nullptr && found->client == client;
}

std::optional<std::uint64_t> NamespaceModel::recorded(const wire::Caller& caller) const {
  const auto found = records_.find({caller.client, caller.request});
  if (found == records_.end()) return std::nullopt;
  return found->second.reply;
}

bool NamespaceModel::may_have_forgotten(const wire::Caller& caller) const {
  const auto settled = settled_below_.find(caller.client);
  if (settled != settled_below_.end() && caller.request < settled->second) return true;
  const auto record = records_.find({caller.client, caller.request});
  return record == records_.end() ? forgotten_.ms > 0 : record->second.at <= forgotten_;
}

InodeId NamespaceModel::new_inode() {
  ++highest_inode_.value;
  return highest_inode_;
}

InodeId NamespaceModel::make_way(const std::string& path, bool whole) {
  std::vector<std::string> names = names_of(path);
  if (!whole) names.pop_back();
  InodeId at = kRootInode;
  for (const std::string& name : names) {
    const auto entry = inodes_[at].entries.find(name);
    if (entry != inodes_[at].entries.end()) {
      at = entry->second;
      continue;
    }
    ModelInode made;
    made.id = new_inode();
    made.directory = true;
    made.parent = at;
    made.name = name;
    inodes_[at].entries[name] = made.id;
    at = made.id;
    inodes_[at] = std::move(made);
  }
  return at;
}

void NamespaceModel::refer(BlockId block, bool referenced) {
  const auto found = blocks_.find(block);
  if (found != blocks_.end()) found->second.referenced = referenced;
}

void NamespaceModel::end_writer(InodeId version) {
  const auto found = writers_.find(version);
  if (found == writers_.end()) return;
  const ModelWriter& ended = found->second;
  for (const BlockId block : ended.allocated) refer(block, false);
  for (const auto& [index, block] : ended.committed) refer(block.id, false);
  const auto parent = inodes_.find(ended.parent);
  if (parent != inodes_.end()) {
    const auto bound = parent->second.writers.find(ended.name);
    if (bound != parent->second.writers.end() && bound->second == version) {
      parent->second.writers.erase(bound);
    }
  }
  writers_.erase(found);
}

void NamespaceModel::drop(InodeId id) {
  const auto found = inodes_.find(id);
  if (found == inodes_.end()) return;
  const ModelInode gone = found->second;
  for (const auto& [name, child] : gone.entries) drop(child);
  for (const auto& [name, version] : gone.writers) {
    end_writer(version);
    detached_.insert(version);
  }
  for (const ModelBlock& block : gone.blocks) refer(block.id, false);
  inodes_.erase(id);
  if (!gone.directory) dead_[id] = gone;
}

void NamespaceModel::take_allocated(InodeId version,
                                    const std::vector<wire::AllocatedBlock>& blocks) {
  ModelWriter& owner = writers_.at(version);
  for (const wire::AllocatedBlock& allocated : blocks) {
    owner.allocated.insert(allocated.block);
    blocks_[allocated.block] = {version, false, {}, owner.replication, true};
    highest_block_ = std::max(highest_block_, allocated.block);
  }
}

void NamespaceModel::commit(ModelWriter& writer, const std::vector<wire::CommittedBlock>& commits) {
  for (const wire::CommittedBlock& commit : commits) {
    if (writer.allocated.erase(commit.info.id) == 0) continue;  // committed before
    writer.committed[commit.index] = {commit.info.id, commit.info.length};
    ModelBlockState& block = blocks_.at(commit.info.id);
    block.committed = true;
    block.info = commit.info;
  }
}

// What the NameNode did and the model would have refused is N1's to report: where that is not
// judged, the model leaves it out.
void NamespaceModel::execute(const wire::Mkdir& request, const wire::Reply& /*reply*/) {
  make_way(request.path, true);
}

void NamespaceModel::execute(const wire::Create& request, const wire::Reply& reply) {
  const auto& created = std::get<wire::CreateReply>(reply);
  const Spot before = look(request.path, true);
  if (before.writer != nullptr) end_writer(before.writer->id);
  ModelWriter opened;
  opened.parent = make_way(request.path, false);
  opened.id = new_inode();
  opened.name = names_of(request.path).back();
  opened.client = request.caller.client;
  opened.shown = before.inode == nullptr;
  opened.replication = created.replication;
  opened.block_size = created.block_size;
  inodes_[opened.parent].writers[opened.name] = opened.id;
  const InodeId id = opened.id;
  writers_[id] = std::move(opened);
  take_allocated(id, created.blocks);
}

void NamespaceModel::execute(const wire::Allocate& request, const wire::Reply& reply) {
  const auto open = writers_.find(request.inode);
  if (open == writers_.end()) return;
  ModelWriter& owner = open->second;
  commit(owner, request.commit);
  for (const BlockId block : request.abandon) {
    if (owner.allocated.erase(block) > 0) refer(block, false);
  }
  take_allocated(request.inode, std::get<wire::AllocateReply>(reply).blocks);
}

void NamespaceModel::execute(const wire::Complete& request, const wire::Reply& /*reply*/) {
  const auto open = writers_.find(request.inode);
  if (open == writers_.end()) return;
  commit(open->second, request.commit);
  const ModelWriter writer = open->second;
  ModelInode file;
  file.id = request.inode;
  file.parent = writer.parent;
  file.name = writer.name;
  file.replication = writer.replication;
  file.block_size = writer.block_size;
  for (const auto& [index, block] : writer.committed) {
    file.length += block.length;
    file.blocks.push_back(block);
  }
  end_writer(request.inode);
  const auto entry = inodes_[writer.parent].entries.find(writer.name);
  if (entry != inodes_[writer.parent].entries.end()) drop(entry->second);
  for (const ModelBlock& block : file.blocks) refer(block.id, true);
  inodes_[writer.parent].entries[writer.name] = file.id;
  inodes_[file.id] = std::move(file);
}

// Somebody else's version, whose id an older copy of the metadata gave out anew, stays.
void NamespaceModel::execute(const wire::Abandon& request, const wire::Reply& /*reply*/) {
  const ModelWriter* owner = writer(request.inode);
  if (owner != nullptr && owner->client == request.caller.client) end_writer(request.inode);
}

void NamespaceModel::execute(const wire::Remove& request, const wire::Reply& /*reply*/) {
  const Spot spot = look(request.path);
  if (spot.inode == nullptr) {
    if (spot.writer != nullptr) end_writer(spot.writer->id);
    return;
  }
  const InodeId gone = spot.inode->id;
  inodes_[spot.parent->id].entries.erase(spot.name);
  drop(gone);
}

void NamespaceModel::execute(const wire::Rename& request, const wire::Reply& /*reply*/) {
  const Spot from = look(request.from);
  const Spot to = look(request.to);
  if (from.inode == nullptr || to.parent == nullptr) return;
  const InodeId moved = from.inode->id;
  const InodeId new_parent = to.parent->id;
  const std::string new_name = to.name;
  const InodeId replaced = to.inode == nullptr ? InodeId{} : to.inode->id;
  inodes_[from.parent->id].entries.erase(from.name);
  if (replaced) drop(replaced);
  inodes_[new_parent].entries[new_name] = moved;
  inodes_[moved].parent = new_parent;
  inodes_[moved].name = new_name;
}

void NamespaceModel::execute(const wire::SetReplication& request, const wire::Reply& /*reply*/) {
  const Spot spot = look(request.path);
  if (spot.inode != nullptr) inodes_.at(spot.inode->id).replication = request.replication;
}

void NamespaceModel::execute(const wire::SetTimes& /*request*/, const wire::Reply& /*reply*/) {}

// A file that a rescue rebuilds takes the block over from whoever was writing it.
void NamespaceModel::adopt(const namenode::AdoptBlockCommand& command) {
  const auto open = writers_.find(command.inode);
  if (open == writers_.end()) return;
  const BlockId id = command.block.id;
  const auto known = blocks_.find(id);
  if (known != blocks_.end()) {
    const auto before = writers_.find(known->second.owner);
    if (before != writers_.end()) {
      before->second.allocated.erase(id);
      std::erase_if(before->second.committed,
                    [&](const auto& each) { return each.second.id == id; });
    }
  }
  open->second.committed[command.index] = {id, command.block.length};
  blocks_[id] = {command.inode, true, command.block, open->second.replication, true};
}

void NamespaceModel::follow(const namenode::Effects& effects) {
  for (const BlockId block : effects.forgotten) blocks_.erase(block);
  for (const InodeId version : effects.leases_ended) detached_.erase(version);
  for (const BlockId block : effects.retargeted) {
    const auto found = blocks_.find(block);
    if (found == blocks_.end()) continue;
    const ModelInode* file = inode(found->second.owner);
    if (file != nullptr) found->second.replication = file->replication;
  }
}

void NamespaceModel::apply(const namenode::Command& command, const namenode::Outcome& outcome) {
  position_ = outcome.position;
  if (const auto* format = std::get_if<namenode::FormatCommand>(&command.body)) {
    default_replication_ = format->default_replication;
    default_block_size_ = format->default_block_size;
    highest_inode_ = InodeId{first_id_of_epoch(1) - 1};
    highest_block_ = BlockId{first_id_of_epoch(1) - 1};
  } else if (const auto* newer = std::get_if<namenode::NewerHistoryCommand>(&command.body)) {
    behind_epoch_ = std::max(behind_epoch_, newer->epoch);
  } else if (const auto* raise = std::get_if<namenode::RaiseEpochCommand>(&command.body)) {
    epoch_ = std::max({epoch_, behind_epoch_, raise->above}) + 1;
    behind_epoch_ = 0;
    highest_inode_ = InodeId{first_id_of_epoch(epoch_) - 1};
    highest_block_ = BlockId{first_id_of_epoch(epoch_) - 1};
  } else if (const auto* adopted = std::get_if<namenode::AdoptBlockCommand>(&command.body)) {
    if (!std::holds_alternative<Status>(outcome.reply)) adopt(*adopted);
  } else if (const auto* expire = std::get_if<namenode::ExpireCommand>(&command.body)) {
    for (const InodeId version : expire->pending) end_writer(version);
  } else if (const auto* safe = std::get_if<namenode::SafeModeCommand>(&command.body)) {
    safe_mode_ = safe->on;
  } else if (const auto* joined = std::get_if<namenode::RegisterCommand>(&command.body)) {
    const auto* reply = std::get_if<wire::RegisterReply>(&outcome.reply);
    if (reply != nullptr) hosts_[reply->node] = joined->rack + "/" + joined->host;
  } else if (const auto* leave = std::get_if<namenode::DecommissionCommand>(&command.body)) {
    leaving_.erase(leave->node);
    if (leave->on) leaving_.insert(leave->node);
  } else if (const auto* forget = std::get_if<namenode::ForgetRequestsCommand>(&command.body)) {
    forgotten_ = std::max(forgotten_, std::min(forget->until, command.time));
  } else if (const auto* request = std::get_if<namenode::RequestCommand>(&command.body)) {
    std::visit(
        [&](const auto& body) {
          if (outcome.replayed) return;
          if (ok(outcome.reply)) execute(body, outcome.reply);
          const wire::Caller& caller = body.caller;
          records_[{caller.client, caller.request}] = {digest_of(outcome.reply), command.time};
          std::uint64_t& settled = settled_below_[caller.client];
          settled = std::max(settled, caller.settled_below);
        },
        request->body);
  }
  follow(outcome.effects);
}

}  // namespace dfs::world
