// The copy machine against sources that are whole, rotten, away or slow, and a disk that fails.
#include "core/datanode/copy_task.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <map>

#include "core/base/crc32c.h"

namespace dfs::datanode {
namespace {

using Data = std::vector<std::uint8_t>;

Data bytes_of(std::size_t length) {
  Data data(length);
  for (std::size_t i = 0; i < length; ++i) data[i] = static_cast<std::uint8_t>(i * 13 + i / 509);
  return data;
}

// The cluster's other nodes, and this node's disk.
class Sources {
 public:
  explicit Sources(Data whole) : block_(std::move(whole)) {
    info_ = {BlockId{5}, block_.size(), crc32c(block_)};
    for (std::size_t at = 0; at < block_.size(); at += wire::kGranuleBytes) {
      granules_.push_back(crc32c(granule(block_, at)));
    }
  }

  void add_source(std::uint64_t node, std::vector<std::size_t> rotten = {}, bool away = false) {
    Data data = block_;
    for (const std::size_t at : rotten) data[at] ^= 0x40;
    sources_[node] = {std::move(data), away};
    order_.sources.push_back({NodeId{node}, "", std::to_string(node)});
  }

  // Answers the fetches in the order that `pick` chooses from those that are out.
  Status copy(const std::function<std::size_t(std::size_t)>& pick) {
    order_.block = info_;
    order_.inode = InodeId{3};
    order_.index = 1;
    order_.path_hint = "/f";
    client::BlockReaderOptions options;
    options.fetch_bytes = 2 * wire::kGranuleBytes;
    options.parallel = 3;
    CopyTask task(order_, "c1", options);
    CopyEffects effects;
    task.start(Instant{}, effects);
    carry_out(task, effects);
    while (!done_ && !out_.empty()) {
      const std::size_t index = pick(out_.size());
      const client::Fetch fetch = out_[index];
      out_.erase(out_.begin() + static_cast<std::ptrdiff_t>(index));
      answer(task, fetch);
    }
    EXPECT_TRUE(done_) << "nothing is out, nothing is done";
    EXPECT_TRUE(task.done());
    return done_ ? done_->status : Status(Code::kInternal, "hangs");
  }

  std::optional<Data> temporary;
  std::optional<Sidecar> published;
  std::vector<std::uint64_t> bad;  // nodes
  int writes_until_full = 1'000'000;
  const Data& block() const { return block_; }

 private:
  struct Source {
    Data data;
    bool away = false;
  };

  static Bytes granule(const Data& data, std::size_t at) {
    return Bytes(data).subspan(at, std::min<std::size_t>(wire::kGranuleBytes, data.size() - at));
  }

  void answer(CopyTask& task, const client::Fetch& fetch) {
    CopyEffects effects;
    const Source& source = sources_.at(fetch.from.node.value);
    if (source.away) {
      task.fetch_failed(fetch.fetch, {Code::kUnavailable, "away"}, Instant{}, effects);
    } else {
      const auto range = wire::widen(fetch.header.offset, fetch.header.length, block_.size());
      task.fetched(fetch.fetch, {info_, range.offset, range.length}, granules_,
                   Bytes(source.data).subspan(range.offset, range.length), Instant{}, effects);
    }
    carry_out(task, effects);
  }

  void carry_out(CopyTask& task, CopyEffects& effects) {
    for (std::size_t i = 0; i < effects.size(); ++i) {
      const CopyEffect effect = effects[i];
      if (const auto* fetch = std::get_if<client::Fetch>(&effect)) {
        out_.push_back(*fetch);
      } else if (const auto* found = std::get_if<client::FoundBad>(&effect)) {
        bad.push_back(found->replica.node.value);
      } else if (const auto* open = std::get_if<OpenTemporary>(&effect)) {
        temporary = Data(open->length);
      } else if (const auto* write = std::get_if<WriteTemporary>(&effect)) {
        if (!temporary) continue;
        if (writes_until_full-- == 0) {
          task.disk_failed({Code::kNoSpace, "full"}, effects);
          continue;
        }
        std::copy(write->data.begin(), write->data.end(),
                  temporary->begin() + static_cast<std::ptrdiff_t>(write->offset));
      } else if (const auto* publish = std::get_if<Publish>(&effect)) {
        published = publish->sidecar;
        task.published(effects);
      } else if (std::get_if<DiscardTemporary>(&effect) != nullptr) {
        temporary.reset();
      } else {
        EXPECT_FALSE(done_);
        done_ = std::get<CopyDone>(effect);
      }
    }
  }

  Data block_;
  wire::BlockInfo info_;
  std::vector<std::uint32_t> granules_;
  std::map<std::uint64_t, Source> sources_;
  wire::Order order_;
  std::deque<client::Fetch> out_;
  std::optional<CopyDone> done_;
};

std::size_t first(std::size_t) { return 0; }
std::size_t last(std::size_t out) { return out - 1; }

TEST(Copy, MakesTheSameReplicaInWhateverOrderTheAnswersCome) {
  EXPECT_TRUE(rc::check([] {
    Sources w(bytes_of(*rc::gen::inRange<std::size_t>(0, 700'000)));
    w.add_source(1);
    w.add_source(2, {}, *rc::gen::arbitrary<bool>());
    const Status status =
        w.copy([](std::size_t out) { return *rc::gen::inRange<std::size_t>(0, out); });
    RC_ASSERT(status.ok());
    RC_ASSERT(w.temporary == w.block());
    ChecksumBuilder checksums;
    checksums.add(w.block());
    checksums.finish();
    RC_ASSERT(w.published->granule_crcs == checksums.granules());
    RC_ASSERT(w.published->chunk_crcs == checksums.chunks());
    RC_ASSERT(w.published->inode == InodeId{3});
    RC_ASSERT(w.published->cluster == "c1");
  }));
}

TEST(Copy, RebuildsABlockThatIsRottenEverywhereAtDifferentPlaces) {
  Sources w(bytes_of(300'000));
  w.add_source(1, {10});
  w.add_source(2, {100'000});
  w.add_source(3, {299'999});
  EXPECT_TRUE(w.copy(last).ok());
  EXPECT_EQ(*w.temporary, w.block());
  EXPECT_FALSE(w.bad.empty());
}

TEST(Copy, HDFS_15240_SeaweedFS_10565_NeverPublishesBytesThatDoNotMatch) {
  Sources w(bytes_of(300'000));
  w.add_source(1, {70'000});
  w.add_source(2, {70'001});
  EXPECT_EQ(w.copy(first).code(), Code::kCorrupt);
  EXPECT_FALSE(w.published);
  EXPECT_FALSE(w.temporary);
}

TEST(Copy, FailsWithoutASourceThatAnswers) {
  Sources w(bytes_of(300'000));
  w.add_source(1, {}, true);
  EXPECT_EQ(w.copy(first).code(), Code::kUnavailable);
  EXPECT_FALSE(w.temporary);
  Sources nobody(bytes_of(1000));
  EXPECT_FALSE(nobody.copy(first).ok());
}

TEST(Copy, EndsWithItsDisk) {
  Sources w(bytes_of(700'000));
  w.add_source(1);
  w.writes_until_full = 2;
  EXPECT_EQ(w.copy(first).code(), Code::kNoSpace);
  EXPECT_FALSE(w.temporary);
  EXPECT_FALSE(w.published);
}

TEST(Copy, OfABlockThatCannotBeIsRefusedAtOnce) {
  wire::Order order;
  order.block = {BlockId{1}, kMaxBlockBytes + 1, 0};
  CopyTask task(order, "c1", {});
  CopyEffects effects;
  task.start(Instant{}, effects);
  ASSERT_EQ(effects.size(), 1u);
  EXPECT_EQ(std::get<CopyDone>(effects[0]).status.code(), Code::kTooLarge);
}

}  // namespace
}  // namespace dfs::datanode
