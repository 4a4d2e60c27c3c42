// VERSION files: only what encode_version can have made is decoded. Each input is tried as it is
// and with the checksum that it should have.
#include "adapters/disk/version_file.h"

#include "core/base/crc32c.h"
#include "tests/fuzz/target.h"

namespace dfs::fuzz {
namespace {

void check_version(const std::string& text) {
  const Result<disk::Version> version = disk::decode_version(text);
  if (!version.ok()) return;
  require(disk::encode_version(*version) == text, "a VERSION file has one form");
}

void fuzz_version(Bytes input) {
  const std::string text(as_text(input));
  check_version(text);
  const std::string summed = text.substr(0, text.rfind("crc32c="));
  check_version(summed + "crc32c=" + to_hex(crc32c(as_bytes(summed)), 8) + "\n");
}

const Registration kVersion({"version", fuzz_version});

}  // namespace
}  // namespace dfs::fuzz
