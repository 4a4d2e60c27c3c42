#include "simulator/world/trial.h"

#include <algorithm>
#include <utility>

namespace dfs::world {
namespace {

constexpr std::uint64_t kBlocks = 2;  // of a file

std::string directory(std::size_t client) { return "/trial-" + std::to_string(client); }
std::string file(std::size_t client) { return directory(client) + "/file"; }
std::string renamed(std::size_t client) { return directory(client) + "/renamed"; }

}  // namespace

Trial::Trial(Scene& scene, std::vector<sim::ClientNode*> clients,
             std::vector<std::unique_ptr<Oracle>>& oracles)
    : scene_(scene), clients_(std::move(clients)), oracles_(oracles), at_(clients_.size()) {
  add_step("mkdir", [this](std::size_t client, const Done& done) {
    call(client, wire::Mkdir{{}, directory(client), false, 0755}, done);
  });
  if (can_store()) {
    add_put("put", 1);
    add_step("get", [this](std::size_t client, const Done& done) {
      get(client, file(client), content(client, 1), done);
    });
    add_put("overwrite", 2);
    add_step("rename", [this](std::size_t client, const Done& done) {
      call(client, wire::Rename{{}, file(client), renamed(client), false}, done);
    });
    add_step("get what was renamed", [this](std::size_t client, const Done& done) {
      get(client, renamed(client), content(client, 2), done);
    });
    add_step("set replication", [this](std::size_t client, const Done& done) {
      call(client, wire::SetReplication{{}, renamed(client), 2}, done);
    });
  }
  add_step("remove", [this](std::size_t client, const Done& done) {
    call(client, wire::Remove{{}, directory(client), true}, done);
  });
}

void Trial::add_step(const char* what, std::function<void(std::size_t, const Done&)> act) {
  steps_.push_back({what, scene_.plan.retry.limit, std::move(act)});
}

// The first target of a block may be cut off from its client, or from all other targets, each of
// which it waits for: the client notices it when the transfer's time is over, for each block and
// each such DataNode. Whoever else is ill answers, or is no target.
void Trial::add_put(const char* what, std::uint64_t version) {
  add_step(what, [this, version, step = steps_.size()](std::size_t client, const Done& done) {
    put(client, content(client, version), steps_[step].limit, done);
  });
  const auto unheard = std::ranges::count_if(scene_.ill, [](const auto& each) {
    return each.second == Illness::kCutFromClient || each.second == Illness::kCutFromDataNodes;
  });
  const auto silent = unheard * static_cast<std::int64_t>(kBlocks);
  steps_.back().limit = scene_.plan.retry.limit + sim::ClientOptions().transfer_timeout * silent;
}

Duration Trial::limit() const {
  Duration limit;
  for (const Step& step : steps_) limit = limit + step.limit;
  return limit;
}

// A write needs min(2, r) copies on distinct hosts.
bool Trial::can_store() const { return scene_.core().size() >= std::min(2u, replication()); }

// A single copy may find itself on a DataNode that is ill, and nobody knows of a disk that takes
// writes that it cannot read them again.
std::uint32_t Trial::replication() const {
  const std::uint32_t usual = scene_.plan.namenode.default_replication;
  if (scene_.ill.empty()) return usual;
  const auto unreadable = std::ranges::count_if(
      scene_.ill, [](const auto& each) { return each.second == Illness::kReadsFail; });
  return std::max({2u, usual, static_cast<std::uint32_t>(unreadable) + 1});
}

Content Trial::content(std::size_t client, std::uint64_t version) const {
  return {mix(mix(scene_.plan.seed, key_of("trial")), client * 2 + version),
          kBlocks * scene_.plan.block_size};
}

void Trial::start() {
  running_ = clients_.size();
  for (std::size_t client = 0; client < clients_.size(); ++client) go_on(client, 0);
}

void Trial::go_on(std::size_t client, std::size_t step) {
  at_[client] = step;
  if (step == steps_.size()) {
    --running_;
    return;
  }
  const std::int64_t begin_us = scene_.now_us();
  steps_[step].act(client, [this, client, step, begin_us](const Status& status) {
    const std::string what = "client " + std::to_string(client) + ": " + steps_[step].what;
    const Duration took{scene_.now_us() - begin_us};
    for (const auto& oracle : oracles_) oracle->tried(what, status, took, steps_[step].limit);
    go_on(client, step + 1);
  });
}

std::string Trial::pending() const {
  std::string pending = "at rest these do not come to an end:";
  for (std::size_t client = 0; client < clients_.size(); ++client) {
    if (at_[client] == steps_.size()) continue;
    pending += " client " + std::to_string(client) + ": " + steps_[at_[client]].what;
  }
  return pending;
}

void Trial::call(std::size_t client, wire::Request request, const Done& done) {
  clients_[client]->call({std::move(request), scene_.plan.retry, [done](const wire::Reply& reply) {
                            const auto* status = std::get_if<Status>(&reply);
                            done(status == nullptr ? Status() : *status);
                          }});
}

// It does not give up sooner than it has to be done.
void Trial::put(std::size_t client, const Content& content, Duration limit, const Done& done) {
  sim::PutJob job;
  job.options.path = file(client);
  job.options.overwrite = true;
  if (!scene_.ill.empty()) job.options.replication = replication();
  job.options.block_size = scene_.plan.block_size;
  job.options.window = scene_.plan.window;
  job.options.retry = scene_.plan.retry;
  job.options.retry.limit = limit;
  job.length = content.length;
  job.source = [content](std::uint64_t offset, std::uint64_t length) {
    return sim::share(bytes_of(content, offset, length));
  };
  job.opened = [this, content](InodeId version) { scene_.contents[version] = content; };
  job.done = [this, path = job.options.path, content, done](const Status& status,
                                                            const wire::FileStatus& written) {
    if (status.ok()) {
      for (const auto& oracle : oracles_) oracle->put_done(path, content, written);
    }
    done(status);
  };
  clients_[client]->put(std::move(job));
}

void Trial::get(std::size_t client, const std::string& path, const Content& content,
                const Done& done) {
  auto right = std::make_shared<std::uint64_t>(0);  // bytes
  sim::GetJob job;
  job.options.path = path;
  job.options.window = scene_.plan.window;
  job.options.retry = scene_.plan.retry;
  job.opened = [](const wire::FileStatus&) {};
  job.piece = [right, content](std::uint64_t offset, Bytes data) {
    if (matches(content, offset, data)) *right += data.size();
  };
  job.done = [right, content, done](const Status& status) {
    const bool whole = *right == content.length;
    done(status.ok() && !whole ? Status(Code::kCorrupt, "other bytes than were written") : status);
  };
  clients_[client]->get(std::move(job));
}

}  // namespace dfs::world
