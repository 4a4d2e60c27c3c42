// Names and VERSION files: pure functions, round trips, refusal of the rest.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "adapters/disk/layout.h"
#include "adapters/disk/version_file.h"
#include "adapters/disk/volume_list.h"
#include "core/base/crc32c.h"

namespace dfs::disk {
namespace {

TEST(Layout, NamesComeBackAsTheyWent) {
  EXPECT_TRUE(rc::check([](std::uint64_t id, std::uint64_t length, std::uint32_t crc) {
    RC_PRE(id != 0);
    const wire::BlockInfo replica{BlockId{id}, length, crc};
    const auto data = parse_current(data_name(replica.id));
    RC_ASSERT(data && data->block == replica.id && !data->meta);
    const auto meta = parse_current(meta_name(replica.id));
    RC_ASSERT(meta && meta->block == replica.id && meta->meta);
    const auto kept = parse_quarantine(quarantine_name(replica, 7));
    RC_ASSERT(kept && kept->replica == replica && kept->n == 7 && !kept->meta);
  }));
}

TEST(Layout, OnlyOurOwnNamesAreOurs) {
  for (const char* name :
       {"", "blk_", "blk_1", "blk_0000000000000000", "blk_000000000000000G", "BLK_0000000000000001",
        "blk_0000000000000001.metb", "blk_0000000000000001 ", "blk_00000000000000A1",
        "blk_0000000000000001/..", "lost+found", "blk_0000000000000001.meta.meta"}) {
    EXPECT_FALSE(parse_current(name)) << name;
  }
  for (const char* name : {"blk_0000000000000001", "blk_0000000000000001_0000000000000001_00000001",
                           "blk_0000000000000001_0000000000000001_00000001.",
                           "blk_0000000000000001_0000000000000001_00000001.x",
                           "blk_0000000000000001_0000000000000001_00000001.99999999999"}) {
    EXPECT_FALSE(parse_quarantine(name)) << name;
  }
}

TEST(Layout, ALeafHasABoundedNumberOfBlocks) {
  std::map<std::string, int> leaves;
  for (std::uint64_t id = (1ull << 40) + 1; id < (1ull << 40) + 5000; ++id) {
    EXPECT_LE(++leaves[leaf_of(BlockId{id})], 1024);
  }
  EXPECT_EQ(leaves.size(), 5u);
}

TEST(Version, SurvivesTheRoundTripAndNothingElseDoes) {
  const Version version{std::string(32, 'a'), {"c-1", NodeId{7}, {2, 900, 1ull << 41}}};
  const std::string text = encode_version(version);
  ASSERT_TRUE(decode_version(text).ok());
  EXPECT_EQ(*decode_version(text), version);
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string bad = text;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    EXPECT_FALSE(decode_version(bad).ok()) << "byte " << i;
    EXPECT_FALSE(decode_version(text.substr(0, i)).ok());
  }
  EXPECT_FALSE(decode_version(text + "x").ok());
}

TEST(Version, OfAnotherFormatIsSaidToBeThatUnlessItIsDamaged) {
  const auto sealed = [](const std::string& text) {
    return text + "crc32c=" + to_hex(crc32c(as_bytes(text)), 8) + "\n";
  };
  const std::string newer = sealed("mini-hdfs DataNode volume, format 27\nanything=else\n");
  EXPECT_EQ(decode_version(newer).status().code(), Code::kInvalidArgument);
  EXPECT_NE(decode_version(newer).status().message().find("format 27"), std::string::npos);
  EXPECT_EQ(decode_version(newer + "x").status().code(), Code::kCorrupt);
  for (const char* text :
       {"mini-hdfs DataNode volume, format \n", "format 27\n", "",
        "mini-hdfs DataNode volume, format 27x\n", "mini-hdfs DataNode volume, format 1\n"}) {
    EXPECT_EQ(decode_version(sealed(text)).status().code(), Code::kCorrupt) << text;
  }
}

TEST(VolumeList, SurvivesTheRoundTripAndNothingElseDoes) {
  const VolumeList list = {"/disk1/dfs", "/disk 2/dfs=", "/"};
  const std::string text = encode_volume_list(list);
  EXPECT_EQ(text.substr(0, text.rfind("crc32c=")),
            "mini-hdfs DataNode volumes, format 1\ndirectory=/\ndirectory=/disk 2/dfs=\n"
            "directory=/disk1/dfs\n");
  EXPECT_EQ(decode_volume_list(text).value(), list);
  EXPECT_EQ(decode_volume_list(encode_volume_list({})).value(), VolumeList());
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string bad = text;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    EXPECT_EQ(decode_volume_list(bad).status().code(), Code::kCorrupt) << "byte " << i;
    EXPECT_EQ(decode_volume_list(text.substr(0, i)).status().code(), Code::kCorrupt);
  }
  EXPECT_EQ(decode_volume_list(encode_version({})).status().code(), Code::kCorrupt);
  EXPECT_EQ(encode_volume_list({"/a\ndirectory=/b"}), encode_volume_list({}));
}

TEST(VolumeList, NamesADirectoryInOneWay) {
  EXPECT_EQ(listed_name("/disk1//dfs/./"), "/disk1/dfs");
  EXPECT_EQ(listed_name("/disk1/../dfs"), "/disk1/../dfs") << "disk1 may be a link";
  EXPECT_EQ(listed_name("dfs"), listed_name("./dfs/"));
  EXPECT_TRUE(listed_name("dfs").starts_with("/"));
}

TEST(Version, DecodingSurvivesAnyText) {
  EXPECT_TRUE(rc::check([](const std::string& text) { RC_ASSERT(!decode_version(text).ok()); }));
}

}  // namespace
}  // namespace dfs::disk
