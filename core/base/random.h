// Keyed randomness: a draw is a pure function of a seed and of what it is drawn for.
//
// With one sequential stream, leaving out one draw changes all later ones; keyed draws stay as they
// are when a failing run is reduced. No std::*_distribution is used: they differ by library.
#pragma once

#include <cstdint>
#include <string_view>

namespace dfs {

// Mixes two words into one, well enough for simulation and placement (splitmix64's finaliser).
[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  std::uint64_t z = a + 0x9e3779b97f4a7c15u * (b + 1);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

// A key from text, so that streams are named for their purpose ("network.delay").
[[nodiscard]] constexpr std::uint64_t key_of(std::string_view name) {
  std::uint64_t hash = 0xcbf29ce484222325u;  // FNV-1a
  for (char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return hash;
}

__extension__ using Uint128 = unsigned __int128;

// A stream of draws; copyable, comparable by its two words. Not for secrets.
class Random {
 public:
  explicit constexpr Random(std::uint64_t seed) : seed_(seed) {}

  // An independent stream for (this seed, key); the parent does not advance.
  [[nodiscard]] constexpr Random fork(std::uint64_t key) const { return Random(mix(seed_, key)); }
  [[nodiscard]] constexpr Random fork(std::string_view name) const { return fork(key_of(name)); }

  constexpr std::uint64_t next() { return mix(seed_, counter_++); }
  // Uniform in [0, bound); bound > 0. The bias is below bound / 2^64.
  constexpr std::uint64_t below(std::uint64_t bound) {
    return static_cast<std::uint64_t>((static_cast<Uint128>(next()) * bound) >> 64);
  }
  // Uniform in [low, high].
  constexpr std::uint64_t between(std::uint64_t low, std::uint64_t high) {
    return low + below(high - low + 1);
  }
  // True with probability parts / of.
  constexpr bool chance(std::uint64_t parts, std::uint64_t of) { return below(of) < parts; }

 private:
  std::uint64_t seed_;
  std::uint64_t counter_ = 0;
};

}  // namespace dfs
