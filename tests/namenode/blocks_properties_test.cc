// Placement and the order book over fleets and histories that rapidcheck draws and shrinks.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <set>

#include "core/namenode/blocks/order_book.h"
#include "tests/namenode/cluster.h"

namespace dfs::namenode {
namespace {

using wire::OrderKind;

constexpr std::uint64_t kRoom = std::uint64_t{1} << 30;

// A node as placement sees it.
struct Place {
  std::uint64_t host = 0;
  std::uint64_t rack = 0;
  bool full = false;
  bool cut_off = false;
};

std::vector<Place> draw_places() {
  std::vector<Place> places(*rc::gen::inRange<std::size_t>(1, 8));
  for (Place& place : places) {
    place.host = *rc::gen::inRange<std::uint64_t>(0, 7);
    place.rack = place.host % 3;
    place.full = *rc::gen::weightedElement<bool>({{4, false}, {1, true}});
    place.cut_off = *rc::gen::weightedElement<bool>({{5, false}, {1, true}});
  }
  return places;
}

std::vector<std::uint64_t> chosen_in(const std::vector<Place>& places, std::uint32_t replication) {
  Cluster cluster(places.size(), {"/r"}, true);
  for (std::size_t i = 0; i < places.size(); ++i) {
    PretendedNode& node = cluster.at(i + 1);
    node.host = "h" + std::to_string(places[i].host);
    node.rack = "/" + std::to_string(places[i].rack);
    node.stats.largest_free = node.stats.remaining = places[i].full ? 0 : kRoom;
  }
  cluster.run(seconds(2));
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (places[i].cut_off) cluster.cut_off(i + 1);
  }
  cluster.run(seconds(8));
  const auto targets = cluster.blocks().choose_targets(replication, kRoom / 4, {}, cluster.now());
  std::vector<std::uint64_t> chosen;
  if (targets.ok()) {
    for (const wire::NodeAddress& target : *targets) chosen.push_back(target.node.value);
  }
  return chosen;
}

TEST(PlacementProperty, TargetsAreLiveHaveRoomAndSpreadAsWideAsTheFleetAllows) {
  EXPECT_TRUE(rc::check([] {
    const std::vector<Place> places = draw_places();
    const auto replication = *rc::gen::inRange<std::uint32_t>(1, 5);
    std::set<std::uint64_t> hosts;
    std::set<std::uint64_t> racks;
    for (const Place& place : places) {
      if (place.full || place.cut_off) continue;
      hosts.insert(place.host);
      racks.insert(place.rack);
    }
    const std::vector<std::uint64_t> chosen = chosen_in(places, replication);
    RC_ASSERT(chosen == chosen_in(places, replication));  // the same for the same fleet
    if (hosts.size() < std::min<std::size_t>(2, replication)) {
      RC_ASSERT(chosen.empty());
      return;
    }
    std::set<std::uint64_t> chosen_hosts;
    std::set<std::uint64_t> chosen_racks;
    for (const std::uint64_t node : chosen) {
      const Place& place = places.at(node - 1);
      RC_ASSERT(!place.full && !place.cut_off);
      chosen_hosts.insert(place.host);
      chosen_racks.insert(place.rack);
    }
    RC_ASSERT(chosen.size() == std::min<std::size_t>(replication, hosts.size()));
    RC_ASSERT(chosen_hosts.size() == chosen.size());
    RC_ASSERT(chosen_racks.size() >= std::min<std::size_t>({racks.size(), chosen.size(), 2}));
  }));
}

// What an order book must hold, as a list.
struct Listed {
  std::uint64_t number = 0;
  NodeId node;
  NodeId source;
  OrderKind kind = OrderKind::kVerify;
  BlockId block;
  bool sent = false;
  Instant since;  // placed, or sent
};

struct BookAndList {
  OrderBook book{1};
  std::vector<Listed> list;
  std::uint64_t next = 1;
  Instant now;

  static constexpr OrderKind kKinds[] = {OrderKind::kRestore, OrderKind::kCopy,
                                         OrderKind::kConfirm, OrderKind::kQuarantine,
                                         OrderKind::kPurge,   OrderKind::kVerify};
  static bool deletion(OrderKind kind) {
    return kind == OrderKind::kQuarantine || kind == OrderKind::kPurge;
  }

  template <class Which>
  std::set<std::uint64_t> remove(Which&& which) {
    std::set<std::uint64_t> removed;
    std::erase_if(list, [&](const Listed& each) {
      const bool goes = which(each);
      if (goes) removed.insert(each.number);
      return goes;
    });
    return removed;
  }
  static std::set<std::uint64_t> numbers_of(const std::vector<PendingOrder>& orders) {
    std::set<std::uint64_t> numbers;
    for (const PendingOrder& order : orders) numbers.insert(order.order.order);
    return numbers;
  }

  void place() {
    wire::Order order;
    const NodeId node{*rc::gen::inRange<std::uint64_t>(1, 4)};
    const NodeId source{*rc::gen::inRange<std::uint64_t>(1, 4)};
    order.kind = kKinds[*rc::gen::inRange(0, 6)];
    order.block.id.value = *rc::gen::inRange<std::uint64_t>(1, 5);
    order.block.length = 10;
    if (order.kind == OrderKind::kCopy) order.sources = {{source, "", ""}};
    const bool there = std::ranges::any_of(list, [&](const Listed& each) {
      return each.node == node && each.kind == order.kind && each.block == order.block.id;
    });
    RC_ASSERT(book.place(node, order, now) == !there);
    if (!there) list.push_back({next++, node, source, order.kind, order.block.id, false, now});
  }
  void take() {
    const NodeId node{*rc::gen::inRange<std::uint64_t>(1, 4)};
    std::set<std::uint64_t> wanted;
    for (Listed& each : list) {
      if (each.node != node || each.sent) continue;
      wanted.insert(each.number);
      each.sent = true;
      each.since = now;
    }
    std::set<std::uint64_t> taken;
    for (const wire::Order& order : book.take(node, now)) taken.insert(order.order);
    RC_ASSERT(taken == wanted);
  }
  void finish() {
    const NodeId node{*rc::gen::inRange<std::uint64_t>(1, 4)};
    const auto number = *rc::gen::inRange<std::uint64_t>(1, next + 2);
    const auto ended = remove([&](const Listed& each) {
      return each.number == number && each.node == node && each.sent;
    });
    RC_ASSERT(book.finish(node, number).has_value() == !ended.empty());
  }
  void expire() {
    now = now + seconds(*rc::gen::inRange(0, 20));
    const auto late = remove([&](const Listed& each) {
      return each.sent ? now - each.since >= seconds(30)
                       : deletion(each.kind) && now - each.since >= OrderBook::kDeletionsKeep;
    });
    RC_ASSERT(numbers_of(book.expire(now, seconds(30))) == late);
  }
  void drop() {
    const NodeId node{*rc::gen::inRange<std::uint64_t>(1, 4)};
    const auto dropped = remove([&](const Listed& each) { return each.node == node; });
    RC_ASSERT(numbers_of(book.drop(node)) == dropped);
  }
  void withdraw() {
    const BlockId block{*rc::gen::inRange<std::uint64_t>(1, 5)};
    const OrderKind kind = kKinds[*rc::gen::inRange(0, 6)];
    book.withdraw(block, kind);
    static_cast<void>(remove([&](const Listed& each) {
      return each.block == block && each.kind == kind && !each.sent;
    }));
  }

  void compare() const {
    for (std::uint64_t node = 1; node <= 4; ++node) {
      const auto takes_part = std::ranges::count_if(list, [&](const Listed& each) {
        return each.kind == OrderKind::kCopy &&
               (each.node.value == node || each.source.value == node);
      });
      RC_ASSERT(book.copies_with(NodeId{node}) == static_cast<std::uint32_t>(takes_part));
      for (const OrderKind kind : kKinds) {
        const auto had = std::ranges::count_if(
            list, [&](const Listed& each) { return each.kind == kind && each.node.value == node; });
        RC_ASSERT(book.count(NodeId{node}, kind) == static_cast<std::uint64_t>(had));
      }
    }
  }
};

TEST(OrderBookProperty, B2_HoldsWhatAListWouldWhateverIsDoneWithIt) {
  EXPECT_TRUE(rc::check([] {
    BookAndList both;
    const int steps = *rc::gen::inRange(1, 60);
    for (int i = 0; i < steps; ++i) {
      switch (*rc::gen::inRange(0, 9)) {
        case 0:
          both.take();
          break;
        case 1:
          both.finish();
          break;
        case 2:
          both.expire();
          break;
        case 3:
          both.drop();
          break;
        case 4:
          both.withdraw();
          break;
        default:
          both.place();
      }
      both.compare();
    }
  }));
}

}  // namespace
}  // namespace dfs::namenode
