// Who had which replica deleted, and why: the last kMost deletions, for operators and oracles.
#pragma once

#include <cstddef>
#include <deque>
#include <string_view>

#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/wire/datanode_messages.h"

namespace dfs::namenode {

enum class DeleteReason {
  kForgotten,  // no file names the block and its readers' grace is over
  kRotten,     // the replica does not match the block, and good ones are left
  kExcess,     // more good copies than asked for
};

struct Deletion {
  BlockId block;
  NodeId node;
  bool purge = false;  // out of quarantine for good; else into it
  DeleteReason reason = DeleteReason::kForgotten;
  std::string_view asked_by;  // a literal: which part of the NameNode wanted it
  std::uint32_t survivors = 0;
  WallTime when;
};

class Ledger {
 public:
  static constexpr std::size_t kMost = 10'000;

  void add(const Deletion& deletion) {
    if (entries_.size() == kMost) entries_.pop_front();
    entries_.push_back(deletion);
  }
  [[nodiscard]] const std::deque<Deletion>& entries() const { return entries_; }

 private:
  std::deque<Deletion> entries_;
};

}  // namespace dfs::namenode
