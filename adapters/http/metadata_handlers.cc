#include "adapters/http/metadata_handlers.h"

#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>

#include "adapters/http/socket_client.h"
#include "core/wire/json.h"

namespace dfs::http {
namespace {

constexpr std::string_view kCheckpoint = "/metadata/v1/checkpoint/";
constexpr std::string_view kJournal = "/metadata/v1/journal/";

// The server's pattern for everything below a path.
std::string all_below(std::string_view path) {
  std::string pattern(path);
  pattern.push_back('*');
  return pattern;
}

// <cluster>/<epoch>-<applied>
struct Name {
  std::string cluster;
  std::uint64_t epoch = 0;
  std::uint64_t applied = 0;
};

bool parse_digits(std::string_view text, std::uint64_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() && !text.empty();
}

std::optional<Name> parse_name(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::size_t dash = text.find('-');
  if (slash == std::string_view::npos || dash == std::string_view::npos || dash < slash) {
    return std::nullopt;
  }
  Name name;
  name.cluster = text.substr(0, slash);
  const bool hexadecimal = name.cluster.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!hexadecimal || name.cluster.size() != 32 ||
      !parse_digits(text.substr(slash + 1, dash - slash - 1), name.epoch) ||
      !parse_digits(text.substr(dash + 1), name.applied)) {
    return std::nullopt;
  }
  return name;
}

class Handlers {
 public:
  Handlers(disk::MetadataHome& home, std::function<datanode::Identity()> identity)
      : home_(home), identity_(std::move(identity)) {}

  void append(const ServerRequest& request, ServerResponse& response) const {
    const Result<std::string> body = request.body->text(wire::kMaxAppendMessage);
    if (!body.ok()) return response.fail(body.status());
    const auto object = wire::parse_object(*body, wire::kMaxAppendMessage);
    if (!object.ok()) return response.fail(object.status());
    const auto append = wire::from_json<wire::JournalAppend>(*object, wire::UnknownKeys::kReject);
    if (!append.ok()) return response.fail(append.status());
    if (!is_own(append->cluster)) return refuse(response);
    answer(home_.append(*append), response);
  }

  void put_checkpoint(const ServerRequest& request, ServerResponse& response) const {
    const std::string* text = request.header("X-Dfs-Checkpoint");
    if (text == nullptr) {
      return response.fail(
          {Code::kInvalidArgument, "a checkpoint needs the header X-Dfs-Checkpoint"});
    }
    const auto header =
        wire::from_json_text<wire::CheckpointHeader>(*text, wire::UnknownKeys::kReject);
    if (!header.ok()) return response.fail(header.status());
    const auto name = parse_name(std::string_view(request.path).substr(kCheckpoint.size()));
    if (!name || name->cluster != header->cluster || name->epoch != header->epoch ||
        name->applied != header->applied || request.body->length() != header->length) {
      return response.fail(
          {Code::kInvalidArgument, "X-Dfs-Checkpoint does not agree with the request"});
    }
    if (!is_own(header->cluster)) return refuse(response);
    // It would take the place of what is here, and the NameNode would be behind it.
    if (header->epoch > identity_().seen.epoch) {
      return response.fail({Code::kUnavailable, "this DataNode has not heard of epoch " +
                                                    std::to_string(header->epoch)});
    }
    Result<disk::MetadataHome::Incoming> incoming = home_.begin(*header);
    if (!incoming.ok()) return response.fail(incoming.status());
    Status written;
    const Status received = request.body->receive([&](Bytes data) {
      written = incoming->write(data);
      return written.ok();
    });
    if (!received.ok()) return response.fail(received);
    if (!written.ok()) return response.fail(written);
    answer(home_.finish(std::move(*incoming)), response);
  }

  void list(ServerResponse& response) const {
    wire::MetadataList list = home_.list();
    const datanode::Identity identity = identity_();
    list.seen = {identity.cluster, identity.seen.epoch};
    response.body = wire::to_json_text(list);
  }

  void send(const ServerRequest& request, ServerResponse& response, bool journal) const {
    const std::string_view prefix = journal ? kJournal : kCheckpoint;
    const auto name = parse_name(std::string_view(request.path).substr(prefix.size()));
    if (!name) return response.fail({Code::kInvalidArgument, "not <cluster>/<epoch>-<applied>"});
    Result<disk::HomeFile> file = journal
                                      ? home_.journal(name->cluster, name->epoch, name->applied)
                                      : home_.checkpoint(name->cluster, name->epoch, name->applied);
    if (!file.ok()) return response.fail(file.status());
    response.content_type = "application/octet-stream";
    response.stream_length = file->size();
    response.stream = [file = std::make_shared<disk::HomeFile>(std::move(*file))](
                          const Sink& sink) { return send_file(*file, sink); };
  }

 private:
  static bool send_file(const disk::HomeFile& file, const Sink& sink) {
    Buffer buffer;
    for (std::uint64_t at = 0; at < file.size(); at += kIoBytes) {
      const std::uint64_t size = std::min<std::uint64_t>(kIoBytes, file.size() - at);
      const MutableBytes piece = buffer.resize(static_cast<std::size_t>(size));
      if (!file.read(at, piece).ok() || !sink(piece)) return false;
    }
    return true;
  }

  void answer(Result<wire::JournalState> state, ServerResponse& response) const {
    if (!state.ok()) return response.fail(state.status());
    state->node = identity_().node;
    response.body = wire::to_json_text(*state);
  }

  [[nodiscard]] bool is_own(const std::string& cluster) const {
    return !cluster.empty() && cluster == identity_().cluster;
  }
  static void refuse(ServerResponse& response) {
    response.fail({Code::kWrongCluster, "not a DataNode of this cluster"});
  }

  disk::MetadataHome& home_;
  const std::function<datanode::Identity()> identity_;
};

}  // namespace

void add_metadata_handlers(Server& server, disk::MetadataHome& home,
                           std::function<datanode::Identity()> identity) {
  const auto handlers = std::make_shared<const Handlers>(home, std::move(identity));
  server.handle("POST", "/metadata/v1/journal",
                [handlers](const ServerRequest& request, ServerResponse& response) {
                  handlers->append(request, response);
                });
  server.handle("PUT", all_below(kCheckpoint),
                [handlers](const ServerRequest& request, ServerResponse& response) {
                  handlers->put_checkpoint(request, response);
                });
  server.handle(
      "GET", "/metadata/v1/list",
      [handlers](const ServerRequest&, ServerResponse& response) { handlers->list(response); });
  for (const bool journal : {false, true}) {
    server.handle("GET", all_below(journal ? kJournal : kCheckpoint),
                  [handlers, journal](const ServerRequest& request, ServerResponse& response) {
                    handlers->send(request, response, journal);
                  });
  }
}

}  // namespace dfs::http
