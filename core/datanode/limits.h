// How much a DataNode keeps of what happens, and tells at once.
//
// What does not fit is told later, refused (orders), or told by a full report (changes). Nothing
// depends on the sizes, so simulations make them small: then the edges are common.
#pragma once

#include <cstddef>

namespace dfs::datanode {

struct Limits {
  std::size_t in_message = 1000;  // replicas, changes, results each: the NameNode takes no more
  std::size_t purges_in_message = 100;  // the same
  std::size_t changes = 20'000;         // that the NameNode has not answered yet
  std::size_t orders = 10'000;          // waiting
  std::size_t results = 10'000;         // an order without one is made again
};

}  // namespace dfs::datanode
