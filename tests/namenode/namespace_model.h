// The namespace as it ought to behave, in the simplest form: a tree of nodes in memory. Property
// tests compare apply() with it.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "core/base/ids.h"
#include "core/base/status.h"
#include "core/wire/path.h"

namespace dfs::namenode {

class NamespaceModel {
 public:
  NamespaceModel() : root_(std::make_shared<Node>()) {}

  Code mkdir(const std::string& text, bool parents) {
    const wire::Path path = *wire::Path::parse(text);
    Node* node = root_.get();
    for (std::size_t i = 0; i < path.depth(); ++i) {
      const std::string& name = path.names()[i];
      const bool last = i + 1 == path.depth();
      if (shows_pending(node, name)) return last ? Code::kAlreadyExists : Code::kNotDirectory;
      const auto child = node->children.find(name);
      if (child == node->children.end()) {
        if (!last && !parents) return Code::kNotFound;
        node = add_directory(node, name);
        continue;
      }
      if (!child->second->directory) return last ? Code::kAlreadyExists : Code::kNotDirectory;
      if (last && !parents) return Code::kAlreadyExists;
      node = child->second.get();
    }
    return Code::kOk;
  }

  Code create(const std::string& text, int client, bool overwrite) {
    const wire::Path path = *wire::Path::parse(text);
    Code code = Code::kOk;
    Node* parent = directory_for(path, code);
    if (code != Code::kOk) return code;
    if (parent != nullptr) {
      const auto child = parent->children.find(path.name());
      const bool taken = child != parent->children.end();
      if (taken && child->second->directory) return Code::kIsDirectory;
      if (taken && !overwrite) return Code::kAlreadyExists;
      const auto pending = pending_at(parent, path.name());
      if (pending != pending_.end()) {
        if (!overwrite && pending->second.client != client) return Code::kAlreadyBeingCreated;
        pending_.erase(pending);
      }
    } else {
      mkdir(path.parent().text(), true);
      parent = directory_for(path, code);
    }
    const bool shown = !parent->children.contains(path.name());
    created_ = Pending{parent->shared_from_this(), path.name(), client, shown};
    return Code::kOk;
  }
  // The id that the real namespace gave to what was created.
  void created(InodeId inode) { pending_[inode] = created_; }

  Code complete(InodeId inode, int client, std::uint64_t length) {
    const auto found = pending_.find(inode);
    if (found == pending_.end() || found->second.client != client) return Code::kFenced;
    Pending pending = found->second;
    if (!attached(pending.parent)) return Code::kFenced;
    auto& children = pending.parent->children;
    const auto child = children.find(pending.name);
    if (child != children.end() && child->second->directory) return Code::kIsDirectory;
    pending_.erase(found);
    auto file = std::make_shared<Node>();
    file->directory = false;
    file->inode = inode;
    file->length = length;
    file->parent = pending.parent;
    if (child != children.end()) detach(child->second);
    children[pending.name] = std::move(file);
    return Code::kOk;
  }

  Code abandon(InodeId inode, int client) {
    const auto found = pending_.find(inode);
    if (found != pending_.end() && found->second.client == client) pending_.erase(found);
    return Code::kOk;
  }
  void expire(InodeId inode) { pending_.erase(inode); }

  Code remove(const std::string& text, bool recursive) {
    const wire::Path path = *wire::Path::parse(text);
    Code code = Code::kOk;
    Node* parent = find_parent(path, code);
    if (parent == nullptr) return code;
    if (shows_pending(parent, path.name())) {
      pending_.erase(pending_at(parent, path.name()));
      return Code::kOk;
    }
    const auto child = parent->children.find(path.name());
    if (child == parent->children.end()) return Code::kNotFound;
    if (!recursive && !empty(child->second.get())) return Code::kNotEmpty;
    detach(child->second);
    parent->children.erase(child);
    return Code::kOk;
  }

  Code rename(const std::string& from_text, const std::string& to_text, bool overwrite) {
    const wire::Path from = *wire::Path::parse(from_text);
    const wire::Path to = *wire::Path::parse(to_text);
    Code code = Code::kOk;
    Node* source = find_parent(from, code);
    if (source == nullptr) return code;
    if (shows_pending(source, from.name())) return Code::kAlreadyBeingCreated;
    const auto moved = source->children.find(from.name());
    if (moved == source->children.end()) return Code::kNotFound;
    if (from == to) return Code::kAlreadyExists;
    if (from.contains(to)) return Code::kInvalidArgument;
    Node* target = find_parent(to, code);
    if (target == nullptr) return code;
    if (shows_pending(target, to.name())) return Code::kAlreadyBeingCreated;
    const auto there = target->children.find(to.name());
    if (there != target->children.end()) {
      if (!overwrite) return Code::kAlreadyExists;
      if (there->second->directory && !moved->second->directory) return Code::kIsDirectory;
      if (!there->second->directory && moved->second->directory) return Code::kNotDirectory;
      if (!empty(there->second.get())) return Code::kNotEmpty;
      detach(there->second);
    }
    std::shared_ptr<Node> node = moved->second;
    source->children.erase(moved);
    node->parent = target->weak_from_this();
    target->children[to.name()] = std::move(node);
    return Code::kOk;
  }

  // Of a complete file: kOk; else why its replication cannot be set.
  Code file_at(const std::string& text) {
    const wire::Path path = *wire::Path::parse(text);
    Code code = Code::kOk;
    Node* parent = find_parent(path, code);
    if (parent == nullptr) return code;
    if (shows_pending(parent, path.name())) return Code::kAlreadyBeingCreated;
    const auto child = parent->children.find(path.name());
    if (child == parent->children.end()) return Code::kNotFound;
    return child->second->directory ? Code::kIsDirectory : Code::kOk;
  }

  // Every path that is shown: "d" for a directory, the inode and length of a file, "w" for one
  // under construction.
  [[nodiscard]] std::map<std::string, std::string> shown() const {
    std::map<std::string, std::string> out;
    show(root_.get(), "", out);
    return out;
  }

 private:
  struct Node : std::enable_shared_from_this<Node> {
    bool directory = true;
    InodeId inode;
    std::uint64_t length = 0;
    std::weak_ptr<Node> parent;
    std::map<std::string, std::shared_ptr<Node>> children;
  };
  struct Pending {
    std::shared_ptr<Node> parent;
    std::string name;
    int client = 0;
    bool shown = false;
  };

  [[nodiscard]] bool attached(std::shared_ptr<Node> node) const {
    while (node != nullptr && node != root_) node = node->parent.lock();
    return node != nullptr;
  }
  [[nodiscard]] std::map<InodeId, Pending>::iterator pending_at(const Node* parent,
                                                                const std::string& name) {
    auto it = pending_.begin();
    while (it != pending_.end() && (it->second.parent.get() != parent || it->second.name != name))
      ++it;
    return it;
  }
  [[nodiscard]] bool shows_pending(const Node* parent, const std::string& name) {
    const auto it = pending_at(parent, name);
    return it != pending_.end() && it->second.shown;
  }
  [[nodiscard]] bool empty(const Node* node) {
    if (!node->children.empty()) return false;
    for (const auto& [inode, pending] : pending_) {
      if (pending.parent.get() == node && pending.shown) return false;
    }
    return true;
  }
  static Node* add_directory(Node* parent, const std::string& name) {
    auto node = std::make_shared<Node>();
    node->parent = parent->weak_from_this();
    return (parent->children[name] = std::move(node)).get();
  }
  // What was taken out of the tree keeps its own children: writers in it are fenced, not found.
  static void detach(const std::shared_ptr<Node>& node) { node->parent.reset(); }

  // The parent of `path` if it exists; nullptr with kOk if parts of it are missing.
  Node* directory_for(const wire::Path& path, Code& code) {
    Node* node = root_.get();
    for (std::size_t i = 0; i + 1 < path.depth(); ++i) {
      const std::string& name = path.names()[i];
      if (shows_pending(node, name)) {
        code = Code::kNotDirectory;
        return nullptr;
      }
      const auto child = node->children.find(name);
      if (child == node->children.end()) return nullptr;
      node = child->second.get();
      if (!node->directory) {
        code = Code::kNotDirectory;
        return nullptr;
      }
    }
    return node;
  }
  Node* find_parent(const wire::Path& path, Code& code) {
    Node* parent = directory_for(path, code);
    if (parent == nullptr && code == Code::kOk) code = Code::kNotFound;
    return parent;
  }

  void show(const Node* node, const std::string& path,
            std::map<std::string, std::string>& out) const {
    for (const auto& [name, child] : node->children) {
      const std::string at = path + "/" + name;
      out[at] = child->directory
                    ? "d"
                    : std::to_string(child->inode.value) + ":" + std::to_string(child->length);
      show(child.get(), at, out);
    }
    for (const auto& [inode, pending] : pending_) {
      if (pending.parent.get() == node && pending.shown) out[path + "/" + pending.name] = "w";
    }
  }

  std::shared_ptr<Node> root_;
  std::map<InodeId, Pending> pending_;
  Pending created_;
};

}  // namespace dfs::namenode
