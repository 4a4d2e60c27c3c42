// A small reference model of the namespace: what every request must be answered, by the rules of
// the protocol and not by the code of the NameNode.
//
// Commands are applied in the order in which the NameNode applied them (the witness); the model
// says beforehand what the answer must be. It knows files as versions with blocks, writers as
// pending versions bound to names, and what each client's requests were answered. Times, owners and
// modes are not modelled. Copyable: one copy follows the durable state, one the applied.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/namenode/command.h"
#include "core/wire/requests.h"

namespace dfs::world {

struct ModelBlock {
  BlockId id;
  std::uint64_t length = 0;
};

// A directory, or a complete version of a file.
struct ModelInode {
  InodeId id;
  bool directory = false;
  InodeId parent;
  std::string name;
  std::map<std::string, InodeId> entries;  // of a directory
  std::map<std::string, InodeId> writers;  // pending versions bound to names in it
  std::uint32_t replication = 0;
  std::uint64_t block_size = 0;
  std::uint64_t length = 0;
  std::vector<ModelBlock> blocks;
};

// A version that is being written.
struct ModelWriter {
  InodeId id;
  InodeId parent;
  std::string name;
  std::string client;
  bool shown = false;  // nothing was at the name: an empty file under construction is shown
  std::uint32_t replication = 0;
  std::uint64_t block_size = 0;
  std::set<BlockId> allocated;
  std::map<std::uint64_t, ModelBlock> committed;  // by index
};

// A block that the NameNode has not forgotten.
struct ModelBlockState {
  InodeId owner;
  bool committed = false;
  wire::BlockInfo info;  // once committed
  std::uint32_t replication = 0;
  bool referenced = true;  // by a complete file or a current writer
};

class NamespaceModel {
 public:
  NamespaceModel();

  // The code with which the request must be answered now.
  [[nodiscard]] Code expected(const namenode::RequestCommand& command) const;
  // Whether the client is the current writer of that version.
  [[nodiscard]] bool is_writer(InodeId version, const std::string& client) const;
  // The reply recorded for a request that was executed before.
  [[nodiscard]] std::optional<std::uint64_t> recorded(const wire::Caller& caller) const;
  // Whether the NameNode can have dropped the record of that request, if there ever was one: its
  // client has settled it, or it is as old as records that were dropped.
  [[nodiscard]] bool may_have_forgotten(const wire::Caller& caller) const;
  // The writer's directory was removed, and with it, sooner or later, the pending version.
  [[nodiscard]] bool detached(InodeId version) const { return detached_.contains(version); }

  // Takes over what the command did; the outcome is what expected() allows.
  void apply(const namenode::Command& command, const namenode::Outcome& outcome);
  [[nodiscard]] namenode::Position position() const { return position_; }

  // Whether the answer to a read is right now; the reason if it is not.
  [[nodiscard]] std::optional<std::string> disagreement(const wire::Request& request,
                                                        const wire::Reply& reply) const;

  [[nodiscard]] const ModelInode* find(const std::string& path) const;
  [[nodiscard]] const ModelInode* inode(InodeId id) const;
  [[nodiscard]] const ModelWriter* writer(InodeId id) const;
  // The writer that is bound to a path, shown or not.
  [[nodiscard]] const ModelWriter* writer_at(const std::string& path) const;
  [[nodiscard]] const ModelBlockState* block(BlockId id) const;
  [[nodiscard]] const std::map<InodeId, ModelInode>& inodes() const { return inodes_; }
  [[nodiscard]] const std::map<InodeId, ModelWriter>& writers() const { return writers_; }
  [[nodiscard]] const std::map<BlockId, ModelBlockState>& blocks() const { return blocks_; }
  [[nodiscard]] std::string path_of(InodeId id) const;
  [[nodiscard]] wire::ContentSummary sums(const ModelInode& inode) const;
  [[nodiscard]] std::uint64_t children(const ModelInode& inode) const;
  [[nodiscard]] bool safe_mode() const { return safe_mode_; }
  // DataNodes that an operator has asked to leave.
  [[nodiscard]] const std::set<NodeId>& leaving() const { return leaving_; }
  [[nodiscard]] std::uint64_t epoch() const { return epoch_; }
  [[nodiscard]] InodeId highest_inode() const { return highest_inode_; }
  [[nodiscard]] BlockId highest_block() const { return highest_block_; }

 private:
  struct Spot {
    Code code = Code::kOk;  // of the way to the directory
    const ModelInode* parent = nullptr;
    std::string name;
    const ModelInode* inode = nullptr;
    const ModelWriter* writer = nullptr;
    bool root = false;
    [[nodiscard]] bool under_construction() const {
      return inode == nullptr && writer != nullptr && writer->shown;
    }
  };

  [[nodiscard]] Spot look(const std::string& path, bool parents_may_miss = false) const;
  [[nodiscard]] Code expect(const wire::Mkdir& request) const;
  [[nodiscard]] Code expect(const wire::Create& request) const;
  [[nodiscard]] Code expect(const wire::Allocate& request) const;
  [[nodiscard]] Code expect(const wire::Complete& request) const;
  [[nodiscard]] Code expect(const wire::Abandon& request) const;
  [[nodiscard]] Code expect(const wire::Remove& request) const;
  [[nodiscard]] Code expect(const wire::Rename& request) const;
  [[nodiscard]] Code expect(const wire::SetReplication& request) const;
  [[nodiscard]] Code expect(const wire::SetTimes& request) const;
  [[nodiscard]] Code expect_commits(const ModelWriter& writer,
                                    const std::vector<wire::CommittedBlock>& commits) const;

  void execute(const wire::Mkdir& request, const wire::Reply& reply);
  void execute(const wire::Create& request, const wire::Reply& reply);
  void execute(const wire::Allocate& request, const wire::Reply& reply);
  void execute(const wire::Complete& request, const wire::Reply& reply);
  void execute(const wire::Abandon& request, const wire::Reply& reply);
  void execute(const wire::Remove& request, const wire::Reply& reply);
  void execute(const wire::Rename& request, const wire::Reply& reply);
  void execute(const wire::SetReplication& request, const wire::Reply& reply);
  void execute(const wire::SetTimes& request, const wire::Reply& reply);
  void adopt(const namenode::AdoptBlockCommand& command);

  InodeId new_inode();
  // Makes the missing directories on the way to `path`'s parent, or to `path` itself.
  InodeId make_way(const std::string& path, bool whole);
  void commit(ModelWriter& writer, const std::vector<wire::CommittedBlock>& commits);
  void take_allocated(InodeId version, const std::vector<wire::AllocatedBlock>& blocks);
  void refer(BlockId block, bool referenced);
  void end_writer(InodeId version);
  void drop(InodeId inode);  // with everything below it
  void follow(const namenode::Effects& effects);

  std::optional<std::string> check(const wire::Stat& request, const wire::Reply& reply) const;
  std::optional<std::string> check(const wire::List& request, const wire::Reply& reply) const;
  std::optional<std::string> check(const wire::Locate& request, const wire::Reply& reply) const;
  std::optional<std::string> check(const wire::Summarize& request, const wire::Reply& reply) const;
  std::optional<std::string> check_status(const ModelInode* inode, const ModelWriter* writer,
                                          const wire::FileStatus& status) const;
  [[nodiscard]] Code shown_code(const Spot& spot) const;

  namenode::Position position_ = 0;
  std::map<InodeId, ModelInode> inodes_;
  std::map<InodeId, ModelWriter> writers_;
  std::map<InodeId, ModelInode> dead_;  // replaced or removed versions whose blocks are kept
  std::map<BlockId, ModelBlockState> blocks_;
  struct Record {
    std::uint64_t reply = 0;  // its digest
    WallTime at;
  };
  std::map<std::pair<std::string, std::uint64_t>, Record> records_;
  std::map<std::string, std::uint64_t> settled_below_;  // as clients have told
  WallTime forgotten_;                                  // records that are no younger may be gone
  std::set<InodeId> detached_;
  InodeId highest_inode_;
  BlockId highest_block_;
  std::uint64_t epoch_ = 1;
  std::uint64_t behind_epoch_ = 0;  // of a newer history that a DataNode has told of
  std::uint32_t default_replication_ = 0;
  std::uint64_t default_block_size_ = 0;
  bool safe_mode_ = false;
  std::set<NodeId> leaving_;
  std::map<NodeId, std::string> hosts_;  // of DataNodes, as last registered
};

// A digest of a reply, to compare replies.
[[nodiscard]] std::uint64_t digest_of(const wire::Reply& reply);

}  // namespace dfs::world
