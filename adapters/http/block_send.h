// Answers reads of blocks: header, granule CRCs and data, as core/wire/transfer.h lays them out.
//
// Nothing is verified here but that the CRCs combine to the block's: the reader compares the data
// with them (P2). A replica that cannot be read, or is not what it should be, is reported as
// suspect.
#pragma once

#include "adapters/http/block_host.h"
#include "adapters/http/server.h"

namespace dfs::http {

// Answers GET /blocks/v1/<id>.
void send_block(BlockHost& host, BlockId block, const ServerRequest& request,
                ServerResponse& response);

// The same for a reader in this process: a copy task that has this node among its sources.
[[nodiscard]] Status read_here(BlockHost& host, const wire::ReadHeader& header,
                               RangeAnswer& answer);

}  // namespace dfs::http
