// B2: which copies it takes for made in vain.
#include <gtest/gtest.h>

#include "simulator/world/oracles.h"

namespace dfs::world {
namespace {

// Large enough for one to be too much.
constexpr wire::BlockInfo kCopied{BlockId{7}, 1 << 20, 1};
constexpr NodeId kSource{9};

class B2 : public ::testing::Test {
 protected:
  // A file of replication 2 has the block.
  B2() {
    scene_.atlas.redefine(kCopied.id, kCopied);
    apply(namenode::FormatCommand{}, wire::Empty{});
    wire::CreateReply created;
    created.inode = InodeId{first_id_of_epoch(1)};
    created.replication = 2;
    created.blocks = {{kCopied.id, {}}};
    wire::Create create;
    create.path = "/file";
    apply(namenode::RequestCommand{create, {}}, created);
  }

  void register_at(NodeId node, const std::string& host) {
    register_at(node, host, static_cast<sim::Address>(node.value));
  }
  void register_at(NodeId node, const std::string& host, sim::Address address) {
    scene_.addresses[node] = address;
    wire::Register request;
    request.host = host;
    wire::RegisterReply reply;
    reply.node = node;
    oracle_->answered(request, reply, true);
  }
  // The copy counts as coming from then on.
  void order_copy_to(NodeId node) {
    wire::Heartbeat heartbeat;
    heartbeat.mark = {node, 1, 1};
    wire::Order order;
    order.order = node.value;
    order.kind = wire::OrderKind::kCopy;
    order.block = kCopied;
    order.sources = {{kSource, "", ""}};
    wire::HeartbeatReply reply;
    reply.orders = {order};
    oracle_->answered(heartbeat, reply, false);
  }
  [[nodiscard]] bool violated() const { return !scene_.verdicts.clean(); }

 private:
  void apply(auto&& command, const wire::Reply& reply) {
    scene_.applied.apply({{}, command, {}},
                         {.position = scene_.applied.position() + 1, .reply = reply});
  }

  Plan plan_;
  Scene scene_{plan_};
  std::unique_ptr<Oracle> oracle_ = make_b2(scene_);
};

TEST_F(B2, ACopyBesideEnoughOnDistinctHostsIsMadeInVain) {
  register_at(NodeId{1}, "one");
  register_at(NodeId{2}, "two");
  register_at(NodeId{3}, "three");
  order_copy_to(NodeId{1});
  order_copy_to(NodeId{2});
  EXPECT_FALSE(violated());
  order_copy_to(NodeId{3});
  EXPECT_TRUE(violated());
}

// Until the other machine has registered, too.
TEST_F(B2, ACopyForTheSakeOfASecondHostIsNotMadeInVainWhereExchangedDisksStandAtOne) {
  register_at(NodeId{1}, "one");
  register_at(NodeId{2}, "one");
  register_at(NodeId{3}, "three");
  order_copy_to(NodeId{1});
  order_copy_to(NodeId{2});
  order_copy_to(NodeId{3});
  EXPECT_FALSE(violated());
}

// Nobody finds what its old number had.
TEST_F(B2, ACopyBesideOneOnAMachineThatWasWipedSinceIsNotMadeInVain) {
  register_at(NodeId{1}, "one", 1);
  register_at(NodeId{2}, "two", 2);
  order_copy_to(NodeId{1});
  order_copy_to(NodeId{2});
  register_at(NodeId{4}, "one", 1);
  register_at(NodeId{3}, "three", 3);
  order_copy_to(NodeId{3});
  EXPECT_FALSE(violated());
}

}  // namespace
}  // namespace dfs::world
