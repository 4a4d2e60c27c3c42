// The receiver machine, alone and chained into pipelines whose nodes, disks and connections fail.
#include "core/datanode/receiver.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <deque>
#include <map>
#include <memory>
#include <set>

#include "core/base/crc32c.h"
#include "tests/datanode/receiver_bench.h"

namespace dfs::datanode {
namespace {

const Status kAway(Code::kUnavailable, "away");

TEST(Receiver, StoresABlockAndAnswersAfterItsPublication) {
  ReceiverEffects effects;
  Receiver receiver = begun(header_to({}, 6), effects);
  ASSERT_NE(find<OpenTemporary>(effects), nullptr);
  EXPECT_EQ(find<OpenTemporary>(effects)->length, 6u);
  receiver.data(as_bytes("abcd"), effects);
  receiver.data(as_bytes("ef"), effects);
  receiver.end(effects);
  const Publish* publish = find<Publish>(effects);
  ASSERT_NE(publish, nullptr);
  EXPECT_EQ(publish->sidecar.info, (wire::BlockInfo{BlockId{5}, 6, crc32c(as_bytes("abcdef"))}));
  EXPECT_EQ(find<ReceiverDone>(effects), nullptr);
  receiver.published(effects);
  const ReceiverDone* done = find<ReceiverDone>(effects);
  ASSERT_NE(done, nullptr);
  EXPECT_TRUE(done->status.ok());
  EXPECT_EQ(done->reply.stored, std::vector{NodeId{1}});
}

TEST(Receiver, StoresAnEmptyBlock) {
  ReceiverEffects effects;
  Receiver receiver = begun(header_to({}, 0), effects);
  receiver.end(effects);
  receiver.published(effects);
  ASSERT_NE(find<ReceiverDone>(effects), nullptr);
  EXPECT_EQ(find<ReceiverDone>(effects)->reply.replica, (wire::BlockInfo{BlockId{5}, 0, 0}));
}

TEST(Receiver, Teaching_1_NeverMakesAReplicaOfAShortBody) {
  ReceiverEffects effects;
  given("abcde", header_to({2}, 6), effects);
  EXPECT_EQ(find<Publish>(effects), nullptr);
  EXPECT_NE(find<DiscardTemporary>(effects), nullptr);
  EXPECT_NE(find<CloseDownstream>(effects), nullptr);
  ASSERT_NE(find<ReceiverDone>(effects), nullptr);
  EXPECT_EQ(find<ReceiverDone>(effects)->status.message(), "block 5: only 5 of 6 bytes came");
}

TEST(Receiver, RefusesMoreBytesThanWereAnnounced) {
  ReceiverEffects effects;
  Receiver receiver = begun(header_to({}, 3), effects);
  receiver.data(as_bytes("abcd"), effects);
  EXPECT_EQ(find<WriteTemporary>(effects), nullptr);
  EXPECT_NE(find<DiscardTemporary>(effects), nullptr);
  ASSERT_NE(find<ReceiverDone>(effects), nullptr);
  EXPECT_EQ(find<ReceiverDone>(effects)->status.code(), Code::kInvalidArgument);
}

TEST(Receiver, RefusesHeadersThatCannotBeBeforeTouchingTheDisk) {
  wire::WriteHeader no_block = header_to({}, 1);
  no_block.block = {};
  std::vector<std::uint64_t> many(kMaxTargets + 1);
  for (std::size_t i = 0; i < many.size(); ++i) many[i] = i + 10;
  for (const wire::WriteHeader& bad :
       {no_block, header_to({}, kMaxBlockBytes + 1), header_to(many, 1), header_to({1}, 1),
        header_to({2, 2}, 1)}) {
    ReceiverEffects effects;
    Receiver receiver = begun(bad, effects);
    ASSERT_EQ(effects.size(), 1u);
    EXPECT_FALSE(std::get<ReceiverDone>(effects[0]).status.ok());
    receiver.data(as_bytes("a"), effects);
    receiver.end(effects);
    EXPECT_EQ(effects.size(), 1u);
  }
}

TEST(Receiver, RefusesWhatIsMeantForAnotherDataNode) {
  wire::WriteHeader meant = header_to({2, 3}, 1);
  meant.node = NodeId{4};
  ReceiverEffects effects;
  Receiver(meant, NodeId{1}).start(effects);
  ASSERT_EQ(effects.size(), 1u);
  EXPECT_EQ(std::get<ReceiverDone>(effects[0]).status.code(), Code::kWrongCluster);

  effects.clear();
  Receiver(meant, NodeId{4}).start(effects);
  ASSERT_NE(find<OpenDownstream>(effects), nullptr);
  EXPECT_EQ(find<OpenDownstream>(effects)->header.node, NodeId{2});
}

TEST(Receiver, AVanishedSenderLeavesNothing) {
  ReceiverEffects effects;
  Receiver receiver = begun(header_to({2}, 6), effects);
  receiver.data(as_bytes("abc"), effects);
  receiver.sender_failed(kAway, effects);
  EXPECT_NE(find<DiscardTemporary>(effects), nullptr);
  EXPECT_NE(find<CloseDownstream>(effects), nullptr);
  receiver.end(effects);
  receiver.published(effects);
  EXPECT_EQ(find<Publish>(effects), nullptr);
}

TEST(Receiver, AFailingDiskEndsTheTransfer) {
  ReceiverEffects effects;
  Receiver receiver = given("abc", header_to({2}, 3), effects);
  receiver.disk_failed({Code::kNoSpace, "disk full"}, effects);
  ASSERT_NE(find<ReceiverDone>(effects), nullptr);
  EXPECT_EQ(find<ReceiverDone>(effects)->status.code(), Code::kNoSpace);
  EXPECT_NE(find<DiscardTemporary>(effects), nullptr);
}

TEST(Receiver, DoesNotTrustANodeThatStoredOtherBytes) {
  ReceiverEffects effects;
  Receiver receiver = given("abc", header_to({2, 3}, 3), effects);
  receiver.published(effects);
  wire::WriteReply reply{{BlockId{5}, 3, 1}, {NodeId{2}, NodeId{3}}, {}};
  receiver.downstream_replied(reply, effects);
  const ResendDownstream* resend = find<ResendDownstream>(effects);
  ASSERT_NE(resend, nullptr);
  EXPECT_EQ(resend->to.node, NodeId{3});
  EXPECT_TRUE(resend->header.targets.empty());
  receiver.downstream_failed(kAway, effects);
  const ReceiverDone* done = find<ReceiverDone>(effects);
  ASSERT_NE(done, nullptr);
  EXPECT_EQ(done->reply.stored, std::vector{NodeId{1}});
  ASSERT_EQ(done->reply.failed.size(), 2u);
  EXPECT_EQ(done->reply.failed[0].status.code(), Code::kCorrupt);
}

TEST(Receiver, Teaching_3_DoesNotBelieveInTargetsThatNobodyNamed) {
  ReceiverEffects effects;
  Receiver receiver = given("abc", header_to({2}, 3), effects);
  receiver.published(effects);
  receiver.downstream_replied(
      {{BlockId{5}, 3, crc32c(as_bytes("abc"))}, {NodeId{2}, NodeId{2}, NodeId{9}}, {}}, effects);
  ASSERT_NE(find<ReceiverDone>(effects), nullptr);
  EXPECT_EQ(find<ReceiverDone>(effects)->reply.stored, (std::vector{NodeId{1}, NodeId{2}}));
}

TEST(Receiver, TakesTheAnswerOfAFasterDownstreamBeforeItsOwnPublication) {
  ReceiverEffects effects;
  Receiver receiver = given("abc", header_to({2}, 3), effects);
  receiver.downstream_replied({{BlockId{5}, 3, crc32c(as_bytes("abc"))}, {NodeId{2}}, {}}, effects);
  EXPECT_EQ(find<ReceiverDone>(effects), nullptr);
  receiver.published(effects);
  EXPECT_NE(find<ReceiverDone>(effects), nullptr);
}

// A small world: node n receives, stores and passes on, unless it is told to fail at its k-th
// event.
class Pipeline {
 public:
  // The node's disk fails, or it vanishes, at its event number `at`.
  std::map<std::uint64_t, int> disk_fails_at;
  std::map<std::uint64_t, int> vanishes_at;
  std::map<std::uint64_t, std::string> published;

  // Sends the body to `node` in pieces; the outcome of its ReceiverDone, or kUnavailable.
  Result<wire::WriteReply> send(std::uint64_t node, const wire::WriteHeader& header,
                                const std::string& body) {
    auto transfer = std::make_unique<Transfer>(header, node);
    if (!step(*transfer, [](Receiver& r, ReceiverEffects& e) { r.start(e); })) return kAway;
    for (std::size_t at = 0; at < body.size(); at += 3) {
      const std::string piece = body.substr(at, 3);
      if (!step(*transfer, [&](Receiver& r, ReceiverEffects& e) { r.data(as_bytes(piece), e); })) {
        return kAway;
      }
      if (transfer->done) break;
    }
    if (!step(*transfer, [](Receiver& r, ReceiverEffects& e) { r.end(e); })) return kAway;
    if (!transfer->done) return Status(Code::kInternal, "the transfer hangs");
    if (!transfer->done->status.ok()) return transfer->done->status;
    return transfer->done->reply;
  }

 private:
  struct Transfer {
    Transfer(const wire::WriteHeader& h, std::uint64_t n) : receiver(h, NodeId{n}), node(n) {}
    Receiver receiver;
    std::uint64_t node;
    std::string temporary;
    std::string downstream_body;
    std::optional<OpenDownstream> downstream;
    std::optional<ReceiverDone> done;
  };

  bool happens(std::map<std::uint64_t, int>& plan, std::uint64_t node) {
    const auto it = plan.find(node);
    return it != plan.end() && it->second-- <= 0;
  }

  template <class Input>
  bool step(Transfer& t, Input input) {
    if (happens(vanishes_at, t.node)) {
      vanishes_at[t.node] = 0;
      return false;
    }
    ReceiverEffects effects;
    input(t.receiver, effects);
    for (std::size_t i = 0; i < effects.size(); ++i)
      carry_out(t, ReceiverEffect(effects[i]), effects);
    return true;
  }

  void carry_out(Transfer& t, const ReceiverEffect& effect, ReceiverEffects& effects) {
    if (const auto* write = std::get_if<WriteTemporary>(&effect)) {
      EXPECT_EQ(write->offset, t.temporary.size());
      t.temporary += as_text(write->data);
      if (happens(disk_fails_at, t.node)) t.receiver.disk_failed({Code::kIo, "disk"}, effects);
    } else if (std::get_if<Publish>(&effect) != nullptr) {
      if (happens(disk_fails_at, t.node)) {
        t.receiver.disk_failed({Code::kIo, "disk"}, effects);
      } else {
        published[t.node] = t.temporary;
        t.receiver.published(effects);
      }
    } else if (const auto* open = std::get_if<OpenDownstream>(&effect)) {
      t.downstream = *open;
      t.downstream_body.clear();
    } else if (const auto* pass = std::get_if<SendDownstream>(&effect)) {
      t.downstream_body += as_text(pass->data);
    } else if (std::get_if<FinishDownstream>(&effect) != nullptr) {
      answer(t, send(t.downstream->to.node.value, t.downstream->header, t.downstream_body),
             effects);
    } else if (const auto* resend = std::get_if<ResendDownstream>(&effect)) {
      EXPECT_TRUE(published.contains(t.node));
      answer(t, send(resend->to.node.value, resend->header, published[t.node]), effects);
    } else if (const auto* done = std::get_if<ReceiverDone>(&effect)) {
      EXPECT_FALSE(t.done);
      t.done = *done;
    }
  }

  static void answer(Transfer& t, const Result<wire::WriteReply>& reply, ReceiverEffects& effects) {
    if (reply.ok()) {
      t.receiver.downstream_replied(*reply, effects);
    } else {
      t.receiver.downstream_failed(reply.status(), effects);
    }
  }
};

std::set<std::uint64_t> stored_of(const wire::WriteReply& reply) {
  std::set<std::uint64_t> nodes;
  for (const NodeId node : reply.stored) nodes.insert(node.value);
  return nodes;
}

TEST(Pipeline, StoresOnAllTargets) {
  Pipeline pipeline;
  const auto reply = pipeline.send(1, header_to({2, 3}, 11), "hello world");
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply->stored, (std::vector{NodeId{1}, NodeId{2}, NodeId{3}}));
  EXPECT_TRUE(reply->failed.empty());
  EXPECT_EQ(pipeline.published[3], "hello world");
}

TEST(Pipeline, GoesOnWithoutItsTail) {
  Pipeline pipeline;
  pipeline.vanishes_at[3] = 1;
  const auto reply = pipeline.send(1, header_to({2, 3}, 11), "hello world");
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(stored_of(*reply), (std::set<std::uint64_t>{1, 2}));
  ASSERT_EQ(reply->failed.size(), 1u);
  EXPECT_EQ(reply->failed[0].node, NodeId{3});
}

TEST(Pipeline, HDFS_4660_FeedsTheTailAnewWhenTheMiddleDies) {
  Pipeline pipeline;
  pipeline.vanishes_at[2] = 3;
  const auto reply = pipeline.send(1, header_to({2, 3}, 11), "hello world");
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(stored_of(*reply), (std::set<std::uint64_t>{1, 3}));
  EXPECT_EQ(pipeline.published[3], "hello world");
  EXPECT_EQ(reply->failed.at(0).node, NodeId{2});
}

TEST(Pipeline, FailsWithItsHead) {
  Pipeline pipeline;
  pipeline.disk_fails_at[1] = 2;
  EXPECT_EQ(pipeline.send(1, header_to({2, 3}, 11), "hello world").status().code(), Code::kIo);
  EXPECT_FALSE(pipeline.published.contains(1));
}

TEST(Pipeline, WhateverFails_TheReplyNamesExactlyThoseThatPublished) {
  EXPECT_TRUE(rc::check([] {
    const std::string body(*rc::gen::inRange<std::size_t>(0, 20), 'x');
    const auto count = *rc::gen::inRange<std::uint64_t>(0, 5);
    std::vector<std::uint64_t> targets;
    for (std::uint64_t n = 2; n < 2 + count; ++n) targets.push_back(n);
    Pipeline pipeline;
    for (std::uint64_t node = 1; node < 2 + count; ++node) {
      if (*rc::gen::inRange(0, 3) == 0) pipeline.vanishes_at[node] = *rc::gen::inRange(0, 12);
      if (*rc::gen::inRange(0, 3) == 0) pipeline.disk_fails_at[node] = *rc::gen::inRange(0, 8);
    }
    const auto reply = pipeline.send(1, header_to(targets, body.size()), body);
    for (const auto& [node, bytes] : pipeline.published) RC_ASSERT(bytes == body);
    if (!reply.ok()) {
      RC_ASSERT(reply.status().code() != Code::kInternal);
      return;
    }
    const auto stored = stored_of(*reply);
    for (const std::uint64_t node : stored) RC_ASSERT(pipeline.published.contains(node));
    RC_ASSERT(reply->stored.size() == stored.size());
    RC_ASSERT(reply->stored.front() == NodeId{1});
    std::set<std::uint64_t> named = stored;
    for (const auto& failure : reply->failed) RC_ASSERT(named.insert(failure.node.value).second);
    RC_ASSERT(named.size() == 1 + count);
    // A healthy node is always reached, whoever else failed.
    for (std::uint64_t node = 2; node < 2 + count; ++node) {
      if (!pipeline.vanishes_at.contains(node) && !pipeline.disk_fails_at.contains(node)) {
        RC_ASSERT(stored.contains(node));
      }
    }
  }));
}

}  // namespace
}  // namespace dfs::datanode
