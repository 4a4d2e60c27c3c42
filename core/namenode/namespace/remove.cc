// remove: detaches a file or a subtree in O(depth); what hangs below is reaped later, in steps.
#include "core/base/mutant.h"
#include "core/namenode/namespace/errors.h"
#include "core/namenode/namespace/operations.h"
#include "core/namenode/namespace/pending.h"
#include "core/namenode/namespace/tree.h"

namespace dfs::namenode {

wire::Reply remove(Context& context, const wire::Remove& request) {
  const Result<wire::Path> path = wire::Path::parse(request.path);
  if (!path.ok()) return path.status();
  if (path->is_root()) return invalid("/", "The root directory cannot be removed");
  const Result<Spot> spot = find_spot(context.store, *path);
  if (!spot.ok()) return spot.status();
  if (spot->under_construction()) {
    if (!mutated(Mutant::kG2AcceptFenced)) end_pending(context, *spot->pending);
    return wire::Empty{};
  }
  // A version that is being written over the old file stays: it is not there for anyone yet.
  if (!spot->inode) return no_such(path->text());
  if (spot->inode->children > 0 && !request.recursive) return not_empty(path->text());

  context.store.erase_entry(spot->parent.id, spot->name);
  detach(context, *spot->inode);
  change_tree(context, spot->parent.id, removing(*spot->inode));
  return wire::Empty{};
}

}  // namespace dfs::namenode
