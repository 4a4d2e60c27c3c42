// Writes the seeds that need an encoder (checksums, digests, every message) into the corpus:
// fuzz_seeds tests/fuzz/corpus. The other seeds are written by hand.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "adapters/disk/version_file.h"
#include "adapters/http/codec.h"
#include "core/base/crc32c.h"
#include "core/datanode/sidecar.h"
#include "core/namenode/command.h"
#include "core/wire/journal.h"

namespace dfs::fuzz {
namespace {

std::filesystem::path corpus;

void write(const std::string& target, std::string name, std::string_view bytes) {
  std::ranges::replace(name, '/', '-');
  std::filesystem::create_directories(corpus / target);
  std::ofstream(corpus / target / name, std::ios::binary) << bytes;
}

datanode::Sidecar sidecar_of(std::string_view bytes) {
  datanode::Sidecar sidecar{.cluster = "c1", .inode = {7}, .index = 2, .path_hint = "/a/b"};
  sidecar.info = {BlockId{5}, bytes.size(), crc32c(as_bytes(bytes))};
  const auto crcs = [&](std::size_t unit) {
    std::vector<std::uint32_t> found;
    for (std::size_t at = 0; at < bytes.size(); at += unit) {
      found.push_back(crc32c(as_bytes(bytes.substr(at, unit))));
    }
    return found;
  };
  sidecar.granule_crcs = crcs(wire::kGranuleBytes);
  sidecar.chunk_crcs = crcs(wire::kChunkBytes);
  return sidecar;
}

std::string journal() {
  const wire::CheckpointHeader checkpoint{
      .cluster = "c1", .epoch = 1, .applied = 5, .length = 8, .crc = 9, .time = {1}};
  wire::JournalState state = wire::journal_begin(checkpoint);
  wire::JournalAppend append{
      .cluster = "c1", .epoch = 1, .first = 6, .before = state.chain, .lines = {"one", "{}"}};
  append.after = wire::chain_next(wire::chain_next(state.chain, 6, "one"), 7, "{}");
  return wire::journal_head(checkpoint) + wire::extend_journal(state, append).value();
}

template <std::size_t... I>
void write_requests(std::index_sequence<I...> /*all*/) {
  const auto one = [](const wire::Request& request) {
    const std::string method(http::method_of(request));
    write("request_message", method, method + "\n" + http::encode_request(request));
    write("reply_message", method, method + "\n{}");
  };
  (one(wire::Request(std::in_place_index<I>)), ...);
}

template <std::size_t... I>
void write_commands(std::index_sequence<I...> /*all*/) {
  namenode::Command command;
  (write("command", std::to_string(I), namenode::to_text((command.body.emplace<I>(), command))),
   ...);
}

void write_all() {
  write("sidecar", "empty", as_text(datanode::encode_sidecar(sidecar_of(""))));
  write("sidecar", "two_granules",
        as_text(datanode::encode_sidecar(sidecar_of(std::string(70'000, 'x')))));
  std::uint8_t header[wire::kRangeHeaderBytes];
  wire::encode_range_header({{BlockId{5}, 200'000, 9}, 65'536, 134'464}, header);
  write("range_header", "end_of_a_block", as_text(header));
  write("version", "of_a_node",
        disk::encode_version({std::string(32, 'a'), {"c1", NodeId{3}, {2, 100, 50}}}));
  write("journal", "two_commands", journal());
  write("metadata_home", "two_commands", journal());
  write_requests(std::make_index_sequence<std::variant_size_v<wire::Request>>());
  write_commands(
      std::make_index_sequence<std::variant_size_v<decltype(namenode::Command::body)>>());
}

}  // namespace
}  // namespace dfs::fuzz

int main(int count, char** arguments) {
  if (count != 2) {
    std::cerr << "fuzz_seeds CORPUS\n";
    return 2;
  }
  dfs::fuzz::corpus = arguments[1];
  dfs::fuzz::write_all();
  return 0;
}
