// What one command's application works on: the store, the scalars, and what it has caused so far.
#pragma once

#include "core/namenode/command.h"
#include "core/namenode/store.h"

namespace dfs::namenode {

struct Context {
  Store& store;
  MetaRow meta;           // written back once, at the end of apply()
  WallTime time;          // NameNode time, never before an earlier command's
  WallTime wall;          // what the wall clock said
  Position position = 0;  // of the command
  Effects effects;
};

}  // namespace dfs::namenode
