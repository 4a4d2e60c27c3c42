#include "adapters/http/client_source.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <thread>

namespace dfs::http {
namespace {

// An unlinked file with that content.
FileDescriptor file_with(std::string_view content) {
  std::string name = testing::TempDir() + "/dfs-source-XXXXXX";
  FileDescriptor file(::mkostemp(name.data(), O_CLOEXEC));
  EXPECT_TRUE(file);
  ::unlink(name.c_str());
  EXPECT_EQ(::write(file.fd(), content.data(), content.size()),
            static_cast<ssize_t>(content.size()));
  ::lseek(file.fd(), 0, SEEK_SET);
  return file;
}

std::string read_block(BlockSource& source, std::uint64_t index, std::uint64_t at,
                       std::size_t length) {
  std::string text(length, '?');
  const Status status =
      source.read(index, at, {reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
  return status.ok() ? text : "error: " + status.message();
}

TEST(FileSource, ReadsABlockAsOftenAsItIsSent) {
  auto source = open_source(file_with("abcdefghij"), "f");
  ASSERT_TRUE(source.ok());
  EXPECT_EQ((*source)->length(), 10u);
  ASSERT_TRUE((*source)->prepare(0, 0, 4).ok());
  const Result<Prepared> second = (*source)->prepare(1, 4, 4);
  EXPECT_FALSE(second->last);
  EXPECT_EQ(read_block(**source, 1, 1, 3), "fgh");
  EXPECT_EQ(read_block(**source, 1, 1, 3), "fgh");
  const Result<Prepared> third = (*source)->prepare(2, 8, 4);
  EXPECT_EQ(third->length, 2u);
  EXPECT_TRUE(third->last);
}

TEST(FileSource, BeginsWhereItsDescriptorStandsAndLeavesItAtTheEnd) {
  FileDescriptor file = file_with("abcdefghij");
  const int fd = file.fd();
  ::lseek(fd, 3, SEEK_SET);
  auto source = open_source(std::move(file), "f");
  ASSERT_TRUE(source.ok());
  EXPECT_EQ((*source)->length(), 7u);
  EXPECT_EQ((*source)->prepare(0, 0, 4)->length, 4u);
  EXPECT_EQ((*source)->prepare(1, 4, 4)->length, 3u);
  EXPECT_EQ(read_block(**source, 0, 0, 4) + read_block(**source, 1, 0, 3), "defghij");
  EXPECT_EQ(::lseek(fd, 0, SEEK_CUR), 10);

  auto rest = open_source(FileDescriptor(::fcntl(fd, F_DUPFD_CLOEXEC, 0)), "f");
  ASSERT_TRUE(rest.ok());
  const Result<Prepared> nothing = (*rest)->prepare(0, 0, 4);
  EXPECT_EQ(nothing->length, 0u);
  EXPECT_TRUE(nothing->last);
}

TEST(FileSource, AnExactMultipleEndsWithAFullBlock) {
  auto source = open_source(file_with("abcd"), "f");
  const Result<Prepared> only = (*source)->prepare(0, 0, 4);
  EXPECT_EQ(only->length, 4u);
  EXPECT_TRUE(only->last);
}

TEST(FileSource, AFileThatGotShorterIsAnError) {
  FileDescriptor file = file_with("abcdefghij");
  const int fd = file.fd();
  auto source = open_source(std::move(file), "f");
  ASSERT_TRUE((*source)->prepare(0, 0, 10).ok());
  ASSERT_EQ(::ftruncate(fd, 3), 0);
  EXPECT_EQ(read_block(**source, 0, 0, 10), "error: f: became shorter while it was read");
}

TEST(StreamSource, SpoolsBlocksAndForgetsThem) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  std::thread writer([&] {
    const FileDescriptor end(ends[1]);
    EXPECT_EQ(::write(end.fd(), "abcdefg", 7), 7);
  });
  auto source = open_source(FileDescriptor(ends[0]), "pipe");
  EXPECT_EQ((*source)->length(), std::nullopt);
  EXPECT_EQ((*source)->prepare(0, 0, 4)->length, 4u);
  const Result<Prepared> second = (*source)->prepare(1, 4, 4);
  EXPECT_EQ(second->length, 3u);
  EXPECT_TRUE(second->last);
  EXPECT_EQ(read_block(**source, 0, 2, 2), "cd");
  EXPECT_EQ(read_block(**source, 1, 0, 3), "efg");
  (*source)->release(0);
  EXPECT_EQ(read_block(**source, 0, 2, 2), "error: pipe: the block was released");
  writer.join();
}

TEST(StreamSource, WaitingForInputCanBeAborted) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const FileDescriptor never_written(ends[1]);
  auto source = open_source(FileDescriptor(ends[0]), "pipe");
  (*source)->abort();
  EXPECT_EQ((*source)->prepare(0, 0, 4).status().message(), "pipe: interrupted");
}

TEST(OpenSource, ADirectoryIsRefused) {
  FileDescriptor folder(::open("/", O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(open_source(std::move(folder), "/").status().message(), "/: Is a directory");
}

}  // namespace
}  // namespace dfs::http
