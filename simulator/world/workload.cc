#include "simulator/world/workload.h"

#include <algorithm>
#include <bit>

#include "core/base/assert.h"

namespace dfs::world {
namespace {

constexpr std::size_t kMostAtOnce = 64;  // operations of one client
constexpr int kAtOnceInATurn = 4;
constexpr std::uint64_t kDirectories = 4;
constexpr std::uint64_t kNames = 24;
constexpr int kMostLevels = 3;
// How long a slow source needs for a block, or a slow reader for a piece, at most.
constexpr std::uint64_t kSlowestMs = 16'000;
constexpr Duration kComesBackWithin = seconds(30);  // from quarantine, once its absence is noticed
constexpr int kPatience = 6;                        // readings in that time

// What a get has been handed so far.
struct Session {
  std::string path;
  InodeId version;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::uint64_t delivered = 0;
  bool each_once = true;
  std::map<std::uint64_t, std::uint64_t> pieces;  // begin → end, apart from each other

  void take(std::uint64_t offset, std::uint64_t length) {
    if (length == 0) return;
    const auto after = pieces.lower_bound(offset);
    const bool overlaps = (after != pieces.end() && after->first < offset + length) ||
                          (after != pieces.begin() && std::prev(after)->second > offset);
    if (overlaps || offset < begin || offset + length > end) each_once = false;
    pieces[offset] = offset + length;
    delivered += length;
  }
};

// Of those few that are slow; over orders of magnitude.
Duration slowness(Random draw) {
  if (!draw.chance(1, 12)) return {};
  const std::uint64_t most = kSlowestMs >> draw.below(8);
  return milliseconds(static_cast<std::int64_t>(draw.between(most / 2, most)));
}

// Of a file, nearly always.
std::string name(Random& draw) {
  return draw.chance(1, 12) ? "d" + std::to_string(draw.below(kDirectories))
                            : "f" + std::to_string(draw.below(kNames));
}

Status status_of(const wire::Reply& reply) {
  const auto* status = std::get_if<Status>(&reply);
  return status == nullptr ? Status() : *status;
}

}  // namespace

Workload::Workload(Scene& scene, std::vector<sim::ClientNode*> clients,
                   std::vector<std::unique_ptr<Oracle>>& oracles)
    : scene_(scene),
      clients_(std::move(clients)),
      oracles_(oracles),
      random_(mix(scene.plan.seed, key_of("workload"))),
      series_(clients_.size()) {}

bool Workload::idle() const {
  return std::all_of(clients_.begin(), clients_.end(),
                     [](const sim::ClientNode* client) { return client->running() == 0; });
}

// What a client that has crashed was about to do is over, and nothing says so.
void Workload::client_starts() {
  reading_.clear();
  overwriting_.clear();
  creating_.clear();
}

void Workload::start() {
  for (std::size_t series = 0; series < clients_.size(); ++series) next(series);
}

// Time has a slot for each operation, the series in turns, and an operation begins somewhere in its
// slot: so every second has as many, and the load is no higher than what is wanted.
void Workload::next(std::size_t series) {
  const std::uint64_t turn = series_[series].turns++;
  const std::uint64_t slot = 1'000'000 / scene_.plan.operations_per_second;
  Random draw = random_.fork("pace").fork(series).fork(turn);
  const std::uint64_t us = (turn * clients_.size() + series) * slot + draw.below(slot);
  scene_.queue.at(Instant{static_cast<std::int64_t>(us)}, [this, series] {
    if (stopped_) return;
    ++series_[series].due;
    start_due(series);
    next(series);
  });
}

// What no client could carry out in its turn is made up for at several times the pace.
void Workload::start_due(std::size_t series) {
  Series& mine = series_[series];
  for (int started = 0; started < kAtOnceInATurn && mine.due > 0; ++started) {
    const std::size_t client = who_is_free(series);
    if (client == clients_.size()) return;
    --mine.due;
    const OperationKey key{static_cast<std::uint32_t>(series), ++mine.number};
    if (!scene_.plan.selection.has(key)) continue;
    performed_.push_back(key);
    start_one(key, client);
  }
}

// A client that is down or busy leaves its operation to the next one, so that the load stays.
std::size_t Workload::who_is_free(std::size_t series) const {
  for (std::size_t step = 0; step < clients_.size(); ++step) {
    const std::size_t client = (series + step) % clients_.size();
    const sim::ClientNode& node = *clients_[client];
    if (node.up() && !node.paused() && node.running() < kMostAtOnce) return client;
  }
  return clients_.size();
}

// A walk down from the root that ends where it likes.
std::string Workload::existing(Random& draw, bool files, bool directories) const {
  const NamespaceModel& model = scene_.applied;
  for (int attempt = 0; attempt < 4; ++attempt) {
    const ModelInode* at = model.inode(kRootInode);
    std::string path;
    while (at->directory && !at->entries.empty()) {
      auto entry = at->entries.begin();
      std::advance(entry, static_cast<std::ptrdiff_t>(draw.below(at->entries.size())));
      path += "/" + entry->first;
      at = model.inode(entry->second);
      if (at->directory && directories && draw.chance(1, 2)) return path;
    }
    if (at->directory ? directories && !path.empty() : files) return path;
  }
  return fresh(draw);
}

std::string Workload::at_once_with(Random& draw, const std::multiset<std::string>& paths) const {
  if (paths.empty() || draw.chance(1, 2)) return existing(draw, true, false);
  auto path = paths.begin();
  std::advance(path, static_cast<std::ptrdiff_t>(draw.below(paths.size())));
  return *path;
}

std::string Workload::fresh(Random& draw) const {
  std::string path;
  while (draw.chance(2, 3) && std::count(path.begin(), path.end(), '/') < kMostLevels) {
    path += "/d" + std::to_string(draw.below(kDirectories));
  }
  return path + "/" + name(draw);
}

void Workload::start_one(OperationKey key, std::size_t client) {
  Random draw = random_.fork("operation").fork(key.series).fork(key.number);
  const auto& weights = scene_.plan.weights;
  std::uint64_t sum = 0;
  for (const std::uint32_t weight : weights) sum += weight;
  std::uint64_t at = draw.below(sum);
  std::size_t index = 0;
  while (at >= weights[index]) at -= weights[index++];
  auto kind = static_cast<OperationKind>(index);
  const bool crowded = scene_.applied.inodes().size() > scene_.plan.max_files;
  if (crowded && kind == OperationKind::kPut) kind = OperationKind::kRemove;
  ++started_;
  switch (kind) {
    case OperationKind::kPut:
      return put(client, fresh(draw), false, draw.fork("put"));
    case OperationKind::kOverwrite:
      return put(client, at_once_with(draw, reading_), true, draw.fork("put"));
    case OperationKind::kGet:
      return get(client, at_once_with(draw, overwriting_), false, draw.fork("get"),
                 [this](const Status& status) { finished(OperationKind::kGet, status); });
    case OperationKind::kList:
      return call(client, kind,
                  wire::List{draw.chance(1, 4) ? "/" : existing(draw, true, true),
                             draw.chance(1, 4) ? name(draw) : "", draw.chance(1, 3) ? 2u : 0u});
    case OperationKind::kStat:
      return call(client, kind,
                  wire::Stat{draw.chance(1, 3) ? fresh(draw) : existing(draw, true, true)});
    case OperationKind::kSummarize:
      return call(client, kind,
                  wire::Summarize{draw.chance(1, 4) ? "/" : existing(draw, true, true)});
    case OperationKind::kMkdir:
      return call(client, kind, wire::Mkdir{{}, fresh(draw), draw.chance(1, 2), 0755});
    case OperationKind::kRemove:
      return call(client, kind,
                  wire::Remove{{},
                               draw.chance(1, 3) ? existing(draw, true, true)
                                                 : at_once_with(draw, creating_),
                               draw.chance(1, 2)});
    case OperationKind::kRename: {
      // Often of a file, or over one, that is being written.
      const std::string from =
          draw.chance(1, 2) ? existing(draw, true, true) : at_once_with(draw, overwriting_);
      const std::string to = draw.chance(1, 8)   ? from + "/d0"
                             : draw.chance(1, 2) ? fresh(draw)
                             : draw.chance(1, 2) ? existing(draw, true, true)
                                                 : at_once_with(draw, creating_);
      return call(client, kind, wire::Rename{{}, from, to, draw.chance(1, 2)});
    }
    case OperationKind::kSetReplication:
      return call(
          client, kind,
          wire::SetReplication{{},
                               existing(draw, true, false),
                               static_cast<std::uint32_t>(draw.between(1, scene_.plan.datanodes))});
    case OperationKind::kScrub:
      if (draw.chance(1, 2)) return call(client, kind, wire::ClusterReport{});
      return call(client, kind, wire::Scrub{existing(draw, true, true), ""});
  }
}

void Workload::finished(OperationKind kind, const Status& status) {
  ++outcomes_[std::string(to_string(kind)) + " " +
              (status.ok() ? "ok" : std::string(to_string(status.code())))];
}

void Workload::call(std::size_t client, OperationKind kind, wire::Request request) {
  clients_[client]->call(
      {std::move(request), scene_.plan.retry,
       [this, kind](const wire::Reply& reply) { finished(kind, status_of(reply)); }});
}

void Workload::put(std::size_t client, const std::string& path, bool overwrite, Random draw) {
  const Plan& plan = scene_.plan;
  const bool big = plan.big_block_size > 0 && draw.chance(1, plan.big_one_in);
  sim::PutJob job;
  job.options.path = path;
  job.options.overwrite = overwrite;
  job.options.replication =
      draw.chance(1, 4) ? static_cast<std::uint32_t>(draw.between(1, plan.datanodes)) : 0;
  job.options.block_size = big ? plan.big_block_size : plan.block_size;
  job.options.window = plan.window;
  job.options.retry = plan.retry;
  const std::uint64_t blocks = draw.below(big ? 3 : plan.max_blocks + 1);
  const std::uint64_t rest = draw.chance(1, 4) ? 0 : draw.below(job.options.block_size);
  const Content content{draw.next(), blocks * job.options.block_size + rest};
  job.length = content.length;
  job.produce = slowness(draw.fork("slow source"));
  job.source = [content](std::uint64_t offset, std::uint64_t length) {
    return sim::share(bytes_of(content, offset, length));
  };
  job.opened = [this, content](InodeId version) { scene_.contents[version] = content; };
  const OperationKind kind = overwrite ? OperationKind::kOverwrite : OperationKind::kPut;
  std::multiset<std::string>& writing = overwrite ? overwriting_ : creating_;
  writing.insert(path);
  auto cancelled = std::make_shared<bool>(false);
  job.done = [this, kind, cancelled, path, content, &writing](const Status& status,
                                                              const wire::FileStatus& file) {
    if (const auto at = writing.find(path); at != writing.end()) writing.erase(at);
    if (status.ok()) {
      for (const auto& oracle : oracles_) oracle->put_done(path, content, file);
    }
    if (*cancelled && !status.ok()) {
      ++outcomes_[std::string(to_string(kind)) + " cancelled"];
    } else {
      finished(kind, status);
    }
  };
  const sim::JobId id = clients_[client]->put(std::move(job));
  if (draw.chance(1, 20)) {  // Ctrl-C
    clients_[client]->after(milliseconds(static_cast<std::int64_t>(draw.below(500))),
                            [this, client, id, cancelled] {
                              *cancelled = true;
                              clients_[client]->cancel(id);
                            });
  }
}

void Workload::get(std::size_t client, const std::string& path, bool whole, Random draw,
                   std::function<void(const Status&)> done) {
  auto session = std::make_shared<Session>();
  session->path = path;
  reading_.insert(path);
  sim::GetJob job;
  job.options.path = path;
  job.options.window = scene_.plan.window;
  job.options.retry = scene_.plan.retry;
  // One granule, or twice as many again and again, up to a whole block.
  const std::uint64_t most =
      wire::granules_of(std::max(scene_.plan.block_size, scene_.plan.big_block_size));
  const auto sizes = static_cast<std::uint64_t>(std::bit_width(2 * most - 1));
  job.options.block.fetch_bytes = wire::kGranuleBytes << draw.below(sizes);
  job.options.block.parallel = static_cast<std::uint32_t>(draw.between(1, 3));
  job.options.block.hedge_after = milliseconds(static_cast<std::int64_t>(draw.between(100, 3000)));
  if (!whole) job.consume = slowness(draw.fork("slow reader"));
  const bool ranged = !whole && draw.chance(1, 4);
  if (ranged) {
    job.options.offset = draw.below(3 * scene_.plan.block_size);
    job.options.length = draw.below(2 * scene_.plan.block_size) + 1;
  }
  job.opened = [session, offset = job.options.offset,
                length = job.options.length](const wire::FileStatus& status) {
    session->version = status.inode;
    session->begin = std::min(offset, status.length);
    session->end = session->begin + std::min(length, status.length - session->begin);
  };
  job.piece = [this, session](std::uint64_t offset, Bytes data) {
    session->take(offset, data.size());
    for (const auto& oracle : oracles_) {
      oracle->read_piece(session->path, session->version, offset, data);
    }
  };
  job.done = [this, session, done = std::move(done)](const Status& status) {
    if (const auto at = reading_.find(session->path); at != reading_.end()) reading_.erase(at);
    if (status.ok()) {
      for (const auto& oracle : oracles_) {
        oracle->read_done(session->path, session->version, session->end - session->begin,
                          session->delivered, session->each_once);
      }
    }
    done(status);
  };
  clients_[client]->get(std::move(job));
}

void Workload::fsck(std::size_t client, const std::function<void(const Unhealthy&)>& done,
                    const std::string& cursor, const Unhealthy& before) {
  clients_[client]->call({wire::Fsck{"/", cursor}, scene_.plan.retry,
                          [this, client, done, cursor, before](const wire::Reply& reply) {
                            const auto* page = std::get_if<wire::FsckReply>(&reply);
                            if (page == nullptr) return fsck(client, done, cursor, before);
                            Unhealthy all = before;
                            all.insert(all.end(), page->unhealthy.begin(), page->unhealthy.end());
                            if (page->next.empty()) return done(all);
                            fsck(client, done, page->next, all);
                          }});
}

// A block whose only whole copies lie in quarantine: rot took the one that had been left in place,
// and reading finds that out.
bool Workload::comes_back(const std::string& path) const {
  const ModelInode* file = scene_.applied.find(path);
  if (file == nullptr) return false;
  return std::any_of(file->blocks.begin(), file->blocks.end(), [this](const ModelBlock& block) {
    const BlockTruth* truth = scene_.atlas.find(block.id);
    return truth != nullptr && truth->good.empty() && !truth->kept.empty();
  });
}

// What comes back from quarantine has to be readable a little later.
void Workload::read_at_last(std::size_t client, const std::string& path, int patience,
                            const std::function<void(const Status&)>& done) {
  const bool waits = patience > 0 && comes_back(path);
  Random draw = random_.fork("final").fork(path).fork(static_cast<std::uint64_t>(patience));
  get(client, path, true, draw, [this, client, path, patience, waits, done](const Status& status) {
    if (status.ok() || !waits) return done(status);
    scene_.queue.after(kComesBackWithin / kPatience, [this, client, path, patience, done] {
      read_at_last(client, path, patience - 1, done);
    });
  });
}

void Workload::read_everything(
    std::size_t client,
    const std::function<void(std::vector<std::string> failed, std::uint64_t files)>& done) {
  struct Progress {
    std::uint64_t left = 0;
    std::uint64_t files = 0;
    std::vector<std::string> failed;
  };
  auto progress = std::make_shared<Progress>();
  std::vector<std::string> paths;
  for (const auto& [id, inode] : scene_.applied.inodes()) {
    if (!inode.directory) paths.push_back(scene_.applied.path_of(id));
  }
  progress->left = progress->files = paths.size();
  if (paths.empty()) return done({}, 0);
  for (const std::string& path : paths) {
    const ModelInode* file = scene_.applied.find(path);
    const bool lost =
        file == nullptr ||
        std::any_of(file->blocks.begin(), file->blocks.end(), [&](const ModelBlock& block) {
          return scene_.gone(block.id) || scene_.only_ill_have(block.id);
        });
    ++started_;
    read_at_last(
        client, path, lost ? 0 : kPatience, [progress, path, lost, done](const Status& status) {
          const bool clear = status.code() == Code::kCorrupt || status.code() == Code::kUnavailable;
          if (!status.ok() && !(lost && clear)) {
            progress->failed.push_back(path + ": " + std::string(to_string(status.code())) + ": " +
                                       status.message());
          }
          if (--progress->left == 0) done(progress->failed, progress->files);
        });
  }
}

}  // namespace dfs::world
