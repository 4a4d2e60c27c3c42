// The oracles, one for each invariant that this simulator checks.
#pragma once

#include "simulator/world/oracle.h"

namespace dfs::world {

[[nodiscard]] std::unique_ptr<Oracle> make_d1(Scene& scene);
[[nodiscard]] std::unique_ptr<Oracle> make_d2(Scene& scene);
[[nodiscard]] std::unique_ptr<Oracle> make_d3(Scene& scene);
[[nodiscard]] std::unique_ptr<Oracle> make_d4(Scene& scene);
[[nodiscard]] std::unique_ptr<Oracle> make_d5(Scene& scene);
[[nodiscard]] std::unique_ptr<Oracle> make_v1(Scene& scene);
[[nodiscard]] std::unique_ptr<Oracle> make_v2(Scene& scene);
[[nodiscard]] std::unique_ptr<Oracle> make_v3(Scene& scene);
[[nodiscard]] std::unique_ptr<Oracle> make_g1(Scene& scene);
[[nodiscard]] std::unique_ptr<Oracle> make_g2(Scene& scene);
[[nodiscard]] std::unique_ptr<Oracle> make_g3(Scene& scene);
[[nodiscard]] std::unique_ptr<Oracle> make_g4(Scene& scene);
[[nodiscard]] std::unique_ptr<Oracle> make_n1(Scene& scene);
[[nodiscard]] std::unique_ptr<Oracle> make_n2(Scene& scene);
[[nodiscard]] std::unique_ptr<Oracle> make_n3(Scene& scene);
[[nodiscard]] std::unique_ptr<Oracle> make_c1(Scene& scene);
[[nodiscard]] std::unique_ptr<Oracle> make_c2(Scene& scene);
[[nodiscard]] std::unique_ptr<Oracle> make_c3(Scene& scene);
[[nodiscard]] std::unique_ptr<Oracle> make_c4(Scene& scene);
[[nodiscard]] std::unique_ptr<Oracle> make_s1(Scene& scene);
[[nodiscard]] std::unique_ptr<Oracle> make_b1(Scene& scene);
[[nodiscard]] std::unique_ptr<Oracle> make_b2(Scene& scene);
[[nodiscard]] std::unique_ptr<Oracle> make_f1(Scene& scene);
[[nodiscard]] std::unique_ptr<Oracle> make_b3(Scene& scene);
[[nodiscard]] std::unique_ptr<Oracle> make_t1(Scene& scene);
[[nodiscard]] std::unique_ptr<Oracle> make_a1(Scene& scene);
// Judges nothing: notes rare things that the others' hooks show.
[[nodiscard]] std::unique_ptr<Oracle> make_probes(Scene& scene);

}  // namespace dfs::world
