#include "simulator/sweep.h"

#include <algorithm>

#include "core/base/bytes.h"
#include "simulator/host.h"
#include "simulator/report.h"
#include "simulator/world/coverage.h"

namespace dfs::world {
namespace {

void add_up(std::map<std::string, std::uint64_t>& sums, const boost::json::object& counts) {
  for (const auto& entry : counts) {
    sums[std::string(entry.key())] += entry.value().to_number<std::uint64_t>();
  }
}

// Takes one run's JSON in.
void take(SweepResult& result, std::map<std::uint64_t, std::string>& hashes,
          const std::string& line) {
  boost::json::error_code error;
  const boost::json::value parsed = boost::json::parse(line, error);
  if (error || !parsed.is_object()) {
    result.complete = false;
    return;
  }
  const boost::json::object& run = parsed.as_object();
  const auto seed = run.at("seed").to_number<std::uint64_t>();
  hashes[seed] = std::string(run.at("trace_hash").as_string());
  ++result.seeds;
  result.simulated_us += run.at("sim_seconds").to_number<std::uint64_t>() * 1'000'000;
  result.events += run.at("events").to_number<std::uint64_t>();
  result.operations += run.at("operations").to_number<std::uint64_t>();
  add_up(result.faults, run.at("faults").as_object());
  add_up(result.checks, run.at("checks").as_object());
  add_up(result.probes, run.at("probes").as_object());
  add_up(result.outcomes, run.at("outcomes").as_object());
  for (const boost::json::value& each : run.at("violations").as_array()) {
    const boost::json::object& violation = each.as_object();
    result.violations.push_back({seed,
                                 {std::string(violation.at("invariant").as_string()),
                                  violation.at("event").to_number<std::uint64_t>(),
                                  violation.at("sim_us").to_number<std::int64_t>(),
                                  std::string(violation.at("detail").as_string())},
                                 std::string(violation.at("replay").as_string())});
  }
}

std::uint64_t at_least_one(std::int64_t ms) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(1, ms));
}

}  // namespace

std::uint64_t SweepResult::events_per_second() const {
  return events * 1000 / at_least_one(wall_ms);
}
std::uint64_t SweepResult::simulated_seconds_per_second() const {
  return simulated_us / 1000 / at_least_one(wall_ms);
}
std::uint64_t SweepResult::simulated_seconds_per_core() const {
  return simulated_us / 1000 / (at_least_one(wall_ms) * jobs);
}

void compare_second_run(const Plan& plan, const std::vector<TraceMark>& trace, RunResult& result) {
  std::vector<TraceMark> second;
  const RunResult again = run(plan, nullptr, &second);
  const std::optional<std::uint64_t> event = first_difference(trace, second);
  if (!event) return;
  const std::vector<TraceMark>& longer = trace.size() > second.size() ? trace : second;
  result.violations.push_back({"determinism", *event, longer[*event - 1].at_us,
                               "a second run in the same process differs from here on: " +
                                   told_at(plan, longer[*event - 1].at_us)});
}

SweepResult sweep(const SweepOptions& options) {
  SweepResult result;
  result.first = options.first;
  result.jobs = options.jobs;
  const std::int64_t begin = host::wall_ms();
  const auto with_seed = [&options](std::uint64_t seed) {
    PlanOptions each = options.plan;
    each.seed = seed;
    return each;
  };
  std::map<std::uint64_t, std::string> hashes;
  host::Jobs jobs{options.jobs, options.first, options.last, {}, {}, {}};
  jobs.work = [&](std::uint64_t seed, const host::Say& say) {
    const std::int64_t started = host::wall_ms();
    if (options.seconds > 0 && started - begin > options.seconds * 1000) return false;
    const PlanOptions each = with_seed(seed);
    const Plan plan = make_plan(each);
    std::vector<TraceMark> trace;
    RunResult found = run(plan, nullptr, options.twice ? &trace : nullptr);
    const std::int64_t wall = host::wall_ms() - started;
    if (options.twice) compare_second_run(plan, trace, found);
    say(boost::json::serialize(to_json(found, wall, options.replay(each))));
    return found.violations.empty() || !options.stop_at_first;
  };
  jobs.hear = [&](const std::string& line) { take(result, hashes, line); };
  jobs.died = [&](std::uint64_t seed, const std::string& how) {
    result.complete = false;
    result.violations.push_back({seed, {"crash", 0, 0, how}, options.replay(with_seed(seed))});
    return !options.stop_at_first;
  };
  host::run_jobs(jobs);
  Digest all;
  for (const auto& [seed, hash] : hashes) all.add(std::string_view(hash));
  result.trace_hash = all.value();
  result.wall_ms = host::wall_ms() - begin;
  std::stable_sort(result.violations.begin(), result.violations.end(),
                   [](const auto& a, const auto& b) { return a.seed < b.seed; });
  for (Violation& missing : never_met(options.plan, result.seeds, result)) {
    result.violations.push_back(
        {options.first, std::move(missing), "the sweep as a whole; no single seed shows it"});
  }
  return result;
}

boost::json::object to_json(const SweepResult& result) {
  boost::json::object object;
  object["seed"] = result.first;
  object["seeds"] = result.seeds;
  object["trace_hash"] = to_hex(result.trace_hash, 16);
  object["sim_seconds"] = result.simulated_us / 1'000'000;
  add(object, result, result.wall_ms);
  object["jobs"] = result.jobs;
  object["events_per_second"] = result.events_per_second();
  object["sim_seconds_per_second"] = result.simulated_seconds_per_second();
  object["sim_seconds_per_second_per_core"] = result.simulated_seconds_per_core();
  object["complete"] = result.complete;
  boost::json::array violations;
  for (const SweepResult::Found& found : result.violations) {
    violations.push_back({{"seed", found.seed},
                          {"invariant", found.violation.invariant},
                          {"event", found.violation.event},
                          {"detail", found.violation.detail},
                          {"replay", found.replay}});
  }
  object["violations"] = std::move(violations);
  return object;
}

std::string to_text(const SweepResult& result) {
  std::string text;
  for (const SweepResult::Found& found : result.violations) {
    text += "VIOLATION " + found.violation.invariant + " seed " + std::to_string(found.seed) +
            " event " + std::to_string(found.violation.event) + ": " + found.violation.detail +
            "\n  replay: " + found.replay + "\n";
  }
  text += to_text(result, "");
  text += std::to_string(result.events_per_second()) + " events a second, " +
          std::to_string(result.simulated_seconds_per_second()) + " simulated seconds a second, " +
          std::to_string(result.simulated_seconds_per_core()) + " a second and core with " +
          std::to_string(result.jobs) + " jobs\n";
  text += std::to_string(result.seeds) + " seeds, " + std::to_string(result.operations) +
          " operations, " + std::to_string(result.events) + " events, trace " +
          to_hex(result.trace_hash, 16) + ", " + std::to_string(result.violations.size()) +
          " violations" + (result.complete ? "" : ", A PROCESS DIED") + "\n";
  return text;
}

}  // namespace dfs::world
