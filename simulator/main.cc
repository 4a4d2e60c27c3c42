// The program dfs-sim: runs simulated clusters by seed and says which invariants they broke.
//
// Exit status: 0 no violation, 1 a violation, 2 wrong usage. The same source makes dfs-sim-mutants,
// which has the planted bugs compiled in and one more option, --mutant.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "adapters/sqlite/connection.h"
#include "core/base/mutant.h"
#include "simulator/host.h"
#include "simulator/report.h"
#include "simulator/sweep.h"
#include "simulator/world/plan_file.h"
#include "simulator/world/plan_options.h"
#include "simulator/world/reduce.h"

namespace dfs::world {
namespace {

struct CommandLine {
  PlanOptions plan;
  std::map<std::string, std::string> said;  // of plan_options(), by name
  std::uint32_t namenodes = 1;
  std::string seeds = "1..100";
  std::uint32_t jobs = 0;
  std::int64_t seconds = 0;
  std::string mutant;
  bool twice = false;
  bool first = false;
  bool json = false;
  bool story = false;
  std::string hashes;
  std::string plan_file;
  std::string out;
};

// One seed, or a plan from a file.
void add_source(CLI::App& app, CommandLine& line) {
  CLI::Option_group* source = app.add_option_group("source");
  source->add_option("--seed", line.said["seed"], "the seed");
  source->add_option("--plan", line.plan_file,
                     "a plan as text; options here count instead of its lines");
  source->require_option(1);
}

int usage(const std::string& line) {
  std::fprintf(stderr, "dfs-sim: %s\n", line.c_str());
  return 2;
}

void add_plan_options(CLI::App& app, CommandLine& line) {
  for (const PlanOption& option : plan_options()) {
    if (option.name == "seed") continue;  // one seed or many
    app.add_option("--" + std::string(option.name), line.said[std::string(option.name)],
                   std::string(option.help));
  }
  app.add_option("--namenodes", line.namenodes, "NameNodes (1)");
  app.add_flag("--twice", line.twice, "run each seed twice and compare the traces");
  app.add_flag("--json", line.json, "one JSON document on standard output");
#if defined(DFS_MUTANTS)
  app.add_option("--mutant", line.mutant, "switch a planted bug on (see list)");
#endif
}

// What is wrong with the options, "" if nothing.
std::string complete(CommandLine& line) {
  if (line.namenodes != 1) return "--namenodes: only one NameNode can be simulated";
  if (!line.plan_file.empty()) {
    std::string text;
    if (!host::read_file(line.plan_file, kMaxPlanText + 1, text)) {
      return "--plan: " + line.plan_file + ": cannot be read";
    }
    const Result<PlanFile> file = parse_plan(text);
    if (!file.ok()) return "--plan: " + line.plan_file + ": " + file.status().message();
    line.plan = file->plan;
  }
  for (const PlanOption& option : plan_options()) {
    const std::string& said = line.said[std::string(option.name)];
    if (said.empty()) continue;
    const Words words = words_of(said, option.list ? ',' : '\n');
    const std::string wrong = words.empty() ? "says nothing" : option.read(words, line.plan);
    if (!wrong.empty()) return "--" + std::string(option.name) + ": " + wrong;
  }
#if defined(DFS_MUTANTS)
  if (line.mutant.empty()) return "";
  for (const MutantName& known : kMutants) {
    if (known.name != line.mutant) continue;
    switch_on(known.mutant);
    return "";
  }
  return "--mutant: " + line.mutant + ": no such mutant, see dfs-sim list";
#else
  return "";
#endif
}

std::string program_of(const CommandLine& line) {
  return line.mutant.empty() ? "dfs-sim" : "dfs-sim-mutants";
}

// The command that makes this run again.
std::string replay_of(const CommandLine& line, const PlanOptions& options) {
  const std::string command = program_of(line) + " run" + as_arguments(options);
  return line.mutant.empty() ? command : command + " --mutant " + line.mutant;
}

int run_one(const CommandLine& line) {
  const std::int64_t begin = host::wall_ms();
  const Plan plan = make_plan(line.plan);
  const StoryLine story = [](const std::string& told) { std::printf("%s\n", told.c_str()); };
  std::vector<TraceMark> trace;
  const bool traced = line.twice || !line.hashes.empty();
  RunResult result = run(plan, line.story ? story : StoryLine(), traced ? &trace : nullptr);
  const std::int64_t wall = host::wall_ms() - begin;
  if (line.twice) compare_second_run(plan, trace, result);
  if (!line.hashes.empty() && !host::write_file(line.hashes, to_text(trace))) {
    return usage("--hashes: " + line.hashes + ": cannot be written");
  }
  const std::string replay = replay_of(line, line.plan);
  const std::string text = line.json ? boost::json::serialize(to_json(result, wall, replay)) + "\n"
                                     : to_text(result, wall, replay);
  std::fputs(text.c_str(), stdout);
  return result.violations.empty() ? 0 : 1;
}

int sweep_all(const CommandLine& line) {
  SweepOptions options;
  options.plan = line.plan;
  const std::size_t dots = line.seeds.find("..");
  if (dots == std::string::npos || dots == 0) return usage("--seeds: expected A..B");
  try {
    options.first = std::stoull(line.seeds.substr(0, dots));
    options.last = std::stoull(line.seeds.substr(dots + 2));
  } catch (const std::exception&) {
    return usage("--seeds: expected A..B");
  }
  if (options.first > options.last) return usage("--seeds: A must not be above B");
  options.jobs = line.jobs == 0 ? host::processors() : line.jobs;
  options.seconds = line.seconds;
  options.twice = line.twice;
  options.stop_at_first = line.first;
  options.replay = [&line](const PlanOptions& plan) { return replay_of(line, plan); };
  const SweepResult result = sweep(options);
  const std::string text =
      line.json ? boost::json::serialize(to_json(result)) + "\n" : to_text(result);
  std::fputs(text.c_str(), stdout);
  return result.clean() ? 0 : 1;
}

int reduce_one(const CommandLine& line) {
  const std::optional<Reduction> reduced = reduce(
      line.plan, [](const std::string& step) { std::fprintf(stderr, "%s\n", step.c_str()); });
  if (!reduced) {
    std::puts("the plan breaks no invariant");
    return 0;
  }
  const Violation& violation = reduced->violation;
  const std::string cause = violation.invariant + " at event " + std::to_string(violation.event) +
                            ": " + violation.detail;
  if (!host::write_file(line.out, to_text({cause, reduced->plan, violation.invariant}))) {
    return usage("--out: " + line.out + ": cannot be written");
  }
  std::printf(
      "%s\n%zu of %zu operations and %zu of %zu faults are left after %zu runs\n"
      "replay: %s run --plan %s%s\n",
      cause.c_str(), reduced->operations_after, reduced->operations_before, reduced->faults_after,
      reduced->faults_before, reduced->runs, program_of(line).c_str(), line.out.c_str(),
      line.mutant.empty() ? "" : (" --mutant " + line.mutant).c_str());
  return 1;
}

int list_all(bool json) {
  boost::json::object all;
  boost::json::array invariants;
  for (const std::string_view id : kInvariants) invariants.emplace_back(std::string(id));
  boost::json::array profiles;
  for (const std::string_view profile : kProfiles) profiles.emplace_back(std::string(profile));
  boost::json::array faults;
  for (std::size_t i = 0; i < kFaultKinds; ++i) {
    faults.emplace_back(std::string(to_string(static_cast<FaultKind>(i))));
  }
  boost::json::array illnesses;
  for (const std::string_view illness : kIllnesses) illnesses.emplace_back(std::string(illness));
  boost::json::array probes;
  for (const std::string_view probe : all_probes()) probes.emplace_back(std::string(probe));
  boost::json::array mutants;
  for (const MutantName& mutant : kMutants) mutants.emplace_back(std::string(mutant.name));
  all["profiles"] = std::move(profiles);
  all["invariants"] = std::move(invariants);
  all["faults"] = std::move(faults);
  all["illnesses"] = std::move(illnesses);
  all["probes"] = std::move(probes);
  all["mutants"] = std::move(mutants);
  if (json) {
    std::printf("%s\n", boost::json::serialize(all).c_str());
    return 0;
  }
  for (const auto& entry : all) {
    std::printf("%s:\n", std::string(entry.key()).c_str());
    for (const auto& name : entry.value().as_array()) {
      std::printf("  %s\n", name.as_string().c_str());
    }
  }
  return 0;
}

int run_program(int argc, char** argv) {
  CLI::App app("simulates whole clusters, deterministically, and checks what they promise");
  app.require_subcommand(1);
  CommandLine line;
  CLI::App* one = app.add_subcommand("run", "run one seed");
  add_source(*one, line);
  one->add_flag("--story", line.story, "tell the run line by line before the result");
  one->add_option("--hashes", line.hashes,
                  "a file for the rolling trace hash after every event: its number, time and hash");
  add_plan_options(*one, line);
  CLI::App* many = app.add_subcommand("sweep", "run many seeds");
  many->add_option("--seeds", line.seeds, "A..B, both included")->required();
  many->add_option("--jobs", line.jobs, "processes (0: as many as processors)");
  many->add_option("--seconds", line.seconds, "stop starting seeds after so much wall time");
  many->add_flag("--first", line.first, "stop at the first seed with a violation");
  add_plan_options(*many, line);
  CLI::App* smaller = app.add_subcommand("reduce", "the smallest part of a plan that still fails");
  add_source(*smaller, line);
  smaller->add_option("--out", line.out, "the file to write it to")->required();
  add_plan_options(*smaller, line);
  CLI::App* list = app.add_subcommand("list", "profiles, invariants, faults, probes, mutants");
  list->add_flag("--json", line.json, "one JSON document on standard output");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (*list) return list_all(line.json);
  const std::string wrong = complete(line);
  if (!wrong.empty()) return usage(wrong);
  if (*smaller) return reduce_one(line);
  return *one ? run_one(line) : sweep_all(line);
}

}  // namespace
}  // namespace dfs::world

int main(int argc, char** argv) {
  dfs::sqlite::expect_one_thread();
  return dfs::world::run_program(argc, argv);
}
