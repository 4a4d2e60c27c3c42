// G2: what a client that renews a lease must be told of it.
#include <gtest/gtest.h>

#include "simulator/world/oracles.h"

namespace dfs::world {
namespace {

constexpr InodeId kWritten{first_id_of_epoch(1) + 1};  // after its directory

class G2 : public ::testing::Test {
 protected:
  // A writer has opened /directory/file.
  G2() {
    apply(namenode::FormatCommand{}, wire::Empty{});
    wire::Create create;
    create.caller.client = "writer";
    create.path = "/directory/file";
    create.parents = true;
    wire::CreateReply created;
    created.inode = kWritten;
    apply(namenode::RequestCommand{create, {}}, created);
  }

  void abandon() {
    wire::Abandon abandon;
    abandon.caller.client = "writer";
    abandon.caller.request = 2;
    abandon.inode = kWritten;
    apply(namenode::RequestCommand{abandon, {}}, wire::Empty{});
  }
  void remove_directory() {
    wire::Remove remove;
    remove.caller.request = 3;
    remove.path = "/directory";
    remove.recursive = true;
    apply(namenode::RequestCommand{remove, {}}, wire::Empty{});
  }
  void reap() {
    scene_.applied.apply({{}, namenode::ReapCommand{}, {}},
                         {.position = scene_.applied.position() + 1,
                          .reply = wire::Empty{},
                          .effects = {.leases_ended = {kWritten}}});
  }
  // Whether it may be told that.
  [[nodiscard]] bool may_hear(bool lost, const std::string& client = "writer") {
    const std::size_t before = scene_.verdicts.violations().size();
    oracle_->answered(wire::RenewLease{client, {kWritten}},
                      lost ? wire::RenewLeaseReply{{kWritten}} : wire::RenewLeaseReply{}, false);
    return scene_.verdicts.violations().size() == before;
  }

 private:
  void apply(auto&& command, const wire::Reply& reply) {
    scene_.applied.apply({{}, command, {}},
                         {.position = scene_.applied.position() + 1, .reply = reply});
  }

  Plan plan_;
  Scene scene_{plan_};
  std::unique_ptr<Oracle> oracle_ = make_g2(scene_);
};

TEST_F(G2, OnlyTheWriterHearsThatItsLeaseGoesOn) {
  EXPECT_TRUE(may_hear(false));
  EXPECT_FALSE(may_hear(true));
  EXPECT_TRUE(may_hear(true, "another"));
  EXPECT_FALSE(may_hear(false, "another"));
}

TEST_F(G2, WhoHasAbandonedAVersionHearsThatItIsLost) {
  abandon();
  EXPECT_TRUE(may_hear(true));
  EXPECT_FALSE(may_hear(false));
}

TEST_F(G2, WhoseDirectoryWasRemovedMayHearEitherUntilTheVersionIsReaped) {
  remove_directory();
  EXPECT_TRUE(may_hear(true));
  EXPECT_TRUE(may_hear(false));
  reap();
  EXPECT_TRUE(may_hear(true));
  EXPECT_FALSE(may_hear(false));
}

}  // namespace
}  // namespace dfs::world
