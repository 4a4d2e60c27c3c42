// T1: nothing runs out because a wall clock is wrong or was set. A lease lasts its whole period of
// time in which the NameNode ran; the NameNode's recorded time never steps back and goes on no
// faster than the NameNode runs; records and freed blocks are kept for their period of that time.
//
// The time in which it ran is counted here from its steps: of a gap between two, two seconds count
// at most, since a NameNode cannot know how much of a longer one it was suspended.
#include <algorithm>
#include <utility>

#include "simulator/world/oracles.h"

namespace dfs::world {
namespace {

constexpr Duration kLongestStep = seconds(2);

class Clocks final : public Oracle {
 public:
  using Oracle::Oracle;

  void namenode_starts(namenode::Store& store) override {
    ran_ = {};
    last_step_ = scene_.namenode->now().mono;
    renewed_.clear();
    formatted_ = store.meta().next_inode != 0;
    time_at_start_ = latest_ = store.meta().time;
  }

  void applying(const namenode::Command& command, const namenode::Outcome& outcome) override {
    advance();
    // An older history goes on where it had come to; so does a later one, where an earlier rescue
    // had to do without the DataNode that has it.
    if (std::exchange(restores_, scene_.restores) != scene_.restores) {
      time_at_start_ = latest_ = command.time;
    }
    check_time(command.time);
    const bool rescue = !scene_.namenode->up();  // it ends leases of files that it rebuilds
    if (const auto* expired = std::get_if<namenode::ExpireCommand>(&command.body);
        expired != nullptr && !rescue) {
      for (const InodeId inode : expired->pending) check_lease(inode);
    } else if (const auto* blocks = std::get_if<namenode::ForgetBlocksCommand>(&command.body)) {
      check_kept("freed blocks", latest_.ms - blocks->freed_until.ms,
                 scene_.plan.namenode.reader_grace);
    } else if (const auto* kept = std::get_if<namenode::ForgetRequestsCommand>(&command.body)) {
      forgets_ = *kept;
    }
    for (const InodeId inode : outcome.effects.leases_ended) renewed_.erase(inode);
    for (const InodeId inode : outcome.effects.leases_begun) renewed_[inode] = ran_;
  }

  void stepped(std::uint64_t /*rows*/) override {
    advance();
    if (forgets_) check_records(*std::exchange(forgets_, std::nullopt));
  }

  // A writer that was told that its lease is renewed has the whole period from then on.
  void answered(const wire::Request& request, const wire::Reply& reply, bool /*command*/) override {
    const auto* renew = std::get_if<wire::RenewLease>(&request);
    const auto* renewed = std::get_if<wire::RenewLeaseReply>(&reply);
    if (renew == nullptr || renewed == nullptr) return;
    for (const InodeId inode : renew->inodes) {
      if (std::ranges::find(renewed->lost, inode) == renewed->lost.end()) renewed_[inode] = ran_;
    }
  }

  void every_second() override {
    namenode::Store* store = scene_.namenode->store();
    if (store == nullptr || !formatted_) return;
    scene_.verdicts.expect(store->meta().time >= latest_, "T1", [] {
      return std::string("the time that the NameNode has recorded is before its last command's");
    });
  }

 private:
  void advance() {
    const Instant mono = scene_.namenode->now().mono;
    ran_ = ran_ + std::min(mono - last_step_, kLongestStep);
    last_step_ = mono;
  }

  void check_time(WallTime time) {
    if (!formatted_) {  // NameNode time begins here
      formatted_ = true;
      time_at_start_ = latest_ = time;
    }
    scene_.verdicts.expect(time >= latest_, "T1", [&] {
      return "a command's time is " + std::to_string(latest_.ms - time.ms) +
             " ms before an earlier one's";
    });
    const std::int64_t ran_ms = ran_.us / 1000;
    scene_.verdicts.expect(time.ms <= time_at_start_.ms + ran_ms, "T1", [&] {
      return "recorded time went on by " + std::to_string(time.ms - time_at_start_.ms) +
             " ms while the NameNode ran for " + std::to_string(ran_ms) + " ms";
    });
    latest_ = std::max(latest_, time);
  }

  void check_lease(InodeId inode) {
    if (scene_.applied.writer(inode) == nullptr) return;  // it has ended already
    const auto renewed = renewed_.find(inode);            // or since the NameNode's start
    const Duration lasted = ran_ - (renewed == renewed_.end() ? Instant{} : renewed->second);
    const Duration limit = scene_.plan.namenode.lease_limit;
    scene_.verdicts.expect(lasted >= limit, "T1", [&] {
      return "the lease of version " + std::to_string(inode.value) + " ended after " +
             std::to_string(lasted.us / 1000) + " ms of " + std::to_string(limit.us / 1000);
    });
  }

  void check_kept(const char* what, std::int64_t kept_ms, Duration period) {
    scene_.verdicts.expect(kept_ms >= period.us / 1000, "T1", [&] {
      return std::string(what) + " are forgotten after " + std::to_string(kept_ms) + " ms of " +
             std::to_string(period.us / 1000);
    });
  }

  // Younger ones go only where there are too many; the command dropped `rows` of two kinds at most.
  void check_records(const namenode::ForgetRequestsCommand& command) {
    const std::uint64_t before = scene_.namenode->store()->meta().requests + command.rows * 2;
    if (before > scene_.plan.namenode.max_requests_kept) return;
    check_kept("request records", latest_.ms - command.until.ms,
               scene_.plan.namenode.request_retention);
  }

  Instant ran_;        // since the NameNode's start
  Instant last_step_;  // by its monotonic clock
  std::map<InodeId, Instant> renewed_;
  bool formatted_ = false;
  WallTime time_at_start_;
  WallTime latest_;  // of a command
  std::uint64_t restores_ = 0;
  std::optional<namenode::ForgetRequestsCommand> forgets_;
};

}  // namespace

std::unique_ptr<Oracle> make_t1(Scene& scene) { return std::make_unique<Clocks>(scene); }

}  // namespace dfs::world
