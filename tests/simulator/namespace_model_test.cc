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

}  // namespace
}  // namespace dfs::world
