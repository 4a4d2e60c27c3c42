// The metadata store over SQLite: the only implementation of core/namenode/store.h.
//
// The same code runs over the real file system and over the simulated one; Options::vfs chooses.
// Any error, at opening too, goes to Options::fatal, which does not return (law 9). One thread at
// a time.
//
//   SqliteStore store({.file = dir + "/metadata.db", .vfs = …, .fatal = exit_on_fatal()});
//   SqliteStore store({.file = ":memory:", .vfs = "", .fatal = throw_something});   // tests
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "adapters/sqlite/connection.h"
#include "adapters/sqlite/row_cache.h"
#include "core/namenode/store.h"

namespace dfs::sqlite {

class SqliteStore : public namenode::Store {
 public:
  explicit SqliteStore(Options options);
  ~SqliteStore() override;

  void begin() override;
  void commit() override;
  [[nodiscard]] bool in_transaction() const override;

  [[nodiscard]] const namenode::MetaRow& meta() override;
  void put_meta(const namenode::MetaRow& row) override;

  [[nodiscard]] std::optional<namenode::InodeRow> inode(InodeId id) override;
  void put_inode(const namenode::InodeRow& row) override;
  void erase_inode(InodeId id) override;
  [[nodiscard]] std::vector<namenode::InodeRow> scan_inodes(InodeId after,
                                                            std::size_t limit) override;

  [[nodiscard]] std::optional<namenode::EntryRow> entry(InodeId parent,
                                                        const std::string& name) override;
  void put_entry(const namenode::EntryRow& row) override;
  void erase_entry(InodeId parent, const std::string& name) override;
  [[nodiscard]] std::vector<namenode::EntryRow> scan_entries(InodeId parent,
                                                             const std::string& after,
                                                             std::size_t limit) override;

  [[nodiscard]] std::optional<namenode::PendingRow> pending(InodeId inode) override;
  [[nodiscard]] std::optional<namenode::PendingRow> pending_at(InodeId parent,
                                                               const std::string& name) override;
  void put_pending(const namenode::PendingRow& row) override;
  void erase_pending(InodeId inode) override;
  [[nodiscard]] std::vector<namenode::PendingRow> scan_pending(InodeId after,
                                                               std::size_t limit) override;
  [[nodiscard]] std::vector<namenode::PendingRow> scan_pending_in(InodeId parent,
                                                                  const std::string& after,
                                                                  std::size_t limit) override;

  [[nodiscard]] std::optional<namenode::BlockRow> block(BlockId id) override;
  void put_block(const namenode::BlockRow& row) override;
  void erase_block(BlockId id) override;
  [[nodiscard]] std::vector<namenode::BlockRow> scan_blocks(BlockId after,
                                                            std::size_t limit) override;
  [[nodiscard]] std::vector<namenode::BlockRow> allocated_blocks(InodeId owner,
                                                                 std::size_t limit) override;
  [[nodiscard]] std::vector<namenode::BlockRow> freed_blocks(WallTime until,
                                                             std::size_t limit) override;

  [[nodiscard]] std::optional<namenode::FileBlockRow> file_block(InodeId inode,
                                                                 std::uint64_t index) override;
  void put_file_block(const namenode::FileBlockRow& row) override;
  void erase_file_block(InodeId inode, std::uint64_t index) override;
  [[nodiscard]] std::vector<namenode::FileBlockRow> scan_file_blocks(InodeId inode,
                                                                     std::uint64_t first,
                                                                     std::size_t limit) override;

  void put_reap(InodeId inode) override;
  void erase_reap(InodeId inode) override;
  [[nodiscard]] std::vector<InodeId> scan_reap(InodeId after, std::size_t limit) override;

  [[nodiscard]] std::optional<namenode::DataNodeRow> datanode(NodeId id) override;
  [[nodiscard]] std::optional<namenode::DataNodeRow> datanode_by_uuid(
      const std::string& uuid) override;
  void put_datanode(const namenode::DataNodeRow& row) override;
  [[nodiscard]] std::vector<namenode::DataNodeRow> scan_datanodes(NodeId after,
                                                                  std::size_t limit) override;

  [[nodiscard]] std::optional<namenode::RequestRow> request(const std::string& client,
                                                            std::uint64_t request) override;
  void put_request(const namenode::RequestRow& row) override;
  void erase_request(const std::string& client, std::uint64_t request) override;
  std::uint64_t erase_requests_below(const std::string& client, std::uint64_t below) override;
  [[nodiscard]] std::vector<namenode::RequestRow> oldest_requests(std::size_t limit) override;
  [[nodiscard]] std::vector<namenode::RequestRow> requests_below(const std::string& client,
                                                                 std::uint64_t below,
                                                                 std::size_t limit) override;
  [[nodiscard]] std::optional<namenode::ClientRow> client(const std::string& client) override;
  void put_client(const namenode::ClientRow& row) override;
  void erase_client(const std::string& client) override;
  [[nodiscard]] std::vector<namenode::ClientRow> oldest_clients(std::size_t limit) override;

  void put_hint(BlockId block, NodeId node) override;
  void erase_hint(BlockId block, NodeId node) override;
  void erase_hints(BlockId block) override;
  [[nodiscard]] std::vector<NodeId> hints(BlockId block) override;

  [[nodiscard]] std::uint64_t rows_touched() const override { return rows_touched_; }

  // For copies of the whole (backup.h).
  [[nodiscard]] Connection& connection() { return connection_; }

  // SQLite's own check of every table and index: "" or the first problem. Walks everything.
  [[nodiscard]] std::string integrity_problem();

 private:
  using Name = std::pair<InodeId, std::string>;   // in a directory
  static constexpr std::size_t kFewRows = 4'096;  // kept of tables with strings as keys
  struct NamespaceStatements;                     // store_namespace.cc
  struct BlockStatements;                         // store_blocks.cc
  struct RegistryStatements;                      // store_registry.cc

  // At most one row of a query over Row's columns; find() counts it as touched.
  template <class Row, class... Keys>
  [[nodiscard]] std::optional<Row> read(Statement& statement, const Keys&... keys);
  template <class Row, class... Keys>
  [[nodiscard]] std::optional<Row> find(Statement& statement, const Keys&... keys);
  // All rows of a query over Row's columns.
  template <class Row, class... Keys>
  [[nodiscard]] std::vector<Row> scan(Statement& statement, const Keys&... keys);
  template <class Row>
  void put(Statement& statement, const Row& row);
  // Runs a statement that changes one row, identified by `keys`.
  template <class... Keys>
  void change(Statement& statement, const Keys&... keys);
  void write_meta();
  [[nodiscard]] const std::vector<NodeId>& known_hints(BlockId block);

  Connection connection_;
  Statement begin_;
  Statement commit_;
  bool writing_ = false;  // between begin() and commit()
  std::unique_ptr<NamespaceStatements> namespace_;
  std::unique_ptr<BlockStatements> blocks_;
  std::unique_ptr<RegistryStatements> registry_;
  std::uint64_t rows_touched_ = 0;
  std::optional<namenode::MetaRow> meta_;
  bool meta_changed_ = false;  // since the transaction's begin
  RowCache<InodeId, std::optional<namenode::InodeRow>> inodes_;
  RowCache<Name, std::optional<namenode::EntryRow>, kFewRows> entries_;
  RowCache<InodeId, std::optional<namenode::PendingRow>, kFewRows> pending_;
  RowCache<Name, InodeId, kFewRows> pending_names_;  // where to look in pending_; 0: none has it
  RowCache<BlockId, std::optional<namenode::BlockRow>> block_rows_;
  RowCache<BlockId, std::vector<NodeId>> hints_;
  RowCache<NodeId, std::optional<namenode::DataNodeRow>, kFewRows> datanodes_;
  RowCache<std::string, std::uint64_t, kFewRows> newest_requests_;  // of each client
  RowCache<std::string, std::optional<namenode::ClientRow>, kFewRows> clients_;
};

}  // namespace dfs::sqlite
