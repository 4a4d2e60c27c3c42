// The NameNode machine: rounds and commits, gates, an older history.
#include <gmock/gmock.h>

#include "core/namenode/command.h"
#include "tests/namenode/machine_bench.h"

namespace dfs::namenode {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

struct Round : ::testing::Test, MachineBench {
  // The commit that a request's reply waits for.
  CommitToken after(const wire::Request& request) {
    EffectList effects;
    machine->request(1, request, now, effects);
    return std::get<SendReply>(effects.at(0)).after;
  }
  std::vector<CommitToken> flush() {
    EffectList effects;
    machine->flush(effects);
    std::vector<CommitToken> commits;
    for (const Effect& effect : effects) commits.push_back(std::get<Commit>(effect).token);
    return commits;
  }
};
struct Gate : ::testing::Test, MachineBench {};
struct OlderHistory : ::testing::Test, MachineBench {};

TEST_F(Round, D2_ReadsBeforeTheFirstMutationAreFreeAndAllElseWaits) {
  EXPECT_EQ(after(wire::Stat{"/"}), 0u);
  const CommitToken token = after(mkdir("/a"));
  EXPECT_NE(token, 0u);
  EXPECT_EQ(after(wire::Stat{"/a"}), token);
  EXPECT_EQ(after(wire::Stat{"/nothing"}), token);
  EXPECT_THAT(flush(), ::testing::ElementsAre(token));
  EXPECT_EQ(after(wire::Stat{"/a"}), token) << "the commit is asked for and not done";
  EffectList effects;
  store.commit();
  machine->committed(token, effects);
  EXPECT_EQ(after(wire::Stat{"/a"}), 0u);
  EXPECT_THAT(flush(), IsEmpty());
}

TEST_F(Round, D2_ARetryOfWhatIsNotDurableYetWaitsForTheSameCommit) {
  const wire::Mkdir request = mkdir("/a");
  const CommitToken token = after(request);
  EXPECT_EQ(after(request), token);
}

TEST_F(Round, EndsOnlyWithACommitIfSomethingWasApplied) {
  after(wire::Stat{"/"});
  EXPECT_THAT(flush(), IsEmpty());
}

TEST_F(Round, ShipsItsCommandsAfterItsCommitAndTheyReplay) {
  shipped.clear();
  const Position before = store.meta().applied;
  EffectList effects;
  machine->request(1, mkdir("/a"), now, effects);
  machine->request(2, mkdir("/b"), now, effects);
  machine->flush(effects);
  for (const Effect& effect : effects) EXPECT_FALSE(std::holds_alternative<Ship>(effect));
  store.commit();
  EffectList later;
  machine->committed(std::get<Commit>(effects.back()).token, later);
  const Ship ship = std::get<Ship>(later.at(0));
  EXPECT_EQ(ship.first, before + 1);
  EXPECT_THAT(ship.commands, SizeIs(2));
}

TEST(Rounds, D3_WhatWasShippedSinceTheFormatGivesTheSameDigest) {
  MachineBench bench;
  bench.add_nodes();
  bench.write("/d/f", 3);
  bench.open("/d/g", 1);
  static_cast<void>(bench.send(wire::Remove{bench.caller(), "/d/f", false}));
  bench.run(seconds(70));
  sqlite::SqliteStore replayed{
      sqlite::Options{.file = ":memory:", .vfs = "", .fatal = [](const std::string& line) {
                        throw std::runtime_error(line);
                      }}};
  replayed.begin();
  Position next = 1;
  for (const Ship& ship : bench.shipped) {
    EXPECT_EQ(ship.first, next);
    for (const Command& command : ship.commands) {
      EXPECT_EQ(apply(replayed, *command_from_text(to_text(command))).position, next++);
    }
  }
  EXPECT_EQ(digest_of(replayed), digest_of(bench.store));
}

TEST_F(Gate, S1_WritesWaitForTwoHosts) {
  EXPECT_EQ(code(mkdir("/d")), Code::kOk) << "names need no DataNodes";
  EXPECT_EQ(message(create("/f")),
            "only 0 of the 2 DataNodes (on different hosts) that a write needs are able to store; "
            "start more");
  std::string why;
  EXPECT_FALSE(machine->accepts_writes(&why));
  EXPECT_EQ(why,
            "only 0 of the 2 DataNodes (on different hosts) that a write needs are able to store; "
            "start more");
  add_node("a1");
  EXPECT_EQ(code(create("/f", 1)), Code::kNotEnoughDataNodes);
  wire::Create one = create("/one", 1);
  one.replication = 1;
  EXPECT_EQ(code(one), Code::kOk);
  add_node("a2");
  EXPECT_EQ(code(create("/f", 1)), Code::kOk);
  EXPECT_TRUE(machine->accepts_writes());
  start();
  EXPECT_EQ(code(create("/g", 1)), Code::kNotEnoughDataNodes) << "nobody has come back yet";
}

TEST_F(Gate, S1_SafeModeByHandRefusesMutationsAndEndsOnlyOnRequest) {
  add_nodes();
  write("/f");
  EXPECT_EQ(code(wire::SafeMode{"on"}), Code::kInvalidArgument);
  EXPECT_TRUE(std::get<wire::SafeModeReply>(send(wire::SafeMode{"enter"})).on);
  EXPECT_EQ(code(mkdir("/a")), Code::kSafeMode);
  EXPECT_EQ(code(wire::Remove{caller(), "/f", false}), Code::kSafeMode);
  EXPECT_EQ(code(wire::Stat{"/f"}), Code::kOk);
  start();
  run(seconds(5));
  EXPECT_EQ(code(mkdir("/a")), Code::kSafeMode);
  EXPECT_FALSE(std::get<wire::SafeModeReply>(send(wire::SafeMode{"leave"})).on);
  EXPECT_EQ(code(mkdir("/a")), Code::kOk);
}

TEST_F(Gate, S1_SafeModeHoldsBackLeasesAndReaping) {
  add_nodes();
  write("/f");
  open("/g", 1);
  EXPECT_EQ(code(wire::Remove{caller(), "/f", false}), Code::kOk);
  static_cast<void>(send(wire::SafeMode{"enter"}));
  const Position applied = store.meta().applied;
  run(seconds(100));
  EXPECT_EQ(store.meta().applied, applied);
}

TEST_F(Gate, AFullDiskLeavesDeletingPossible) {
  add_nodes();
  write("/f");
  machine->set_disk_low(true);
  EXPECT_EQ(code(mkdir("/a")), Code::kNoSpace);
  EXPECT_EQ(code(create("/g")), Code::kNoSpace);
  EXPECT_EQ(code(wire::Stat{"/f"}), Code::kOk);
  EXPECT_EQ(code(wire::Remove{caller(), "/f", false}), Code::kOk);
  run(seconds(2));
  EXPECT_TRUE(store.scan_reap(InodeId{}, 1).empty());
  machine->set_disk_low(false);
  EXPECT_EQ(code(mkdir("/a")), Code::kOk);
}

TEST_F(Gate, ChecksTheBlockSizeAgainstTheServersMinimum) {
  config.min_block_size = 512;
  start();
  add_nodes();
  wire::Create request = create("/f");
  request.block_size = 511;
  EXPECT_EQ(code(request), Code::kInvalidArgument);
}

TEST_F(OlderHistory, D5_MakesTheNameNodeReadOnlyUntilItIsAccepted) {
  add_nodes();
  write("/f", 2);
  const MetaRow meta = store.meta();
  nodes[0].seen = {meta.epoch, meta.applied + 100, meta.next_block + 50};
  static_cast<void>(beat(nodes[0]));
  EXPECT_EQ(code(mkdir("/a")), Code::kReadOnly);
  EXPECT_EQ(code(wire::Stat{"/f"}), Code::kOk);
  EXPECT_TRUE(std::get<wire::ClusterReportReply>(send(wire::ClusterReport{})).read_only);

  // Registrations make our own history longer than the one that was seen; it stays foreign.
  for (int i = 0; i < 120; ++i) static_cast<void>(send(registration("a1")));
  start();
  EXPECT_EQ(code(mkdir("/a")), Code::kReadOnly);

  EXPECT_EQ(code(wire::AcceptHistory{}), Code::kOk);
  const std::uint64_t raised = store.meta().epoch;
  EXPECT_GT(raised, meta.epoch);
  EXPECT_EQ(epoch_of(store.meta().next_block), raised);
  EXPECT_EQ(code(mkdir("/a")), Code::kOk);
  EXPECT_EQ(code(wire::AcceptHistory{}), Code::kOk);
  EXPECT_EQ(store.meta().epoch, raised) << "accepting once is enough";
}

TEST_F(OlderHistory, D5_IsNoticedAtRegistrationToo) {
  wire::Register request = registration("b1");
  request.seen = {9, 1, 1};
  EXPECT_EQ(code(request), Code::kOk);
  EXPECT_EQ(code(mkdir("/a")), Code::kReadOnly);
  EXPECT_EQ(code(wire::AcceptHistory{}), Code::kOk);
  EXPECT_GE(store.meta().epoch, 10u);
}

// Where more of this epoch is kept than was ever done here, however far the own history has come.
TEST_F(OlderHistory, D5_IsToldByWhatADataNodeKeepsOfTheMetadata) {
  add_nodes();
  const std::uint64_t epoch = store.meta().epoch;
  machine->newer_history(epoch, now);
  EXPECT_EQ(code(mkdir("/a")), Code::kReadOnly);
  const Position applied = store.meta().applied;
  machine->newer_history(epoch, now);
  EXPECT_EQ(store.meta().applied, applied) << "telling once is enough";
  EXPECT_EQ(code(wire::AcceptHistory{}), Code::kOk);
  EXPECT_GT(store.meta().epoch, epoch);
  EXPECT_EQ(code(mkdir("/a")), Code::kOk);
  machine->newer_history(epoch, now);
  EXPECT_EQ(code(mkdir("/b")), Code::kOk) << "that one was given up";
}

TEST_F(OlderHistory, OfAnotherClusterIsRefusedBeforeItIsBelieved) {
  wire::Register request = registration("b1");
  request.cluster = std::string(32, '9');
  request.seen = {9, 1, 1};
  EXPECT_EQ(code(request), Code::kWrongCluster);
  EXPECT_EQ(code(mkdir("/a")), Code::kOk);
}

// None that could be would ever be above it, and no epoch could be raised out of it.
TEST_F(OlderHistory, ThatNoNameNodeCanHaveMadeIsRefusedAndNotBelieved) {
  add_nodes();
  for (const wire::HistoryMark& seen : {wire::HistoryMark{kMaxEpoch - 63, 0, 0},
                                        {kMaxEpoch + 1, 0, 0},
                                        {UINT64_MAX, UINT64_MAX, UINT64_MAX},
                                        {1, 1, first_id_of_epoch(2)},
                                        {1, 1, UINT64_MAX}}) {
    wire::Register request = registration("b1");
    request.seen = seen;
    EXPECT_EQ(code(request), Code::kInvalidArgument);
    nodes[0].seen = seen;
    EXPECT_EQ(code_of(beat(nodes[0])), Code::kInvalidArgument);
  }
  EXPECT_EQ(code(mkdir("/a")), Code::kOk);
  nodes[1].seen = {kMaxEpoch - 64, 1, first_id_of_epoch(kMaxEpoch - 64)};
  EXPECT_EQ(code_of(beat(nodes[1])), Code::kOk);
  EXPECT_EQ(code(mkdir("/b")), Code::kReadOnly);
  EXPECT_EQ(code(wire::AcceptHistory{}), Code::kOk);
  EXPECT_EQ(code(mkdir("/b")), Code::kOk);
  nodes[1].seen = {store.meta().epoch, 1, store.meta().next_block - 1};
  EXPECT_EQ(code_of(beat(nodes[1])), Code::kOk) << "our own is none too many";
}

TEST_F(OlderHistory, ARegistrationThatIsMalformedIsRefused) {
  const auto refused = [&](auto change) {
    wire::Register request = registration("b1");
    change(request);
    EXPECT_EQ(code(request), Code::kInvalidArgument);
  };
  refused([](wire::Register& r) { r.uuid = "../../etc"; });
  refused([](wire::Register& r) { r.incarnation = ""; });
  refused([](wire::Register& r) { r.client_address = ""; });
  refused([](wire::Register& r) { r.peer_address = std::string(256, 'x'); });
  refused([](wire::Register& r) { r.host = "a\nb"; });
  EXPECT_TRUE(store.scan_datanodes(NodeId{}, 1).empty());
}

}  // namespace
}  // namespace dfs::namenode
