// Listings in pages: whatever is being written in a directory, the pages together are the
// directory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "tests/namenode/machine_bench.h"

namespace dfs::namenode {
namespace {

// What a name is in the directory. A file that is overwritten and removed meanwhile is not shown.
enum class Kind { kFile, kBeingWritten, kBeingReplaced, kRemovedWhileReplaced };

void make(MachineBench& bench, const std::string& path, Kind kind) {
  if (kind == Kind::kBeingWritten) {
    bench.open(path);
    return;
  }
  bench.write(path, 0);
  if (kind == Kind::kFile) return;
  wire::Create again = bench.create(path);
  again.overwrite = true;
  RC_ASSERT(bench.message(again) == "");
  if (kind == Kind::kBeingReplaced) return;
  RC_ASSERT(bench.message(wire::Remove{bench.caller(), path, false}) == "");
}

std::vector<std::string> pages(MachineBench& bench, std::uint32_t limit) {
  std::vector<std::string> names;
  for (std::string after;;) {
    const wire::Reply reply = bench.send(wire::List{"/d", after, limit});
    const auto& page = std::get<wire::ListReply>(reply);
    for (const wire::FileStatus& entry : page.entries) names.push_back(entry.name);
    if (!page.more) return names;
    RC_ASSERT(page.entries.size() == limit);
    after = page.entries.back().name;
  }
}

TEST(Pages, OfAnySizeHaveEveryEntryOnce) {
  EXPECT_TRUE(rc::check([] {
    const auto kinds = *rc::gen::container<std::vector<int>>(12, rc::gen::inRange(0, 4));
    MachineBench bench;
    bench.add_nodes();
    RC_ASSERT(bench.message(bench.mkdir("/d")) == "");
    std::vector<std::string> shown;
    for (std::size_t i = 0; i < kinds.size(); ++i) {
      const std::string name(1, static_cast<char>('a' + i));
      const auto kind = static_cast<Kind>(kinds[i]);
      make(bench, "/d/" + name, kind);
      if (kind != Kind::kRemovedWhileReplaced) shown.push_back(name);
    }
    for (std::uint32_t limit = 1; limit <= 13; ++limit) RC_ASSERT(pages(bench, limit) == shown);
  }));
}

}  // namespace
}  // namespace dfs::namenode
