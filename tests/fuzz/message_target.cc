// JSON messages that are neither requests nor replies of the NameNode: transfer headers and what is
// said of the metadata's second home. One text is read as each of them, by servers and by clients.
#include "core/wire/json.h"
#include "core/wire/metadata_messages.h"
#include "core/wire/transfer.h"
#include "tests/fuzz/target.h"

namespace dfs::fuzz {
namespace {

template <class Message>
void read_as(std::string_view text) {
  const auto strict = wire::from_json_text<Message>(text, wire::UnknownKeys::kReject);
  const auto lenient = wire::from_json_text<Message>(text, wire::UnknownKeys::kIgnore);
  if (strict.ok()) require(lenient.ok() && *lenient == *strict, "clients read what servers do");
  if (!lenient.ok()) {
    require(lenient.status().message().find('\n') == std::string::npos, "an error is one line");
    return;
  }
  const std::string canonical = wire::to_json_text(*lenient);
  const auto again = wire::from_json_text<Message>(canonical, wire::UnknownKeys::kReject);
  require(again.ok() && *again == *lenient, "a message survives its text");
}

void fuzz_message(Bytes input) {
  const std::string_view text = as_text(input);
  read_as<wire::WriteHeader>(text);
  read_as<wire::WriteReply>(text);
  read_as<wire::ReadHeader>(text);
  read_as<wire::CheckpointHeader>(text);
  read_as<wire::JournalState>(text);
  read_as<wire::JournalAppend>(text);
  read_as<wire::MetadataList>(text);
}

const Registration kMessage({"message", fuzz_message});

}  // namespace
}  // namespace dfs::fuzz
