// Time as data. Nothing in core/ reads a clock: every step is told what time it is.
//
// Two clocks, never mixed. Monotonic time drives liveness, leases and retries; it is counted from
// the start of the process and never steps back. Wall time is only recorded (mtime) and shown.
#pragma once

#include <compare>
#include <cstdint>

namespace dfs {

// Microseconds of monotonic time, or between two points of it.
struct Duration {
  std::int64_t us = 0;
  friend auto operator<=>(const Duration&, const Duration&) = default;
};
struct Instant {
  std::int64_t us = 0;
  friend auto operator<=>(const Instant&, const Instant&) = default;
};

constexpr Duration operator-(Instant a, Instant b) { return {a.us - b.us}; }
constexpr Instant operator+(Instant a, Duration d) { return {a.us + d.us}; }
constexpr Instant operator-(Instant a, Duration d) { return {a.us - d.us}; }
constexpr Duration operator+(Duration a, Duration b) { return {a.us + b.us}; }
constexpr Duration operator-(Duration a, Duration b) { return {a.us - b.us}; }
constexpr Duration operator*(Duration a, std::int64_t k) { return {a.us * k}; }
constexpr Duration operator/(Duration a, std::int64_t k) { return {a.us / k}; }

constexpr Duration microseconds(std::int64_t n) { return {n}; }
constexpr Duration milliseconds(std::int64_t n) { return {n * 1000}; }
constexpr Duration seconds(std::int64_t n) { return {n * 1000000}; }
constexpr Duration hours(std::int64_t n) { return seconds(n * 3600); }
constexpr Duration days(std::int64_t n) { return hours(n * 24); }

inline constexpr Instant kNever{INT64_MAX};

// Milliseconds since 1970-01-01 00:00 UTC, as HDFS stores times.
struct WallTime {
  std::int64_t ms = 0;
  friend auto operator<=>(const WallTime&, const WallTime&) = default;
};

// What a step is told about time.
struct Now {
  Instant mono;
  WallTime wall;
};

}  // namespace dfs
