// The model of the namespace by which N1 is judged: answers that it must take for right or wrong.
#include "simulator/world/namespace_model.h"

#include <gtest/gtest.h>

namespace dfs::world {
namespace {

// After an older copy of the metadata was put back a reader may ask by an id that is given out
// anew.
TEST(NamespaceModel, ADirectoryAskedForAsAVersionIsSaidToBeOne) {
  const NamespaceModel model;
  wire::Locate request;
  request.inode = kRootInode;
  EXPECT_FALSE(model.disagreement(request, Status(Code::kIsDirectory, "")));
  EXPECT_TRUE(model.disagreement(request, Status(Code::kReplaced, "")));
  EXPECT_TRUE(model.disagreement(request, wire::LocateReply{}));
}

TEST(NamespaceModel, AVersionThatIsNotThereWasReplaced) {
  const NamespaceModel model;
  wire::Locate request;
  request.inode = InodeId{7};
  EXPECT_FALSE(model.disagreement(request, Status(Code::kReplaced, "")));
  EXPECT_TRUE(model.disagreement(request, Status(Code::kIsDirectory, "")));
}

TEST(NamespaceModel, ABlockThatIsCommittedAtTwoPlacesOfAFileIsRefused) {
  NamespaceModel model;
  model.apply({{}, namenode::FormatCommand{}, {}}, {.position = 1, .reply = wire::Empty{}});
  wire::Create create;
  create.caller.client = "writer";
  create.path = "/file";
  wire::CreateReply created;
  created.inode = InodeId{first_id_of_epoch(1)};
  created.replication = 1;
  created.blocks = {{BlockId{7}, {}}};
  model.apply({{}, namenode::RequestCommand{create, {}}, {}}, {.position = 2, .reply = created});
  wire::Allocate allocate;
  allocate.caller.client = "writer";
  allocate.inode = created.inode;
  allocate.commit = {{{BlockId{7}, 10, 1}, 0, {NodeId{1}}}};
  EXPECT_EQ(model.expected({allocate, {}}), Code::kOk);
  allocate.commit.push_back({{BlockId{7}, 20, 2}, 1, {NodeId{2}}});
  EXPECT_EQ(model.expected({allocate, {}}), Code::kInvalidArgument);
}

}  // namespace
}  // namespace dfs::world
