#include "simulator/world/oracles.h"

namespace dfs::world {

std::vector<std::unique_ptr<Oracle>> make_oracles(Scene& scene) {
  std::vector<std::unique_ptr<Oracle>> oracles;
  // The particular before the general: the first violation names a run's failure.
  for (const auto make :
       {make_d1, make_d2, make_d3, make_d4, make_d5, make_g4, make_v1, make_v2, make_v3, make_g1,
        make_g2, make_g3, make_n2, make_n1, make_n3, make_c1, make_c2, make_c3, make_c4, make_s1,
        make_b3}) {
    oracles.push_back(make(scene));
  }
  return oracles;
}

}  // namespace dfs::world
