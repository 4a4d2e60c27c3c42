// The store port over SQLite: every table keeps every column, scans are ordered and bounded, and a
// file that is not ours is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <map>
#include <optional>

#include "adapters/sqlite/schema.h"
#include "tests/sqlite/support.h"

namespace dfs::sqlite {
namespace {

using namenode::BlockRow;
using namenode::BlockState;
using namenode::ClientRow;
using namenode::DataNodeRow;
using namenode::EntryRow;
using namenode::FileBlockRow;
using namenode::InodeRow;
using namenode::MetaRow;
using namenode::PendingRow;
using namenode::RequestRow;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Fill {
  template <class T>
  void operator()(T& field) const {
    if constexpr (wire::kIsId<T>) {
      field.value = *rc::gen::arbitrary<std::uint64_t>();
    } else if constexpr (std::is_same_v<T, WallTime>) {
      field.ms = *rc::gen::arbitrary<std::int64_t>();
    } else if constexpr (std::is_enum_v<T>) {
      field = static_cast<T>(*rc::gen::inRange<int>(0, static_cast<int>(enumerator_count(T{}))));
    } else {
      field = *rc::gen::arbitrary<T>();
    }
  }
};

template <class Row>
Row random_row() {
  Row row;
  Table<Row>::visit(row, Fill{});
  return row;
}

// Two different rows, the second with the first one's key, written one over the other. The last
// word has a store that has only the file: the writing one remembers rows.
template <class Row>
void keeps_every_column(auto put, auto get, auto take_key) {
  EXPECT_TRUE(rc::check([&] {
    const TemporaryFolder folder;
    Options options = in_file(folder.file("m.db"));
    options.synchronous = Synchronous::kOff;
    const Row first = random_row<Row>();
    Row second = random_row<Row>();
    take_key(second, first);
    {
      SqliteStore store(options);
      store.begin();
      put(store, first);
      RC_ASSERT(get(store, first) == std::optional(first));
      put(store, second);
      RC_ASSERT(get(store, first) == std::optional(second));
      store.commit();
    }
    SqliteStore again(options);
    RC_ASSERT(get(again, first) == std::optional(second));
  }));
}

TEST(SqliteStore, KeepsEveryColumnOfAnInode) {
  keeps_every_column<InodeRow>([](auto& s, auto& r) { s.put_inode(r); },
                               [](auto& s, auto& r) { return s.inode(r.id); },
                               [](auto& to, auto& from) { to.id = from.id; });
}
TEST(SqliteStore, KeepsEveryColumnOfAnEntry) {
  keeps_every_column<EntryRow>(
      [](auto& s, auto& r) { s.put_entry(r); },
      [](auto& s, auto& r) { return s.entry(r.parent, r.name); },
      [](auto& to, auto& from) { to.parent = from.parent, to.name = from.name; });
}
TEST(SqliteStore, KeepsEveryColumnOfAPendingFile) {
  keeps_every_column<PendingRow>([](auto& s, auto& r) { s.put_pending(r); },
                                 [](auto& s, auto& r) { return s.pending(r.inode); },
                                 [](auto& to, auto& from) { to.inode = from.inode; });
}
TEST(SqliteStore, KeepsEveryColumnOfABlock) {
  keeps_every_column<BlockRow>([](auto& s, auto& r) { s.put_block(r); },
                               [](auto& s, auto& r) { return s.block(r.id); },
                               [](auto& to, auto& from) { to.id = from.id; });
}
TEST(SqliteStore, KeepsEveryColumnOfAFileBlock) {
  keeps_every_column<FileBlockRow>(
      [](auto& s, auto& r) { s.put_file_block(r); },
      [](auto& s, auto& r) { return s.file_block(r.inode, r.index); },
      [](auto& to, auto& from) { to.inode = from.inode, to.index = from.index; });
}
TEST(SqliteStore, KeepsEveryColumnOfADataNode) {
  keeps_every_column<DataNodeRow>([](auto& s, auto& r) { s.put_datanode(r); },
                                  [](auto& s, auto& r) { return s.datanode(r.id); },
                                  [](auto& to, auto& from) { to.id = from.id; });
}
TEST(SqliteStore, KeepsEveryColumnOfARequest) {
  keeps_every_column<RequestRow>(
      [](auto& s, auto& r) { s.put_request(r); },
      [](auto& s, auto& r) { return s.request(r.client, r.request); },
      [](auto& to, auto& from) { to.client = from.client, to.request = from.request; });
}
TEST(SqliteStore, KeepsEveryColumnOfAClient) {
  keeps_every_column<ClientRow>([](auto& s, auto& r) { s.put_client(r); },
                                [](auto& s, auto& r) { return s.client(r.client); },
                                [](auto& to, auto& from) { to.client = from.client; });
}
TEST(SqliteStore, KeepsEveryColumnOfTheScalars) {
  keeps_every_column<MetaRow>([](auto& s, auto& r) { s.put_meta(r); },
                              [](auto& s, auto& /*r*/) { return std::optional(s.meta()); },
                              [](auto& /*to*/, auto& /*from*/) {});
}

TEST(SqliteStore, BeginsWithTheScalarsOfNoCluster) {
  SqliteStore store(in_memory());
  EXPECT_EQ(store.meta(), MetaRow{});
}

TEST(SqliteStore, ListsADirectoryInByteOrderAndPages) {
  SqliteStore store(in_memory());
  const InodeId directory{7};
  store.begin();
  for (const char* name : {"b", "\xc3\xa4", "a", "B", "a b", "\xff"}) {
    store.put_entry({.parent = directory, .name = name, .inode = InodeId{1}});
  }
  store.put_entry({.parent = InodeId{8}, .name = "elsewhere", .inode = InodeId{1}});
  store.commit();
  const auto names = [&](const std::string& after, std::size_t limit) {
    std::vector<std::string> found;
    for (const EntryRow& row : store.scan_entries(directory, after, limit)) {
      found.push_back(row.name);
    }
    return found;
  };
  EXPECT_THAT(names("", 100), ElementsAre("B", "a", "a b", "b", "\xc3\xa4", "\xff"));
  EXPECT_THAT(names("a", 2), ElementsAre("a b", "b"));
  EXPECT_THAT(names("\xff", 2), IsEmpty());
}

TEST(SqliteStore, FindsAllocatedBlocksOfAWriterOnly) {
  SqliteStore store(in_memory());
  store.begin();
  store.put_block({.id = BlockId{3}, .owner = InodeId{1}});
  store.put_block({.id = BlockId{1}, .owner = InodeId{1}});
  store.put_block({.id = BlockId{2}, .state = BlockState::kCommitted, .owner = InodeId{1}});
  store.put_block({.id = BlockId{4}, .owner = InodeId{2}});
  store.commit();
  const auto rows = store.allocated_blocks(InodeId{1}, 10);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].id, BlockId{1});
  EXPECT_EQ(rows[1].id, BlockId{3});
  EXPECT_EQ(store.allocated_blocks(InodeId{1}, 1).size(), 1u);
}

TEST(SqliteStore, GivesFreedBlocksOldestFirst) {
  SqliteStore store(in_memory());
  store.begin();
  const auto freed = [&](std::uint64_t id, std::int64_t at) {
    store.put_block({.id = BlockId{id}, .state = BlockState::kFreed, .freed = {at}});
  };
  freed(1, 30), freed(2, 10), freed(3, 20), freed(4, 10);
  store.put_block({.id = BlockId{5}, .state = BlockState::kCommitted, .freed = {5}});
  store.commit();
  std::vector<std::uint64_t> ids;
  for (const BlockRow& row : store.freed_blocks({20}, 10)) ids.push_back(row.id.value);
  EXPECT_THAT(ids, ElementsAre(2, 4, 3));
}

TEST(SqliteStore, GivesRequestsAndClientsOldestFirst) {
  SqliteStore store(in_memory());
  store.begin();
  store.put_request({.client = "b", .request = 1, .at = {1}, .reply = ""});
  store.put_request({.client = "a", .request = 2, .at = {2}, .reply = ""});
  store.put_request({.client = "a", .request = 9, .at = {2}, .reply = ""});
  store.put_client({.client = "late", .settled_below = 1, .at = {9}});
  store.put_client({.client = "early", .settled_below = 1, .at = {3}});
  store.commit();
  const auto oldest = store.oldest_requests(2);
  ASSERT_EQ(oldest.size(), 2u);
  EXPECT_EQ(oldest[0].client, "b");
  EXPECT_EQ(oldest[1].request, 2u);
  const auto below = store.requests_below("a", 9, 10);
  ASSERT_EQ(below.size(), 1u);
  EXPECT_EQ(below[0].request, 2u);
  EXPECT_EQ(store.requests_below("a", UINT64_MAX, 10).size(), 2u);
  EXPECT_EQ(store.oldest_clients(1).at(0).client, "early");
}

TEST(SqliteStore, ErasesTheRequestsOfAClientBelowANumber) {
  SqliteStore store(in_memory());
  store.begin();
  for (const std::uint64_t request : {3u, 1u, 7u}) store.put_request({"a", request, {1}, "r"});
  store.put_request({"b", 1, {1}, "r"});
  EXPECT_EQ(store.erase_requests_below("a", 7), 2u);
  EXPECT_EQ(store.rows_touched(), 6u);
  EXPECT_FALSE(store.request("a", 1) || store.request("a", 3));
  EXPECT_TRUE(store.request("a", 7) && store.request("b", 1));
  EXPECT_EQ(store.erase_requests_below("a", UINT64_MAX), 1u);
  EXPECT_EQ(store.erase_requests_below("c", UINT64_MAX), 0u);
}

TEST(SqliteStore, FindsAPendingFileByItsName) {
  SqliteStore store(in_memory());
  store.begin();
  const PendingRow row{.inode = InodeId{5}, .parent = InodeId{1}, .name = "f"};
  store.put_pending(row);
  store.put_pending({.inode = InodeId{4}, .parent = InodeId{1}, .name = "e"});
  store.put_pending({.inode = InodeId{6}, .parent = InodeId{2}, .name = "f"});
  EXPECT_EQ(store.pending_at(InodeId{1}, "f"), std::optional(row));
  EXPECT_EQ(store.pending_at(InodeId{3}, "f"), std::nullopt);
  EXPECT_EQ(store.scan_pending(InodeId{4}, 10).size(), 2u);
  EXPECT_EQ(store.scan_pending_in(InodeId{1}, "e", 10).size(), 1u);
  store.erase_pending(InodeId{5});
  EXPECT_EQ(store.pending_at(InodeId{1}, "f"), std::nullopt);
  store.commit();
}

TEST(SqliteStore, StopsRatherThanGiveOneNameTwoWriters) {
  SqliteStore store(in_memory());
  store.begin();
  store.put_pending({.inode = InodeId{5}, .parent = InodeId{1}, .name = "f"});
  EXPECT_THROW(store.put_pending({.inode = InodeId{6}, .parent = InodeId{1}, .name = "f"}),
               StoreStopped);
}

TEST(SqliteStore, ForgetsWhatIsErased) {
  SqliteStore store(in_memory());
  store.begin();
  store.put_inode({.id = InodeId{1}});
  store.put_entry({.parent = InodeId{1}, .name = "n"});
  store.put_block({.id = BlockId{1}});
  store.put_file_block({.inode = InodeId{1}, .index = 3});
  store.put_reap(InodeId{1});
  store.put_reap(InodeId{1});
  store.put_request({.client = "c", .request = 1});
  store.put_client({.client = "c"});
  store.put_hint(BlockId{1}, NodeId{1});
  store.put_hint(BlockId{1}, NodeId{2});
  store.put_hint(BlockId{1}, NodeId{2});
  EXPECT_THAT(store.scan_reap({}, 9), ElementsAre(InodeId{1}));
  store.erase_hint(BlockId{1}, NodeId{1});
  EXPECT_THAT(store.hints(BlockId{1}), ElementsAre(NodeId{2}));
  store.erase_inode(InodeId{1});
  store.erase_entry(InodeId{1}, "n");
  store.erase_block(BlockId{1});
  store.erase_file_block(InodeId{1}, 3);
  store.erase_reap(InodeId{1});
  store.erase_request("c", 1);
  store.erase_client("c");
  store.erase_hints(BlockId{1});
  store.commit();
  EXPECT_THAT(store.scan_inodes({}, 9), IsEmpty());
  EXPECT_THAT(store.scan_entries(InodeId{1}, "", 9), IsEmpty());
  EXPECT_THAT(store.scan_blocks({}, 9), IsEmpty());
  EXPECT_THAT(store.scan_file_blocks(InodeId{1}, 0, 9), IsEmpty());
  EXPECT_THAT(store.scan_reap({}, 9), IsEmpty());
  EXPECT_THAT(store.oldest_requests(9), IsEmpty());
  EXPECT_THAT(store.oldest_clients(9), IsEmpty());
  EXPECT_THAT(store.hints(BlockId{1}), IsEmpty());
}

// What the cache has answered once, of a row that is there or is not, must follow each change.
TEST(SqliteStore, ReadsWhatWasWrittenLastHoweverOftenItHasReadBefore) {
  SqliteStore store(in_memory());
  const InodeId inode{1};
  const BlockId block{1};
  EXPECT_FALSE(store.inode(inode) || store.block(block) || !store.hints(block).empty());
  store.begin();
  store.put_inode({.id = inode, .length = 5});
  store.put_block({.id = block, .length = 5});
  store.put_hint(block, NodeId{1});
  EXPECT_EQ(store.inode(inode)->length, 5u);
  EXPECT_EQ(store.block(block)->length, 5u);
  EXPECT_THAT(store.hints(block), ElementsAre(NodeId{1}));
  store.put_hint(block, NodeId{2});
  EXPECT_THAT(store.hints(block), ElementsAre(NodeId{1}, NodeId{2}));
  store.erase_hint(block, NodeId{1});
  EXPECT_THAT(store.hints(block), ElementsAre(NodeId{2}));
  store.erase_inode(inode);
  store.erase_block(block);
  store.erase_hints(block);
  EXPECT_FALSE(store.inode(inode) || store.block(block) || !store.hints(block).empty());
}

TEST(SqliteStore, KnowsWhichPendingFileHasANameHoweverOftenItChanges) {
  SqliteStore store(in_memory());
  const InodeId parent{1};
  const auto at = [&](const char* name) {
    const std::optional<PendingRow> row = store.pending_at(parent, name);
    return row ? row->inode.value : 0;
  };
  EXPECT_EQ(at("a"), 0u);
  store.begin();
  store.put_pending({.inode = InodeId{5}, .parent = parent, .name = "a"});
  EXPECT_EQ(at("a"), 5u);
  EXPECT_EQ(at("b"), 0u);
  store.put_pending({.inode = InodeId{5}, .parent = parent, .name = "b"});
  EXPECT_EQ(at("a"), 0u);
  EXPECT_EQ(at("b"), 5u);
  store.put_pending({.inode = InodeId{6}, .parent = parent, .name = "a"});
  EXPECT_EQ(at("a"), 6u);
  store.erase_pending(InodeId{5});
  EXPECT_EQ(at("b"), 0u);
  EXPECT_FALSE(store.pending(InodeId{5}));
  EXPECT_EQ(store.pending(InodeId{6})->name, "a");
}

TEST(SqliteStore, ForgetsNamesRecordsAndNodesThatItHadInMemory) {
  SqliteStore store(in_memory());
  const InodeId parent{1};
  EXPECT_FALSE(store.entry(parent, "a") || store.request("c", 1) || store.client("c"));
  EXPECT_FALSE(store.datanode(NodeId{1}));
  store.begin();
  store.put_entry({.parent = parent, .name = "a", .inode = InodeId{5}});
  store.put_request({.client = "c", .request = 1, .reply = "r"});
  store.put_client({.client = "c", .settled_below = 7});
  store.put_datanode({.id = NodeId{1}, .uuid = "u"});
  EXPECT_EQ(store.entry(parent, "a")->inode, InodeId{5});
  EXPECT_EQ(store.request("c", 1)->reply, "r");
  EXPECT_EQ(store.client("c")->settled_below, 7u);
  EXPECT_EQ(store.datanode(NodeId{1})->uuid, "u");
  store.erase_entry(parent, "a");
  store.erase_request("c", 1);
  store.erase_client("c");
  EXPECT_FALSE(store.entry(parent, "a") || store.request("c", 1) || store.client("c"));
}

TEST(RowCache, IsBoundedAndReadsAnewWhatItHasDropped) {
  RowCache<BlockId, int, 10> cache;
  int reads = 0;
  const auto read = [&reads] { return ++reads; };
  EXPECT_EQ(cache.get(BlockId{1}, read), 1);
  EXPECT_EQ(cache.get(BlockId{1}, read), 1);
  for (std::uint64_t id = 2; id <= 10; ++id) cache.keep(BlockId{id}, 0);
  EXPECT_EQ(cache.get(BlockId{1}, read), 1);
  cache.keep(BlockId{0}, 0);
  EXPECT_EQ(cache.get(BlockId{1}, read), 2);
}

TEST(SqliteStore, CountsTheRowsThatItTouches) {
  SqliteStore store(in_memory());
  store.begin();
  for (std::uint64_t i = 1; i <= 10; ++i) store.put_reap(InodeId{i});
  store.commit();
  EXPECT_EQ(store.rows_touched(), 10u);
  (void)store.scan_reap({}, 4);
  EXPECT_EQ(store.rows_touched(), 14u);
  (void)store.block(BlockId{1});
  EXPECT_EQ(store.rows_touched(), 15u);
}

TEST(SqliteStore, KeepsCommitsAndDropsTheOpenTransactionWhenItEnds) {
  TemporaryFolder folder;
  {
    SqliteStore store(in_file(folder.file("m.db")));
    store.begin();
    store.put_reap(InodeId{1});
    store.commit();
    store.begin();
    store.put_reap(InodeId{2});
  }
  SqliteStore store(in_file(folder.file("m.db")));
  EXPECT_FALSE(store.in_transaction());
  EXPECT_THAT(store.scan_reap({}, 9), ElementsAre(InodeId{1}));
}

std::string refusal(const Options& options) {
  try {
    SqliteStore store(options);
  } catch (const StoreStopped& stopped) {
    return stopped.what();
  }
  return "";
}

TEST(SqliteStore, RefusesASecondNameNodeOnOneFile) {
  TemporaryFolder folder;
  SqliteStore store(in_file(folder.file("m.db")));
  EXPECT_THAT(refusal(in_file(folder.file("m.db"))), HasSubstr("another NameNode is using it"));
}

TEST(SqliteStore, RefusesAFileOfAnotherProgram) {
  TemporaryFolder folder;
  {
    Connection connection(in_file(folder.file("m.db")));
    connection.execute("CREATE TABLE t (x)");
  }
  EXPECT_THAT(refusal(in_file(folder.file("m.db"))),
              HasSubstr("is not the metadata of a NameNode"));
}

TEST(SqliteStore, RefusesAFormatThatItDoesNotKnow) {
  TemporaryFolder folder;
  { SqliteStore store(in_file(folder.file("m.db"))); }
  {
    Connection connection(in_file(folder.file("m.db")));
    connection.execute("PRAGMA user_version = 99");
  }
  EXPECT_THAT(refusal(in_file(folder.file("m.db"))), HasSubstr("metadata format 99"));
}

TEST(SqliteStore, RefusesWhatIsNoDatabase) {
  TemporaryFolder folder;
  FILE* file = std::fopen(folder.file("m.db").c_str(), "w");
  ASSERT_NE(file, nullptr);
  for (int i = 0; i < 1000; ++i) std::fputs("not a database\n", file);
  std::fclose(file);
  EXPECT_THAT(refusal(in_file(folder.file("m.db"))), HasSubstr("dfs rescue"));
}

TEST(SqliteStore, SaysWhatToDoAboutAMissingDirectory) {
  TemporaryFolder folder;
  EXPECT_THAT(refusal(in_file(folder.file("none/m.db"))),
              HasSubstr("check that the directory exists"));
}

}  // namespace
}  // namespace dfs::sqlite
