#include "tests/golden/scenario.h"

#include <algorithm>

#include "adapters/sim/address.h"

namespace dfs::golden {
namespace {

constexpr Duration kStartUp = seconds(3);
constexpr Duration kPatience = seconds(200);

world::Plan calm_plan(const Setup& setup) {
  world::PlanOptions options;
  options.datanodes = setup.datanodes;
  options.clients = setup.clients;
  options.faults.emplace();
  options.selection.operations.emplace();
  options.selection.delays = world::Delays::kConstant;
  world::Plan plan = world::make_plan(options);
  plan.network = {.spread = false, .tail_per_mille = 0, .far_tail_per_million = 0};
  plan.namenode = {};
  plan.namenode.min_block_size = 0;
  plan.namenode.default_block_size = Scenario::kBlockBytes;
  plan.namenode.default_replication = std::min(3u, setup.datanodes);
  plan.namenode.reader_grace = seconds(60);
  plan.namenode.mass_loss_wait = seconds(60);
  plan.namenode_times = {.spread = false};
  plan.datanode = {};
  plan.datanode.answer_timeout = seconds(2);
  plan.datanode.quarantine_keep = seconds(60);
  plan.datanode_times = {.spread = false};
  plan.datanode_times.answer_limit = plan.datanode.answer_timeout;
  plan.retry = {};
  plan.retry.attempt_timeout = seconds(3);
  plan.piece_bytes = 64 * 1024;
  plan.window = 1;
  plan.racks = plan.volumes = 1;
  plan.volume_bytes = 64 << 20;
  plan.max_drift_ppm = 0;
  plan.replay = true;
  if (setup.change) setup.change(plan);
  return plan;
}

}  // namespace

Scenario::Scenario(const std::string& about, const Setup& setup)
    : plan_(calm_plan(setup)), cluster_(std::make_unique<world::Cluster>(plan_)), about_(about) {
  auto teller = std::make_unique<Teller>(cluster_->scene());
  teller_ = teller.get();
  cluster_->watch(std::move(teller));
  cluster_->network().listen(
      [this](sim::ConnectionId connection, Address from, Address to, const sim::Message& message) {
        teller_->hear(connection, from, to, message);
      });
  cluster_->begin();
  wait(kStartUp);
  teller_->forget_names();
  teller_->begin();
}

sim::ClientNode& Scenario::client(int number) {
  return cluster_->client(static_cast<std::size_t>(number - 1));
}

sim::DataNodeNode& Scenario::datanode(Address address) {
  return *cluster_->scene().datanodes.at(address - 2);
}

BlockId Scenario::block_of(const std::string& path) {
  return cluster_->scene().applied.find(path)->blocks.at(0).id;
}

void Scenario::wait(Duration time) { cluster_->run_until(cluster_->scene().queue.now() + time); }

void Scenario::until(const std::function<bool()>& holds) {
  sim::EventQueue& queue = cluster_->scene().queue;
  const Instant limit = queue.now() + kPatience;
  while (!holds() && cluster_->scene().verdicts.clean() && queue.next_time() < limit) {
    cluster_->run_until(queue.next_time());
  }
  if (!holds()) teller_->tell("WHAT WAS WAITED FOR DID NOT COME");
}

void Scenario::finish() {
  until([this] {
    return std::ranges::all_of(running_, [](const auto& each) { return each.second == 0; });
  });
  wait(milliseconds(100));
}

void Scenario::ended(int client, const std::string& what, const Status& status) {
  --running_[client];
  teller_->tell(what + (status.ok() ? " is done" : ": " + std::string(to_string(status.code()))));
}

void Scenario::given(const std::string& path, std::uint64_t blocks) {
  teller_->pause();
  put(path, blocks);
  teller_->begin();
  std::vector<BlockId> has;
  for (const world::ModelBlock& block : cluster_->scene().applied.find(path)->blocks) {
    has.push_back(block.id);
  }
  const std::string names = teller_->names_of(has);
  say(path + " has " + names + ", on " + teller_->names_of(teller_->pipeline()));
}

void Scenario::put(const std::string& path, std::uint64_t blocks, bool overwrite, int client) {
  begin_put(path, blocks, overwrite, client);
  finish();
}

void Scenario::begin_put(const std::string& path, std::uint64_t blocks, bool overwrite,
                         int number) {
  const std::string who = "client " + std::to_string(number);
  say(who + " puts " + path + ", " + std::to_string(blocks) + (blocks == 1 ? " block" : " blocks") +
      (overwrite ? ", over what is there" : ""));
  const world::Content content{++contents_, blocks * kBlockBytes};
  sim::PutJob job;
  job.options.path = path;
  job.options.overwrite = overwrite;
  job.options.window = plan_.window;
  job.options.retry = plan_.retry;
  job.length = content.length;
  job.source = [content](std::uint64_t offset, std::uint64_t length) {
    return sim::share(world::bytes_of(content, offset, length));
  };
  job.opened = [this, content](InodeId version) { cluster_->scene().contents[version] = content; };
  job.done = [this, who, path, number](const Status& status, const wire::FileStatus& /*file*/) {
    ended(number, "the put of " + path + " by " + who, status);
  };
  ++running_[number];
  client(number).put(std::move(job));
}

void Scenario::get(const std::string& path, int client) {
  begin_get(path, client);
  finish();
}

void Scenario::begin_get(const std::string& path, int number) {
  const std::string who = "client " + std::to_string(number);
  say(who + " gets " + path);
  struct Read {
    InodeId version;
    std::uint64_t right = 0;
    std::uint64_t wrong = 0;
  };
  auto read = std::make_shared<Read>();
  sim::GetJob job;
  job.options.path = path;
  job.options.window = 1;
  job.options.retry = plan_.retry;
  job.options.block.fetch_bytes = kBlockBytes;
  job.options.block.parallel = 1;
  job.opened = [read](const wire::FileStatus& status) { read->version = status.inode; };
  job.piece = [this, read](std::uint64_t offset, Bytes data) {
    const world::Content& content = cluster_->scene().contents[read->version];
    (world::matches(content, offset, data) ? read->right : read->wrong) += data.size();
  };
  job.done = [this, who, path, read, number](const Status& status) {
    ended(number, "the get of " + path + " by " + who, status);
    teller_->tell(who + " has " + std::to_string(read->right) + " bytes as they were written" +
                  (read->wrong == 0 ? "" : ", and OTHERS"));
  };
  ++running_[number];
  client(number).get(std::move(job));
}

void Scenario::ask(const std::string& step, wire::Request request, int number) {
  say(step);
  ++running_[number];
  client(number).call({std::move(request), plan_.retry,
                       [this, number](const wire::Reply& /*reply*/) { --running_[number]; }});
  finish();
}

void Scenario::kill(Address address, bool power) {
  datanode(address).die(power);
  cluster_->disks_changed(address);
}

void Scenario::kill_client(int number) {
  client(number).die(true);
  running_.erase(number);
}

void Scenario::wipe(Address address) {
  sim::DataNodeNode& node = datanode(address);
  const std::vector<BlockId> held = cluster_->scene().atlas.good_on(address);
  node.die(true);
  node.wipe();
  for (const BlockId block : held) {
    cluster_->scene().atlas.destroyed(address, block, cluster_->scene().now_us());
  }
  cluster_->disks_changed(address);
}

void Scenario::rot(Address address, BlockId block) {
  constexpr std::uint64_t kSomewhere = 100'000;
  if (!datanode(address).disk(0).rot(block, kSomewhere, 1)) {
    teller_->tell("THERE WAS NOTHING TO ROT");
  }
  cluster_->scene().atlas.destroyed(address, block, cluster_->scene().now_us());
  cluster_->scene().atlas.refresh(address, block);
}

void Scenario::cut_off(Address node, bool cut) {
  sim::Network& network = cluster_->network();
  const auto all = static_cast<Address>(1 + plan_.datanodes + plan_.clients);
  for (Address other = 1; other <= all; ++other) {
    if (other == node) continue;
    if (cut) {
      network.cut(node, other);
      network.cut(other, node);
    } else {
      network.mend(node, other);
      network.mend(other, node);
    }
  }
}

std::string Scenario::end() {
  for (const world::Violation& violation : cluster_->scene().verdicts.violations()) {
    teller_->tell("VIOLATION " + violation.invariant + ": " + violation.detail);
  }
  std::string text;
  for (std::string_view rest = about_; !rest.empty();) {
    const std::size_t line = std::min(rest.find('\n'), rest.size());
    text += (line == 0 ? "#" : "# ") + std::string(rest.substr(0, line)) + "\n";
    rest.remove_prefix(std::min(rest.size(), line + 1));
  }
  return text + teller_->story();
}

}  // namespace dfs::golden
