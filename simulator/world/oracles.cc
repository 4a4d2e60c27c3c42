#include "simulator/world/oracles.h"

namespace dfs::world {

std::vector<std::unique_ptr<Oracle>> make_oracles(Scene& scene) {
  using Make = std::unique_ptr<Oracle> (*)(Scene&);
  // The particular before the general: the first violation names a run's failure.
  constexpr std::pair<std::string_view, Make> kAll[] = {
      {"D1", make_d1}, {"D2", make_d2}, {"D3", make_d3}, {"D4", make_d4}, {"D5", make_d5},
      {"G4", make_g4}, {"V1", make_v1}, {"V2", make_v2}, {"V3", make_v3}, {"G1", make_g1},
      {"G2", make_g2}, {"G3", make_g3}, {"N2", make_n2}, {"N1", make_n1}, {"N3", make_n3},
      {"C1", make_c1}, {"C2", make_c2}, {"C3", make_c3}, {"C4", make_c4}, {"S1", make_s1},
      {"F1", make_f1}, {"B1", make_b1}, {"B2", make_b2}, {"B3", make_b3}, {"T1", make_t1},
      {"A1", make_a1}};
  static_assert(std::size(kAll) == std::size(kInvariants));
  std::vector<std::unique_ptr<Oracle>> oracles;
  for (const auto& [invariant, make] : kAll) {
    if (scene.verdicts.judges(invariant)) oracles.push_back(make(scene));
  }
  oracles.push_back(make_probes(scene));
  return oracles;
}

}  // namespace dfs::world
