#include "simulator/report.h"

#include "core/base/bytes.h"

namespace dfs::world {
namespace {

boost::json::object object_of(const std::map<std::string, std::uint64_t>& values) {
  boost::json::object object;
  for (const auto& [name, count] : values) object[name] = count;
  return object;
}

// Thousandths as a decimal fraction, without floating point.
std::string decimal(std::int64_t thousandths) {
  const std::string digits = std::to_string(thousandths % 1000);
  return std::to_string(thousandths / 1000) + "." + std::string(3 - digits.size(), '0') + digits;
}

std::string line_of(const std::string& title, const std::map<std::string, std::uint64_t>& values) {
  std::string line = title;
  for (const auto& [name, count] : values) line += " " + name + "=" + std::to_string(count);
  return line + "\n";
}

}  // namespace

void add(boost::json::object& document, const Counts& counts, std::int64_t wall_ms) {
  document["wall_seconds"] = wall_ms / 1000;
  document["wall_ms"] = wall_ms;
  document["events"] = counts.events;
  document["operations"] = counts.operations;
  document["outcomes"] = object_of(counts.outcomes);
  document["faults"] = object_of(counts.faults);
  document["checks"] = object_of(counts.checks);
  document["probes"] = object_of(counts.probes);
}

std::string to_text(const Counts& counts, const std::string& indent) {
  return line_of(indent + "operations:", counts.outcomes) +
         line_of(indent + "faults:", counts.faults) + line_of(indent + "checks:", counts.checks) +
         line_of(indent + "probes:", counts.probes);
}

boost::json::object to_json(const RunResult& result, std::int64_t wall_ms,
                            const std::string& replay) {
  boost::json::object object;
  object["seed"] = result.seed;
  object["trace_hash"] = to_hex(result.trace_hash, 16);
  object["sim_seconds"] = result.simulated_us / 1'000'000;
  add(object, result, wall_ms);
  boost::json::array violations;
  for (const Violation& violation : result.violations) {
    violations.push_back({{"invariant", violation.invariant},
                          {"event", violation.event},
                          {"sim_us", violation.at_us},
                          {"detail", violation.detail},
                          {"replay", replay}});
  }
  object["violations"] = std::move(violations);
  return object;
}

std::string to_text(const RunResult& result, std::int64_t wall_ms, const std::string& replay) {
  std::string text = "seed " + std::to_string(result.seed) + ": " +
                     decimal(result.simulated_us / 1000) + " simulated seconds in " +
                     decimal(wall_ms) + " s, " + std::to_string(result.events) + " events, " +
                     std::to_string(result.operations) + " operations, trace " +
                     to_hex(result.trace_hash, 16) + "\n";
  text += to_text(result, "  ");
  for (const Violation& violation : result.violations) {
    text += "  VIOLATION " + violation.invariant + " at event " + std::to_string(violation.event) +
            " (" + decimal(violation.at_us / 1000) + " s): " + violation.detail +
            "\n    replay: " + replay + "\n";
  }
  return text;
}

}  // namespace dfs::world
