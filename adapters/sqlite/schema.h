// The tables of the metadata store: for each row type its columns, once, in order.
//
// Reading, writing and the statements' text are all made from these lists, so they cannot disagree.
// The version of the format is SQLite's user_version; the application_id marks the file as ours.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "adapters/sqlite/connection.h"
#include "core/namenode/store.h"

namespace dfs::wire {
constexpr std::int64_t enumerator_count(FileType /*of*/) { return 2; }
}  // namespace dfs::wire
namespace dfs::namenode {
constexpr std::int64_t enumerator_count(BlockState /*of*/) { return 3; }
}  // namespace dfs::namenode

namespace dfs::sqlite {

inline constexpr int kFormatVersion = 1;
inline constexpr int kApplicationId = 0x6d444653;  // "mDFS"

// Makes the tables in an empty file, or checks that the file is one of ours and of this version.
void prepare_schema(Connection& connection);

// The number of members of an aggregate, to prove that no member is left out of its table.
struct AnyMember {
  template <class T>
  constexpr operator T() const;  // NOLINT(google-explicit-constructor)
};
template <class Row, class... Members>
consteval std::size_t member_count() {
  if constexpr (requires { Row{Members{}..., AnyMember{}}; }) {
    return member_count<Row, Members..., AnyMember>();
  } else {
    return sizeof...(Members);
  }
}

// For each row type: kTable, kColumns, of which the first kKeys are the key, kOtherKeys if others
// are unique, too, and visit(), which calls a function with each field in the order of the
// columns.
template <class Row>
struct Table;

template <>
struct Table<namenode::InodeRow> {
  static constexpr std::string_view kTable = "inodes";
  static constexpr std::size_t kKeys = 1;
  static constexpr bool kOtherKeys = false;
  static constexpr std::array<std::string_view, 21> kColumns{"id",         "type",
                                                             "parent",     "name",
                                                             "owner",      "grp",
                                                             "mode",       "mtime",
                                                             "atime",      "replication",
                                                             "block_size", "length",
                                                             "sum_files",  "sum_directories",
                                                             "sum_length", "sum_space",
                                                             "children",   "born",
                                                             "died",       "progress",
                                                             "height"};
  template <class Row, class V>
  static void visit(Row& r, V&& v) {
    v(r.id), v(r.type), v(r.parent), v(r.name), v(r.owner), v(r.group), v(r.mode);
    v(r.mtime), v(r.atime), v(r.replication), v(r.block_size), v(r.length);
    v(r.sums.files), v(r.sums.directories), v(r.sums.length), v(r.sums.space);
    v(r.children), v(r.born), v(r.died), v(r.progress), v(r.height);
  }
};

template <>
struct Table<namenode::EntryRow> {
  static constexpr std::string_view kTable = "entries";
  static constexpr std::size_t kKeys = 2;
  static constexpr bool kOtherKeys = false;
  static constexpr std::array<std::string_view, 5> kColumns{"parent", "name", "inode", "born",
                                                            "died"};
  template <class Row, class V>
  static void visit(Row& r, V&& v) {
    v(r.parent), v(r.name), v(r.inode), v(r.born), v(r.died);
  }
};

template <>
struct Table<namenode::PendingRow> {
  static constexpr std::string_view kTable = "pending";
  static constexpr std::size_t kKeys = 1;
  static constexpr bool kOtherKeys = true;
  static constexpr std::array<std::string_view, 10> kColumns{
      "inode", "parent", "name", "client", "path", "opened", "replaces", "blocks", "end", "length"};
  template <class Row, class V>
  static void visit(Row& r, V&& v) {
    v(r.inode), v(r.parent), v(r.name), v(r.client), v(r.path), v(r.opened);
    v(r.replaces), v(r.blocks), v(r.end), v(r.length);
  }
};

template <>
struct Table<namenode::BlockRow> {
  static constexpr std::string_view kTable = "blocks";
  static constexpr std::size_t kKeys = 1;
  static constexpr bool kOtherKeys = false;
  static constexpr std::array<std::string_view, 9> kColumns{
      "id", "state", "length", "crc", "replication", "refs", "owner", "freed", "idx"};
  template <class Row, class V>
  static void visit(Row& r, V&& v) {
    v(r.id), v(r.state), v(r.length), v(r.crc), v(r.replication), v(r.references), v(r.owner);
    v(r.freed), v(r.index);
  }
};

template <>
struct Table<namenode::FileBlockRow> {
  static constexpr std::string_view kTable = "file_blocks";
  static constexpr std::size_t kKeys = 2;
  static constexpr bool kOtherKeys = false;
  static constexpr std::array<std::string_view, 4> kColumns{"inode", "idx", "block",
                                                            "visible_length"};
  template <class Row, class V>
  static void visit(Row& r, V&& v) {
    v(r.inode), v(r.index), v(r.block), v(r.visible_length);
  }
};

template <>
struct Table<namenode::DataNodeRow> {
  static constexpr std::string_view kTable = "datanodes";
  static constexpr std::size_t kKeys = 1;
  static constexpr bool kOtherKeys = true;
  static constexpr std::array<std::string_view, 7> kColumns{
      "id", "uuid", "client_address", "peer_address", "rack", "host", "decommissioned"};
  template <class Row, class V>
  static void visit(Row& r, V&& v) {
    v(r.id), v(r.uuid), v(r.client_address), v(r.peer_address), v(r.rack), v(r.host);
    v(r.decommissioned);
  }
};

template <>
struct Table<namenode::RequestRow> {
  static constexpr std::string_view kTable = "requests";
  static constexpr std::size_t kKeys = 2;
  static constexpr bool kOtherKeys = false;
  static constexpr std::array<std::string_view, 4> kColumns{"client", "request", "at", "reply"};
  template <class Row, class V>
  static void visit(Row& r, V&& v) {
    v(r.client), v(r.request), v(r.at), v(r.reply);
  }
};

template <>
struct Table<namenode::ClientRow> {
  static constexpr std::string_view kTable = "clients";
  static constexpr std::size_t kKeys = 1;
  static constexpr bool kOtherKeys = false;
  static constexpr std::array<std::string_view, 3> kColumns{"client", "settled_below", "at"};
  template <class Row, class V>
  static void visit(Row& r, V&& v) {
    v(r.client), v(r.settled_below), v(r.at);
  }
};

// The one row of `meta` has the key 1, which MetaRow does not carry.
template <>
struct Table<namenode::MetaRow> {
  static constexpr std::string_view kTable = "meta";
  static constexpr std::size_t kKeys = 0;
  static constexpr std::array<std::string_view, 15> kColumns{"cluster",
                                                             "epoch",
                                                             "applied",
                                                             "next_inode",
                                                             "next_block",
                                                             "next_node",
                                                             "next_session",
                                                             "time",
                                                             "forgotten",
                                                             "requests",
                                                             "safe_mode",
                                                             "default_replication",
                                                             "default_block_size",
                                                             "behind_epoch",
                                                             "past_epochs"};
  template <class Row, class V>
  static void visit(Row& r, V&& v) {
    v(r.cluster), v(r.epoch), v(r.applied), v(r.next_inode), v(r.next_block), v(r.next_node);
    v(r.next_session), v(r.time), v(r.forgotten), v(r.requests), v(r.safe_mode);
    v(r.default_replication), v(r.default_block_size), v(r.behind_epoch), v(r.past_epochs);
  }
};

// Every member has its column; the sums of an inode are four.
template <class Row>
inline constexpr bool kWhole = Table<Row>::kColumns.size() == member_count<Row>();
static_assert(Table<namenode::InodeRow>::kColumns.size() ==
              member_count<namenode::InodeRow>() + member_count<wire::ContentSummary>() - 1);
static_assert(kWhole<namenode::EntryRow> && kWhole<namenode::PendingRow>);
static_assert(kWhole<namenode::BlockRow> && kWhole<namenode::FileBlockRow>);
static_assert(kWhole<namenode::DataNodeRow> && kWhole<namenode::RequestRow>);
static_assert(kWhole<namenode::ClientRow> && kWhole<namenode::MetaRow>);

// "a, b, c"
template <class Row>
[[nodiscard]] std::string column_list() {
  std::string list;
  for (std::string_view column : Table<Row>::kColumns) {
    list.append(list.empty() ? "" : ", ").append(column);
  }
  return list;
}

// "SELECT … FROM table " with `rest` appended.
template <class Row>
[[nodiscard]] std::string select(std::string_view rest) {
  return "SELECT " + column_list<Row>() + " FROM " + std::string(Table<Row>::kTable) + " " +
         std::string(rest);
}

// "?, ?, ?": one for each column.
template <class Row>
[[nodiscard]] std::string parameters() {
  std::string list;
  for (std::size_t i = 0; i < Table<Row>::kColumns.size(); ++i) list += i == 0 ? "?" : ", ?";
  return list;
}

// Inserts a row or overwrites the one with its key.
template <class Row>
[[nodiscard]] std::string replace() {
  static_assert(!Table<Row>::kOtherKeys,
                "it would silently drop a row that clashes in another key");
  return "REPLACE INTO " + std::string(Table<Row>::kTable) + " (" + column_list<Row>() +
         ") VALUES (" + parameters<Row>() + ")";
}

// The same for a table with other unique columns: a clash there is an error. It costs more.
template <class Row>
[[nodiscard]] std::string upsert() {
  using T = Table<Row>;
  std::string keys;
  std::string updates;
  for (std::size_t i = 0; i < T::kColumns.size(); ++i) {
    const std::string column(T::kColumns[i]);
    if (i < T::kKeys) {
      keys += (keys.empty() ? "" : ", ") + column;
    } else {
      updates += (updates.empty() ? "" : ", ") + column + " = excluded." + column;
    }
  }
  return "INSERT INTO " + std::string(T::kTable) + " (" + column_list<Row>() + ") VALUES (" +
         parameters<Row>() + ") ON CONFLICT (" + keys + ") DO UPDATE SET " + updates;
}

template <class Row>
[[nodiscard]] Row read_row(Query& query) {
  Row row;
  Table<Row>::visit(row, [&query](auto& field) { query.read(field); });
  return row;
}

template <class Row>
void write_row(Statement& statement, const Row& row) {
  Query query(statement);
  Table<Row>::visit(row, [&query](const auto& field) { query.bind(field); });
  query.run();
}

}  // namespace dfs::sqlite
