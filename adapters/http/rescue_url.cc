#include "adapters/http/rescue_url.h"

#include <fstream>

#include "adapters/http/errors.h"
#include "core/base/crc32c.h"
#include "core/wire/json.h"

namespace dfs::http {
namespace {

constexpr Duration kPatience = seconds(20);

std::string target_of(std::string_view kind, const wire::CheckpointHeader& checkpoint) {
  return "/metadata/v1/" + std::string(kind) + "/" + checkpoint.cluster + "/" +
         std::to_string(checkpoint.epoch) + "-" + std::to_string(checkpoint.applied);
}

}  // namespace

Result<wire::MetadataList> RescueUrl::list() {
  const Result<Answer> answer = client_.get(address_, "/metadata/v1/list", kPatience);
  if (!answer.ok()) return answer.status();
  if (answer->status != 200) return error_from_body(answer->status, answer->body);
  auto list = wire::from_json_text<wire::MetadataList>(answer->body, wire::UnknownKeys::kIgnore);
  answered_ = list.ok();
  if (answered_) seen_ = list->seen;
  return list;
}

Result<wire::SeenEpoch> RescueUrl::seen() {
  if (answered_ && seen_.cluster.empty()) {
    return Status(Code::kUnavailable, "does not tell which epoch it has seen");
  }
  return seen_;
}

Status RescueUrl::save_checkpoint(const wire::CheckpointHeader& checkpoint,
                                  const std::string& path) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  std::uint64_t length = 0;
  std::uint32_t crc = 0;
  Status status =
      client_.download(address_, target_of("checkpoint", checkpoint), [&](Bytes data) -> Status {
        length += data.size();
        crc = crc32c(data, crc);
        out.write(as_text(data).data(), std::ssize(data));
        return out ? Status() : Status(Code::kNoSpace, path + ": cannot be written");
      });
  out.close();
  if (status.ok() && !out) status = {Code::kNoSpace, path + ": cannot be written"};
  if (status.ok() && (length != checkpoint.length || crc != checkpoint.crc)) {
    status = {Code::kCorrupt, "the checkpoint is damaged"};
  }
  return status;
}

Status RescueUrl::replicas(
    const std::function<void(const namenode::RescuedReplica& replica)>& /*each*/) {
  return {
      Code::kInvalidArgument,
      "files younger than the journal are rebuilt from DataNodes' directories only; name those"};
}

Result<std::string> RescueUrl::journal(const wire::CheckpointHeader& checkpoint) {
  std::string text;
  Status status =
      client_.download(address_, target_of("journal", checkpoint), [&text](Bytes data) -> Status {
        text.append(as_text(data));
        return {};
      });
  if (!status.ok()) return status;
  return text;
}

}  // namespace dfs::http
