#include "cli/checksum_stream.h"

#include <gtest/gtest.h>

namespace dfs::cli {
namespace {

FileChecksum checksum_of(const std::string& content, std::size_t block_size, std::size_t piece) {
  ChecksumStream stream;
  for (std::size_t block = 0; block < content.size(); block += block_size) {
    const std::string bytes = content.substr(block, block_size);
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      stream.add(as_bytes(std::string_view(bytes).substr(at, piece)));
    }
    stream.end_block();
  }
  return stream.finish();
}

std::string counting(std::size_t length) {
  std::string text;
  for (std::size_t i = 0; i < length; ++i) text += static_cast<char>(i % 256);
  return text;
}

struct Vector {
  std::string content;
  std::size_t block_size;
  const char* algorithm;
  const char* bytes;
};

TEST(Checksum, EqualsThatOfHdfsHoweverTheBytesArrive) {
  const std::vector<Vector> vectors = {
      {"", 1024, "MD5-of-0MD5-of-0CRC32",
       "00000000000000000000000070bc8f4b72a86921468bf8e8441dce51"},
      {"hello", 1024, "MD5-of-0MD5-of-512CRC32C",
       "0000020000000000000000002ebac5fafc444475c9720587791d7412"},
      {std::string(1024, 'a'), 1 << 20, "MD5-of-0MD5-of-512CRC32C",
       "000002000000000000000000c0a8b727d859847e8e4597172ce78e52"},
      {std::string(1536, 'a'), 1024, "MD5-of-2MD5-of-512CRC32C",
       "000002000000000000000002a08f70e871b8e01579b1a17864f3dd75"},
      {std::string(3072, 'a'), 1024, "MD5-of-2MD5-of-512CRC32C",
       "0000020000000000000000020cd365ef1e4cd0b39061806448fe7f9b"},
      {counting(5000), 1024, "MD5-of-2MD5-of-512CRC32C",
       "000002000000000000000002744e2021efdbcf8f9eacf6710507cfbd"},
  };
  for (const Vector& vector : vectors) {
    for (const std::size_t piece : {1u, 3u, 511u, 512u, 513u, 1000u, 100000u}) {
      const FileChecksum sum = checksum_of(vector.content, vector.block_size, piece);
      EXPECT_EQ(sum.algorithm, vector.algorithm);
      EXPECT_EQ(sum.bytes, vector.bytes) << vector.content.size() << " in pieces of " << piece;
    }
  }
}

}  // namespace
}  // namespace dfs::cli
