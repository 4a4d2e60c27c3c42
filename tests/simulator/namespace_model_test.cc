// The model of the namespace by which N1 is judged: answers that it must take for right or wrong.
#include "simulator/world/namespace_model.h"

#include <gtest/gtest.h>

namespace dfs::world {
namespace {

// After an older copy of the metadata was put back a reader may ask by an id that is given out
// anew.
TEST(NamespaceModel, AVersionWhoseIdADirectoryHasWasReplaced) {
  const NamespaceModel model;
  wire::Locate request;
  request.inode = kRootInode;
  EXPECT_FALSE(model.disagreement(request, Status(Code::kReplaced, "")));
  EXPECT_TRUE(model.disagreement(request, Status(Code::kIsDirectory, "")));
  EXPECT_TRUE(model.disagreement(request, wire::LocateReply{}));
}

TEST(NamespaceModel, AVersionThatIsNotThereWasReplaced) {
  const NamespaceModel model;
  wire::Locate request;
  request.inode = InodeId{7};
  EXPECT_FALSE(model.disagreement(request, Status(Code::kReplaced, "")));
  EXPECT_TRUE(model.disagreement(request, Status(Code::kIsDirectory, "")));
}

void register_node(NamespaceModel& model, std::uint64_t node, const std::string& host) {
  namenode::RegisterCommand command;
  command.host = host;
  wire::RegisterReply reply;
  reply.node = NodeId{node};
  model.apply({{}, command, {}}, {.position = model.position() + 1, .reply = reply});
}

// A file of `replication` with one allocated block, of id 7, and the request that would commit it.
wire::Allocate write_file(NamespaceModel& model, std::uint32_t replication) {
  model.apply({{}, namenode::FormatCommand{}, {}}, {.position = 1, .reply = wire::Empty{}});
  register_node(model, 1, "one");
  register_node(model, 2, "two");
  wire::Create create;
  create.caller.client = "writer";
  create.path = "/file";
  wire::CreateReply created;
  created.inode = InodeId{first_id_of_epoch(1)};
  created.replication = replication;
  created.block_size = 100;
  created.blocks = {{BlockId{7}, {}}};
  model.apply({{}, namenode::RequestCommand{create, {}}, {}},
              {.position = model.position() + 1, .reply = created});
  wire::Allocate allocate;
  allocate.caller.client = "writer";
  allocate.inode = created.inode;
  allocate.commit = {{{BlockId{7}, 10, 1}, 0, {NodeId{1}, NodeId{2}}}};
  return allocate;
}

void commit(NamespaceModel& model, const wire::Allocate& request) {
  wire::Allocate commits = request;
  commits.abandon.clear();
  model.apply({{}, namenode::RequestCommand{commits, {}}, {}},
              {.position = model.position() + 1, .reply = wire::AllocateReply{}});
}

TEST(NamespaceModel, AVersionIsGivenUpByItsWriterAlone) {
  NamespaceModel model;
  wire::Abandon abandon;
  abandon.inode = write_file(model, 1).inode;
  for (const std::string client : {"another", "writer"}) {
    abandon.caller.client = client;
    EXPECT_EQ(model.expected({abandon, {}}), Code::kOk);
    model.apply({{}, namenode::RequestCommand{abandon, {}}, {}},
                {.position = model.position() + 1, .reply = wire::Empty{}});
    EXPECT_EQ(model.writers().contains(abandon.inode), client != "writer") << client;
  }
}

TEST(NamespaceModel, ABlockThatIsCommittedAtTwoPlacesOfAFileIsRefused) {
  NamespaceModel model;
  wire::Allocate allocate = write_file(model, 1);
  EXPECT_EQ(model.expected({allocate, {}}), Code::kOk);
  allocate.commit.push_back({{BlockId{7}, 20, 2}, 1, {NodeId{2}}});
  EXPECT_EQ(model.expected({allocate, {}}), Code::kInvalidArgument);
}

TEST(NamespaceModel, ABlockThatIsCommittedCannotBeGivenUp) {
  NamespaceModel model;
  wire::Allocate allocate = write_file(model, 1);
  allocate.abandon = {BlockId{8}};  // was never allocated: there is nothing to give up
  EXPECT_EQ(model.expected({allocate, {}}), Code::kOk);
  allocate.abandon = {BlockId{7}};
  EXPECT_EQ(model.expected({allocate, {}}), Code::kInvalidArgument);
  commit(model, allocate);
  allocate.commit.clear();
  EXPECT_EQ(model.expected({allocate, {}}), Code::kInvalidArgument);
}

TEST(NamespaceModel, ABlockIsCommittedAgainOnlyAsItWas) {
  NamespaceModel model;
  wire::Allocate allocate = write_file(model, 1);
  commit(model, allocate);
  EXPECT_EQ(model.expected({allocate, {}}), Code::kOk);
  allocate.commit.front().info.crc = 2;
  EXPECT_EQ(model.expected({allocate, {}}), Code::kInvalidArgument);
}

TEST(NamespaceModel, APlaceOfAFileIsCommittedOnce) {
  NamespaceModel model;
  wire::Allocate allocate = write_file(model, 1);
  wire::Allocate more;
  more.caller = allocate.caller;
  more.inode = allocate.inode;
  model.apply({{}, namenode::RequestCommand{more, {}}, {}},
              {.position = model.position() + 1, .reply = wire::AllocateReply{{{BlockId{8}, {}}}}});
  const wire::CommittedBlock second{{BlockId{8}, 10, 1}, 0, {NodeId{1}}};
  wire::Allocate both = allocate;
  both.commit.push_back(second);
  EXPECT_EQ(model.expected({both, {}}), Code::kInvalidArgument);
  commit(model, allocate);
  allocate.commit = {second};
  EXPECT_EQ(model.expected({allocate, {}}), Code::kInvalidArgument);
}

TEST(NamespaceModel, ABlockIsNeitherEmptyNorLongerThanTheFilesBlocks) {
  NamespaceModel model;
  wire::Allocate allocate = write_file(model, 1);
  for (const auto& [length, code] :
       {std::pair{0, Code::kInvalidArgument}, std::pair{100, Code::kOk},
        std::pair{101, Code::kInvalidArgument}}) {
    allocate.commit.front().info.length = static_cast<std::uint64_t>(length);
    EXPECT_EQ(model.expected({allocate, {}}), code) << length;
  }
}

// The disks of one were put into the machine of the other, whose own have not come back yet.
TEST(NamespaceModel, ABlockWhoseNodesNowStandOnOneHostIsRefused) {
  NamespaceModel model;
  const wire::Allocate allocate = write_file(model, 3);
  EXPECT_EQ(model.expected({allocate, {}}), Code::kOk);
  register_node(model, 1, "two");
  EXPECT_EQ(model.expected({allocate, {}}), Code::kInvalidArgument);
}

}  // namespace
}  // namespace dfs::world
