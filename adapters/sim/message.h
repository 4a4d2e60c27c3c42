// What travels in the simulated network: the wire protocol's messages as structs, and block data.
//
// A connection carries one exchange, like one HTTP request: a call is a Request and its Reply; a
// block write is WriteOpen, BodyPieces, BodyEnd and a WriteAnswer; a read is ReadAsk and
// RangeAnswer.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "adapters/sim/payload.h"
#include "core/base/digest.h"
#include "core/wire/metadata_messages.h"
#include "core/wire/requests.h"
#include "core/wire/transfer.h"

namespace dfs::sim {

struct CallMessage {
  wire::Request request;
};
struct CallAnswer {
  wire::Reply reply;
};
struct WriteOpen {
  wire::WriteHeader header;
};
struct BodyPiece {
  Slice data;
};
struct BodyEnd {};
struct WriteAnswer {
  Status status;
  wire::WriteReply reply;  // when ok
};
struct ReadAsk {
  wire::ReadHeader header;
};
struct RangeAnswer {
  Status status;
  wire::RangeHeader header;  // this and the rest: when ok
  std::vector<std::uint32_t> granule_crcs;
  Slice data;
};
struct JournalPost {
  wire::JournalAppend append;
};
struct CheckpointPut {
  wire::CheckpointHeader header;
  std::shared_ptr<const std::string> file;
};
struct HomeAnswer {
  Status status;
  wire::JournalState state;  // when ok
};

using Message = std::variant<CallMessage, CallAnswer, WriteOpen, BodyPiece, BodyEnd, WriteAnswer,
                             ReadAsk, RangeAnswer, JournalPost, CheckpointPut, HomeAnswer>;

// Adds the message's kind and fields to the trace; of block data its length and CRC are enough.
void hash_message(Digest& digest, const Message& message);
// Bytes on the wire, roughly: what a transfer's duration is computed from.
[[nodiscard]] std::uint64_t size_of(const Message& message);

}  // namespace dfs::sim
