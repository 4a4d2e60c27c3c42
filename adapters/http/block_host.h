// What transfers and tasks need of the DataNode that they run in. DataNodeServer is the real one.
#pragma once

#include "adapters/disk/replica_store.h"
#include "adapters/http/socket_client.h"
#include "core/datanode/datanode.h"

namespace dfs::http {

class BlockHost {
 public:
  virtual ~BlockHost() = default;

  [[nodiscard]] virtual datanode::Identity identity() = 0;
  // kNotFound: there is none. kUnavailable: it cannot be read now, so what it is is not known.
  [[nodiscard]] virtual Result<datanode::DataNode::Replica> find(BlockId block) = 0;
  // See datanode::DataNode.
  virtual void stored(const wire::BlockInfo& info, datanode::VolumeId volume) = 0;
  virtual void suspect(BlockId block) = 0;
  virtual void found_bad(const wire::BadReplica& replica) = 0;

  [[nodiscard]] virtual disk::ReplicaStore& store() = 0;
  [[nodiscard]] virtual SocketClient& peers() = 0;
};

}  // namespace dfs::http
