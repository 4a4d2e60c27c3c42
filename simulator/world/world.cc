#include "simulator/world/world.h"

#include <algorithm>

#include "simulator/world/cluster.h"
#include "simulator/world/copies.h"
#include "simulator/world/trial.h"

namespace dfs::world {
namespace {

constexpr Duration kSafetySettles = seconds(5);
constexpr Duration kReportLimit = seconds(5);
constexpr Duration kRestWindow = seconds(10);
constexpr Duration kReadingLimit = seconds(120);

// Everybody is back and nothing new is begun. Where convergence is judged, what was begun comes to
// its end; elsewhere the last power loss may cut it short like any other.
void settle(Cluster& cluster, const Plan& plan) {
  cluster.workload().stop();
  cluster.injector().heal();
  if (plan.profile == Profile::kSafety) {
    cluster.run_until(cluster.scene().queue.now() + kSafetySettles);
    return;
  }
  static_cast<void>(
      cluster.run_while([&] { return !cluster.workload().idle(); }, plan.retry.limit * 4));
  cluster.injector().end_safe_mode();
}

// Those who are ill may make the others lose time with them; what follows the last copy takes as
// long as ever.
void await_core(Cluster& cluster, const Plan& plan) {
  const Scene& scene = cluster.scene();
  const auto waits = [&scene] {
    return std::ranges::any_of(count_copies(scene),
                               [](const CopyCount& count) { return count.good < count.wanted; });
  };
  if (!waits()) return;
  static_cast<void>(cluster.run_while(waits, ill_bound(scene)));
  cluster.run_until(scene.queue.now() + convergence_bound(plan));
}

void rest(Cluster& cluster, const Plan& plan) {
  Scene& scene = cluster.scene();
  if (scene.restores > 0) {  // the operator looks once more whether it is the true history now
    cluster.run_until(scene.queue.now() + kRestWindow);
    cluster.injector().accept_history();
  }
  cluster.run_until(scene.queue.now() + convergence_bound(plan));
  if (!scene.ill.empty()) await_core(cluster, plan);
  cluster.injector().ask_report();
  cluster.run_until(scene.queue.now() + kReportLimit);
  if (!scene.verdicts.clean()) return;
  for (const auto& oracle : cluster.oracles()) oracle->at_rest();
  scene.verdicts.expect(cluster.shipping_warning().empty(), "C1",
                        [&] { return cluster.shipping_warning(); });
  bool told = false;
  cluster.workload().fsck(0, [&](const Workload::Unhealthy& unhealthy) {
    told = true;
    for (const auto& oracle : cluster.oracles()) oracle->fsck_done(unhealthy);
  });
  if (!cluster.run_while([&] { return !told; }, kReadingLimit) && scene.verdicts.clean()) {
    scene.verdicts.violated("D1", "fsck did not come to an end");
  }
  cluster.run_until(scene.queue.now() + kRestWindow);
  for (const auto& oracle : cluster.oracles()) oracle->after_rest();
}

// Where faults have left nothing behind, everything that users do works.
void try_everything(Cluster& cluster) {
  Scene& scene = cluster.scene();
  if (!scene.verdicts.judges("A1")) return;
  Trial trial(scene, cluster.clients(), cluster.oracles());
  trial.start();
  if (!cluster.run_while([&] { return !trial.done(); }, trial.limit())) {
    if (scene.verdicts.clean()) scene.verdicts.violated("A1", trial.pending());
  }
}

void read_everything(Cluster& cluster, const Plan& plan) {
  Scene& scene = cluster.scene();
  cluster.injector().power_all({}, Random(plan.seed).fork("last power loss"));
  cluster.run_until(scene.queue.now() + seconds(1));
  cluster.injector().heal();
  cluster.run_until(scene.queue.now() + seconds(2));
  cluster.injector().scatter_read_errors(Random(plan.seed).fork("read errors"));
  bool done = false;
  cluster.workload().read_everything(
      0, [&](const std::vector<std::string>& failed, std::uint64_t files) {
        done = true;
        for (const auto& oracle : cluster.oracles()) oracle->all_read(failed, files);
      });
  if (!cluster.run_while([&] { return !done; }, kReadingLimit) && scene.verdicts.clean()) {
    scene.verdicts.violated("D1", "reading every file did not come to an end");
  }
}

}  // namespace

Duration convergence_bound(const Plan& plan) {
  const namenode::Config& config = plan.namenode;
  return config.dead_after + config.lease_limit + config.reader_grace + config.scrub_period * 2 +
         config.order_timeout * 3 + config.mass_loss_wait + seconds(60);
}

RunResult run(const Plan& plan, const StoryLine& story, std::vector<TraceMark>* trace) {
  Cluster cluster(plan);
  cluster.log_trace(trace);
  if (story) cluster.watch(make_story(cluster.scene(), story));
  Scene& scene = cluster.scene();
  cluster.begin();
  cluster.run_until(std::min(Instant{plan.duration.us}, plan.stop_at));
  const auto goes_on = [&] {
    return scene.verdicts.clean() && scene.queue.next_time() < plan.stop_at;
  };
  if (goes_on()) settle(cluster, plan);
  if (goes_on() && plan.profile != Profile::kSafety) rest(cluster, plan);
  if (goes_on() && plan.profile != Profile::kSafety) try_everything(cluster);
  if (goes_on()) read_everything(cluster, plan);

  RunResult result;
  result.seed = plan.seed;
  result.trace_hash = scene.queue.trace_hash();
  result.simulated_us = scene.queue.now().us;
  result.events = scene.queue.executed();
  result.operations = cluster.workload().started();
  result.faults = cluster.injector().counts();
  result.checks = scene.verdicts.checks();
  result.probes = scene.verdicts.probes();
  result.outcomes = cluster.workload().outcomes();
  result.violations = scene.verdicts.violations();
  result.performed = cluster.workload().performed();
  return result;
}

std::string told_at(const Plan& plan, std::int64_t at_us) {
  const std::string until = moment(at_us);
  std::string told;
  Plan cut = plan;
  cut.stop_at = Instant{at_us};
  static_cast<void>(run(cut, [&](const std::string& line) {
    const bool same = told.substr(0, until.size()) == line.substr(0, until.size());
    told = same ? told + "\n" + line : line;
  }));
  return told;
}

}  // namespace dfs::world
