#include "core/namenode/namespace/planted.h"

namespace dfs::namenode {

void plant_block(Store& store, const wire::BlockInfo& replica) {
  BlockRow row;
  row.id = replica.id;
  row.state = BlockState::kCommitted;
  row.length = replica.length;
  row.crc = replica.crc;
  row.replication = 1;
  store.put_block(row);
}

}  // namespace dfs::namenode
