// What reads of the namespace must show.
#include "simulator/world/namespace_model.h"

namespace dfs::world {
namespace {

std::string number(std::uint64_t value) { return std::to_string(value); }

std::optional<std::string> differ(const std::string& what, std::uint64_t expected,
                                  std::uint64_t said) {
  if (expected == said) return std::nullopt;
  return what + " is " + number(expected) + " and not " + number(said);
}

}  // namespace

Code NamespaceModel::shown_code(const Spot& spot) const {
  if (spot.code != Code::kOk) return spot.code;
  return spot.inode != nullptr || spot.under_construction() ? Code::kOk : Code::kNotFound;
}

std::optional<std::string> NamespaceModel::check_status(const ModelInode* subject,
                                                        const ModelWriter* version,
                                                        const wire::FileStatus& status) const {
  if (subject == nullptr) {
    if (!status.under_construction) return "a version that is being written is shown as complete";
    if (auto wrong = differ("inode", version->id.value, status.inode.value)) return wrong;
    return differ("length of a file under construction", 0, status.length);
  }
  if (status.under_construction) return "a complete inode is shown as under construction";
  if (auto wrong = differ("inode", subject->id.value, status.inode.value)) return wrong;
  if (subject->directory != (status.type == wire::FileType::kDirectory)) return "wrong type";
  if (subject->directory) return differ("children", children(*subject), status.children);
  if (auto wrong = differ("length", subject->length, status.length)) return wrong;
  if (auto wrong = differ("replication", subject->replication, status.replication)) return wrong;
  return differ("block size", subject->block_size, status.block_size);
}

std::optional<std::string> NamespaceModel::check(const wire::Stat& request,
                                                 const wire::Reply& reply) const {
  const Spot spot = look(request.path);
  const auto* status = std::get_if<wire::FileStatus>(&reply);
  if (status == nullptr) {
    if (shown_code(spot) == code_of(reply)) return std::nullopt;
    return "expected " + std::string(to_string(shown_code(spot)));
  }
  if (shown_code(spot) != Code::kOk) return "there is nothing at this path";
  return check_status(spot.inode, spot.writer, *status);
}

std::optional<std::string> NamespaceModel::check(const wire::Summarize& request,
                                                 const wire::Reply& reply) const {
  const Spot spot = look(request.path);
  const auto* said = std::get_if<wire::ContentSummary>(&reply);
  if (said == nullptr) {
    if (shown_code(spot) == code_of(reply)) return std::nullopt;
    return "expected " + std::string(to_string(shown_code(spot)));
  }
  if (shown_code(spot) != Code::kOk) return "there is nothing at this path";
  const wire::ContentSummary sum =
      spot.inode != nullptr ? sums(*spot.inode) : wire::ContentSummary{1, 0, 0, 0};
  if (auto wrong = differ("files", sum.files, said->files)) return wrong;
  if (auto wrong = differ("directories", sum.directories, said->directories)) return wrong;
  if (auto wrong = differ("length", sum.length, said->length)) return wrong;
  return differ("space", sum.space, said->space);
}

std::optional<std::string> NamespaceModel::check(const wire::List& request,
                                                 const wire::Reply& reply) const {
  const Spot spot = look(request.path);
  const auto* list = std::get_if<wire::ListReply>(&reply);
  if (list == nullptr) {
    if (shown_code(spot) == code_of(reply)) return std::nullopt;
    return "expected " + std::string(to_string(shown_code(spot)));
  }
  if (shown_code(spot) != Code::kOk) return "there is nothing at this path";
  if (spot.inode == nullptr || !spot.inode->directory) {
    if (list->directory || list->entries.size() != 1) return "a file is not listed as one";
    return check_status(spot.inode, spot.writer, list->entries.front());
  }
  std::map<std::string, std::pair<const ModelInode*, const ModelWriter*>> shown;
  for (const auto& [name, id] : spot.inode->entries) shown[name].first = inode(id);
  for (const auto& [name, id] : spot.inode->writers) {
    if (writer(id)->shown) shown[name].second = writer(id);
  }
  auto next = shown.upper_bound(request.after);
  for (const wire::FileStatus& status : list->entries) {
    if (next == shown.end()) return "entry '" + status.name + "' does not exist";
    if (next->first != status.name) {
      return "expected entry '" + next->first + "' and not '" + status.name + "'";
    }
    if (auto wrong = check_status(next->second.first, next->second.second, status)) {
      return "entry '" + status.name + "': " + *wrong;
    }
    ++next;
  }
  if (list->more != (next != shown.end())) return "the end of the directory is wrong";
  return std::nullopt;
}

std::optional<std::string> NamespaceModel::check(const wire::Locate& request,
                                                 const wire::Reply& reply) const {
  const auto* located = std::get_if<wire::LocateReply>(&reply);
  const ModelInode* file = nullptr;
  if (request.inode) {
    file = inode(request.inode);
    // A directory can have the id that a history which was given up had given to a file.
    if (file != nullptr && file->directory) {
      if (code_of(reply) == Code::kReplaced) return std::nullopt;
      return "expected Replaced";
    }
    const auto dead = dead_.find(request.inode);
    if (file == nullptr && dead != dead_.end()) file = &dead->second;
    if (located == nullptr) {
      if (inode(request.inode) == nullptr && code_of(reply) == Code::kReplaced) return std::nullopt;
      return "expected the blocks of this version";
    }
    if (file == nullptr) {
      return located->blocks.empty() ? std::nullopt
                                     : std::optional<std::string>("this version never was");
    }
  } else {
    const Spot spot = look(request.path);
    const bool directory = spot.inode != nullptr && spot.inode->directory;
    const Code expected = directory ? Code::kIsDirectory : shown_code(spot);
    if (located == nullptr) {
      if (code_of(reply) == expected) return std::nullopt;
      return "expected " + std::string(to_string(expected));
    }
    if (expected != Code::kOk) return "there is no file at this path";
    if (auto wrong = check_status(spot.inode, spot.writer, located->status)) return wrong;
    if (spot.inode == nullptr) {
      return located->blocks.empty() ? std::nullopt
                                     : std::optional<std::string>("unpublished blocks are shown");
    }
    file = spot.inode;
  }
  std::size_t index = 0;
  std::uint64_t offset = 0;
  while (index < file->blocks.size() && offset + file->blocks[index].length <= request.offset) {
    offset += file->blocks[index++].length;
  }
  for (const wire::LocatedBlock& block : located->blocks) {
    if (index >= file->blocks.size()) return "more blocks than the version has";
    if (auto wrong = differ("block", file->blocks[index].id.value, block.block.id.value)) {
      return wrong;
    }
    if (auto wrong = differ("offset of the block", offset, block.offset)) return wrong;
    if (auto wrong = differ("visible length", file->blocks[index].length, block.visible_length)) {
      return wrong;
    }
    offset += file->blocks[index++].length;
  }
  const std::uint64_t end = request.length < file->length - std::min(request.offset, file->length)
                                ? request.offset + request.length
                                : file->length;
  if (!located->more && offset < end && request.length > 0) return "blocks are missing";
  return std::nullopt;
}

std::optional<std::string> NamespaceModel::disagreement(const wire::Request& request,
                                                        const wire::Reply& reply) const {
  return std::visit(
      [&]<class T>(const T& read) -> std::optional<std::string> {
        if constexpr (std::is_same_v<T, wire::Stat> || std::is_same_v<T, wire::List> ||
                      std::is_same_v<T, wire::Locate> || std::is_same_v<T, wire::Summarize>) {
          return check(read, reply);
        } else {
          return std::nullopt;
        }
      },
      request);
}

}  // namespace dfs::world
