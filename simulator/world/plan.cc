#include "simulator/world/plan.h"

#include <algorithm>

#include "core/base/random.h"

namespace dfs::world {
namespace {

constexpr std::array<std::string_view, kFaultKinds> kFaultNames = {"delay",
                                                                   "loss",
                                                                   "reset",
                                                                   "partition",
                                                                   "one-way-partition",
                                                                   "clog",
                                                                   "datanode-crash",
                                                                   "datanode-power",
                                                                   "datanode-pause",
                                                                   "namenode-crash",
                                                                   "namenode-power",
                                                                   "namenode-pause",
                                                                   "client-crash",
                                                                   "client-pause",
                                                                   "power-all",
                                                                   "bit-rot",
                                                                   "lost-sidecar",
                                                                   "disk-full",
                                                                   "read-error",
                                                                   "out-of-descriptors",
                                                                   "slow-disk",
                                                                   "disk-wiped",
                                                                   "clock-step",
                                                                   "safe-mode",
                                                                   "restore-backup",
                                                                   "last-rot",
                                                                   "crash-point",
                                                                   "disk-error",
                                                                   "volume-broken",
                                                                   "misdirected-write",
                                                                   "lost-write",
                                                                   "replica-vanished",
                                                                   "disks-swapped",
                                                                   "foreign-disk",
                                                                   "slow-body",
                                                                   "truncation",
                                                                   "half-open",
                                                                   "flipped-bits",
                                                                   "namenode-io-error",
                                                                   "namenode-disk-full",
                                                                   "namenode-garbled-power",
                                                                   "decommission",
                                                                   "recommission",
                                                                   "namenode-rot",
                                                                   "namenode-lying-sync",
                                                                   "copies-destroyed",
                                                                   "mass-wipe",
                                                                   "namenode-disk-lost",
                                                                   "older-directory"};

constexpr std::array<std::string_view, kOperationKinds> kOperationNames = {
    "put",    "overwrite",       "get",  "list", "stat", "summarize", "mkdir", "remove",
    "rename", "set-replication", "scrub"};

// How often a kind of fault is planned, where it is on at all.
constexpr std::array<std::uint32_t, kFaultKinds> kFaultWeights = {
    0, 0,  0, 6, 6, 8, 10, 6, 6, 4, 3, 3, 4, 3, 1, 12, 4, 3, 5, 3, 3, 2, 2, 1, 0,
    0, 30, 6, 3, 5, 4, 3,  2, 2, 0, 0, 0, 0, 2, 2, 2,  3, 2, 2, 2, 8, 1, 0, 0};

// node-2, after the NameNode.
constexpr sim::Address kFirstDataNode = 2;

// The kinds before it are drawn with the others; the rest apart, by make_plan().
constexpr std::size_t kDrawnKinds = static_cast<std::size_t>(FaultKind::kNameNodeDiskLost);

// Uniform over orders of magnitude: [low, high].
std::uint64_t log_uniform(Random& draw, std::uint64_t low, std::uint64_t high) {
  std::uint64_t steps = 0;
  while ((low << (steps + 1)) <= high) ++steps;
  const std::uint64_t base = low << draw.below(steps + 1);
  return std::min(high, base + draw.below(base));
}

Duration log_milliseconds(Random& draw, std::uint64_t low, std::uint64_t high) {
  return milliseconds(static_cast<std::int64_t>(log_uniform(draw, low, high)));
}

// Swarm: each kind of fault is on in half of the plans, and something happens in all of them.
std::set<FaultKind> draw_swarm(Random draw) {
  std::set<FaultKind> on;
  for (std::size_t i = 0; i < kDrawnKinds; ++i) {
    const auto kind = static_cast<FaultKind>(i);
    if (draw.chance(1, 2) || kind == FaultKind::kClog) on.insert(kind);
  }
  return on;
}

// Two to five kinds that happen often, and clogs where none of them is planned.
std::set<FaultKind> draw_few(Random draw, Profile profile) {
  const std::uint64_t count = draw.between(2, 5);
  std::set<FaultKind> on;
  bool planned = false;
  while (on.size() < count) {
    const auto kind = static_cast<FaultKind>(draw.below(kDrawnKinds));
    if (!within_budget(kind) && profile != Profile::kDisaster) continue;
    on.insert(kind);
    planned = planned || kFaultWeights[static_cast<std::size_t>(kind)] > 0;
  }
  if (!planned) on.insert(FaultKind::kClog);
  return on;
}

void draw_network(Plan& plan, Random draw, const std::set<FaultKind>& on) {
  plan.network.latency_us = static_cast<std::int64_t>(log_uniform(draw, 50, 2'000));
  plan.network.tail_us = static_cast<std::int64_t>(log_uniform(draw, 1'000, 50'000));
  plan.network.tail_per_mille = static_cast<std::uint32_t>(draw.below(30));
  plan.network.far_tail_us = static_cast<std::int64_t>(log_uniform(draw, 500'000, 20'000'000));
  const auto rate = [&](FaultKind kind, std::uint64_t high) {
    const auto per_million = static_cast<std::uint32_t>(log_uniform(draw, 100, high));
    return on.contains(kind) ? per_million : 0;
  };
  plan.network.far_tail_per_million = rate(FaultKind::kDelay, 4'000);
  plan.network.loss_per_million = rate(FaultKind::kLoss, 10'000);
  plan.network.reset_per_million = rate(FaultKind::kReset, 20'000);
  plan.network.slow_per_million = rate(FaultKind::kSlowBody, 2'000);
  plan.network.trickle_us = static_cast<std::int64_t>(log_uniform(draw, 50'000, 3'000'000));
  plan.network.truncate_per_million = rate(FaultKind::kTruncation, 20'000);
  plan.network.half_open_per_million = rate(FaultKind::kHalfOpen, 2'000);
  plan.network.flip_per_million = rate(FaultKind::kFlippedBits, 20'000);
}

void draw_limits(Plan& plan, Random draw) {
  namenode::Config& nn = plan.namenode;
  nn.default_replication = draw.chance(3, 4) ? 3 : static_cast<std::uint32_t>(draw.between(1, 4));
  nn.default_replication = std::min(nn.default_replication, plan.datanodes);
  nn.min_block_size = 0;
  plan.block_size = log_uniform(draw, 256, 8 * 1024);
  nn.default_block_size = plan.block_size;
  // Of two or three granules; most of such a run's time goes into its payload.
  if (draw.chance(1, 4)) plan.big_block_size = log_uniform(draw, 66 * 1024, 132 * 1024);
  nn.heartbeat_interval = log_milliseconds(draw, 500, 1000);
  nn.suspect_after = log_milliseconds(draw, 2'500, 5'000);
  nn.dead_after = nn.suspect_after * 2 + log_milliseconds(draw, 1'000, 8'000);
  nn.lease_limit = log_milliseconds(draw, 8'000, 60'000);
  nn.reader_grace = log_milliseconds(draw, 2'000, 30'000);
  nn.request_retention = plan.retry.limit * 2 + log_milliseconds(draw, 1'000, 120'000);
  // So few that clients need them yet, in some plans.
  Random records = draw.fork("request records");
  if (records.chance(1, 8)) nn.max_requests_kept = log_uniform(records, 16, 200);
  // So few that what is done by and by takes several ticks, in some plans.
  if (Random rows = draw.fork("rows"); rows.chance(1, 4)) {
    nn.rows_per_tick = log_uniform(rows, 100, 1000);
    nn.noted_blocks = log_uniform(rows, 20, 500);
  }
  nn.order_timeout = log_milliseconds(draw, 5'000, 20'000);
  nn.scrub_period = log_milliseconds(draw, 20'000, 200'000);
  nn.mass_loss_wait = log_milliseconds(draw, 2'000, 30'000);
  // Two of five suffice in half of the plans: that most vanish is rare within the budget.
  nn.mass_loss_percent = draw.fork("mass loss").chance(1, 2) ? 50 : 25;
  nn.max_copies_per_node = static_cast<std::uint32_t>(draw.between(1, 8));
  plan.datanode.answer_timeout = log_milliseconds(draw, 1'500, 4'000);
  plan.datanode.full_report_period = log_milliseconds(draw, 5'000, 60'000);
  plan.datanode.quarantine_keep = log_milliseconds(draw, 2'000, 60'000);
  plan.datanode.scrub_period = nn.scrub_period / 2;
  plan.datanode.unreadable_period = nn.scrub_period / 4;
  // So little at once that reports have pages and queues overflow, in some plans.
  if (Random small = draw.fork("datanode limits"); small.chance(1, 4)) {
    datanode::Limits& limits = plan.datanode.limits;
    limits.in_message = log_uniform(small, 1, 50);
    limits.purges_in_message = log_uniform(small, 10, 100);
    limits.changes = log_uniform(small, 8, 200);
    // What is refused for want of room waits for half a minute: at least an answer's orders fit.
    limits.orders = log_uniform(small, 100, 200);
    limits.results = log_uniform(small, 20, 200);
  }
  plan.datanode_times.answer_limit = plan.datanode.answer_timeout;
  plan.namenode_times.commit =
      microseconds(static_cast<std::int64_t>(log_uniform(draw, 100, 5'000)));
  // Small pages are cheap, and trees of several levels common.
  plan.page_bytes = draw.fork("page").chance(1, 8) ? 4096 : 1024;
  plan.piece_bytes = log_uniform(draw, 512, 64 * 1024);
  plan.window = static_cast<std::uint32_t>(draw.between(1, 3));
  plan.max_blocks = static_cast<std::uint32_t>(draw.between(1, 6));
  plan.max_files = static_cast<std::uint32_t>(log_uniform(draw, 10, 120));
  plan.racks = draw.chance(1, 3) ? static_cast<std::uint32_t>(draw.between(2, 3)) : 1;
  plan.volumes = draw.chance(1, 4) ? 2 : 1;
  plan.volume_bytes = log_uniform(draw, 4 << 20, 64 << 20);
  plan.max_drift_ppm = draw.chance(1, 2) ? static_cast<std::int64_t>(draw.below(500)) : 0;
  plan.replay = draw.chance(1, 4) || plan.invariants.contains("D3");
  nn.locate_page = draw.chance(1, 2) ? static_cast<std::size_t>(draw.between(1, 4)) : 200;
}

// Shipping costs the time of its messages, so it is on only where it is needed.
void draw_shipper(Plan& plan, Random draw) {
  namenode::ShipperConfig& shipper = plan.shipper.emplace();
  shipper.homes = std::min(plan.datanodes, static_cast<std::uint32_t>(draw.between(1, 3)));
  shipper.batch_delay = log_milliseconds(draw, 10, 500);
  shipper.buffer_bytes = log_uniform(draw, 4 << 10, 1 << 20);
  shipper.checkpoint_after = log_uniform(draw, 8 << 10, 256 << 10);
  shipper.checkpoint_pause = log_milliseconds(draw, 500, 8'000);
  shipper.checkpoint_retry = log_milliseconds(draw, 1'000, 20'000);
  shipper.retry_first = log_milliseconds(draw, 100, 1'000);
  shipper.retry_last = shipper.retry_first * 8;
  shipper.failures_to_exchange = static_cast<std::uint32_t>(draw.between(1, 5));
}

void draw_operations(Plan& plan, Random draw) {
  constexpr std::array<std::uint32_t, kOperationKinds> kUsual = {20, 8, 25, 6, 8, 2, 5, 7, 6, 4, 1};
  for (std::size_t kind = 0; kind < kOperationKinds; ++kind) {
    const bool on = kind == static_cast<std::size_t>(OperationKind::kPut) ||
                    kind == static_cast<std::size_t>(OperationKind::kGet) || draw.chance(3, 4);
    plan.weights[kind] = on ? static_cast<std::uint32_t>(kUsual[kind] * draw.between(1, 4)) : 0;
  }
  plan.operations_per_second = static_cast<std::uint32_t>(draw.between(24, 26));
}

// What goes beyond the usual budget happens in few plans; in all where it was `chosen` for them.
void draw_rare(Plan& plan, Random draw, const std::set<FaultKind>& on, bool chosen) {
  const auto at = [&](FaultKind kind, Duration length) {
    const auto sixtieth = static_cast<std::int64_t>(draw.between(10, 40));
    plan.faults.push_back({Instant{plan.duration.us * sixtieth / 60}, kind, length, draw.next()});
  };
  if (on.contains(FaultKind::kRestoreBackup) && (draw.chance(1, 8) || chosen)) {
    at(FaultKind::kRestoreBackup, log_milliseconds(draw, 1'000, 16'000));  // how old it gets
  }
  if (on.contains(FaultKind::kLastRot) && (draw.chance(1, 4) || chosen)) {
    for (int time = 0; time < 3; ++time) at(FaultKind::kLastRot, {});
  }
  if (on.contains(FaultKind::kNameNodeDiskLost) && plan.profile == Profile::kDisaster) {
    at(FaultKind::kNameNodeDiskLost, {});
    if (draw.chance(1, 2)) at(FaultKind::kNameNodeDiskLost, {});
    draw_shipper(plan, draw.fork("shipper"));
  }
  if (on.contains(FaultKind::kOlderDirectory)) {
    for (int time = 0; time < 3; ++time) {
      at(FaultKind::kOlderDirectory, log_milliseconds(draw, 1'000, 16'000));  // how old it gets
    }
  }
}

// At least one fault in each simulated second.
void draw_faults(Plan& plan, Random draw, const std::set<FaultKind>& on, bool chosen) {
  std::vector<FaultKind> kinds;
  for (const FaultKind kind : on) {
    if (!within_budget(kind) && plan.profile != Profile::kDisaster) continue;
    const std::uint32_t weight = kFaultWeights[static_cast<std::size_t>(kind)];
    kinds.insert(kinds.end(), weight, kind);
  }
  const std::int64_t whole = plan.duration.us / 1'000'000;
  for (std::int64_t second = 1; second < whole && !kinds.empty(); ++second) {
    Random each = draw.fork(static_cast<std::uint64_t>(second));
    const std::uint64_t count = 1 + (each.chance(1, 2) ? 1 : 0);
    for (std::uint64_t i = 0; i < count; ++i) {
      PlannedFault fault;
      fault.at = Instant{second * 1'000'000 + static_cast<std::int64_t>(each.below(1'000'000))};
      fault.kind = kinds[each.below(kinds.size())];
      fault.length = log_milliseconds(each, 100, 20'000);
      fault.pick = each.next();
      plan.faults.push_back(fault);
    }
  }
  draw_rare(plan, draw.fork("rare"), on, chosen);
  std::stable_sort(plan.faults.begin(), plan.faults.end(),
                   [](const PlannedFault& a, const PlannedFault& b) { return a.at < b.at; });
}

void simplify(Plan& plan, const Selection& selection) {
  plan.selection = selection;
  if (selection.block_size) {
    plan.block_size = plan.namenode.default_block_size = *selection.block_size;
    plan.big_block_size = 0;
  }
  if (selection.file_blocks) plan.max_blocks = std::min(plan.max_blocks, *selection.file_blocks);
  if (selection.delays == Delays::kDrawn) return;
  plan.network.far_tail_per_million = 0;
  plan.network.loss_per_million = 0;
  plan.network.reset_per_million = 0;
  plan.network.slow_per_million = 0;
  plan.network.truncate_per_million = 0;
  plan.network.half_open_per_million = 0;
  plan.network.flip_per_million = 0;
  if (selection.delays == Delays::kCalm) return;
  plan.network.tail_per_mille = 0;
  plan.network.spread = plan.namenode_times.spread = plan.datanode_times.spread = false;
}

}  // namespace

std::string_view to_string(Profile profile) { return kProfiles[static_cast<std::size_t>(profile)]; }
std::string_view to_string(FaultKind kind) { return kFaultNames[static_cast<std::size_t>(kind)]; }
std::string_view to_string(OperationKind kind) {
  return kOperationNames[static_cast<std::size_t>(kind)];
}
std::optional<FaultKind> fault_from_string(std::string_view name) {
  for (std::size_t i = 0; i < kFaultKinds; ++i) {
    if (kFaultNames[i] == name) return static_cast<FaultKind>(i);
  }
  return std::nullopt;
}

Plan make_plan(const PlanOptions& options) {
  const Random random(mix(options.seed, key_of("plan")));
  Plan plan;
  plan.seed = options.seed;
  plan.profile = options.profile;
  plan.datanodes = options.datanodes;
  plan.clients = options.clients;
  plan.duration = options.duration;
  plan.invariants = options.invariants;
  plan.retry.limit = seconds(30);
  plan.retry.attempt_timeout = seconds(3);
  plan.retry.not_ready_limit = seconds(8);

  const bool few = random.fork("few").chance(1, 4);
  std::set<FaultKind> on = options.faults ? *options.faults
                           : few          ? draw_few(random.fork("kinds"), plan.profile)
                                          : draw_swarm(random.fork("swarm"));
  if (!options.faults && random.fork("disk lost").chance(1, 4)) {
    on.insert(FaultKind::kNameNodeDiskLost);
  }
  if (!options.faults && random.fork("older directory").chance(1, 4)) {
    on.insert(FaultKind::kOlderDirectory);
  }
  draw_limits(plan, random.fork("limits"));
  draw_network(plan, random.fork("network"), on);
  draw_operations(plan, random.fork("operations"));
  draw_faults(plan, random.fork("faults"), on, few || options.faults);
  if (options.ill) {
    plan.ill = *options.ill;
  } else if (!options.faults && plan.profile == Profile::kLiveness) {
    plan.ill = draw_ill_nodes(random.fork("ill"), kFirstDataNode, plan.datanodes,
                              std::max(2u, plan.namenode.default_replication));
  }
  simplify(plan, options.selection);
  return plan;
}

}  // namespace dfs::world
