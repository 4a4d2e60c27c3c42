// How much a DataNode keeps of what happens, and tells at once.
//
// What does not fit is told later, refused (orders), or told by a full report (changes). The sizes
// may be smaller, and simulations make them so, for edges to be common; but each is at least 1, and
// `orders` as many as the NameNode gives at once: it leaves alone for a while who refuses.
#pragma once

#include <cstddef>

namespace dfs::datanode {

struct Limits {
  std::size_t in_message =
      1000;  // replicas, changes, results, bad sources: the NameNode takes no more
  std::size_t purges_in_message = 100;  // the same
  std::size_t changes = 20'000;         // that the NameNode has not answered yet
  std::size_t orders = 10'000;          // waiting
  std::size_t results = 10'000;         // an order without one is made again
};

}  // namespace dfs::datanode
