// mkdir: one directory, or all that are missing on the way to it.
#include "core/namenode/namespace/errors.h"
#include "core/namenode/namespace/operations.h"
#include "core/namenode/namespace/tree.h"

namespace dfs::namenode {

wire::Reply mkdir(Context& context, const wire::Mkdir& request) {
  const Result<wire::Path> path = wire::Path::parse(request.path);
  if (!path.ok()) return path.status();
  if (request.mode > 01777) return invalid(path->text(), "The mode must be within 01777");
  if (path->is_root()) {
    if (request.parents) return wire::Empty{};
    return file_exists("/");
  }
  Result<Way> way = find_way(context.store, path->parent(), request.parents);
  if (!way.ok()) return way.status();
  if (way->missing.empty()) {
    const Spot spot = look_at(context.store, way->base, path->name());
    if (spot.under_construction()) return file_exists(path->text());
    if (spot.inode) {
      if (request.parents && spot.inode->type == FileType::kDirectory) return wire::Empty{};
      return file_exists(path->text());
    }
  }
  way->missing.push_back(path->name());
  static_cast<void>(make_directories(context, way->base, way->missing, request.mode,
                                     owner_for(context, request.caller)));
  return wire::Empty{};
}

}  // namespace dfs::namenode
