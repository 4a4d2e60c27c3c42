// The simulated disk of a NameNode: a SQLite VFS in memory that can lose power, tear writes and
// fail.
//
// One object is one machine's disk; it outlives the incarnations of the process that uses it:
//
//   SimVfs disk("nn1", random.fork("disk"));
//   disk.boot();                                     // before each opening of a store
//   auto store = std::make_unique<SqliteStore>(
//       Options{.file = "metadata.db", .vfs = disk.name(), .fatal = throw_something});
//   disk.crash_after(17);       // the 17th call from now and all later ones fail: fatal()
//   store.reset();              // writes nothing: files of a dead incarnation ignore everything
//   disk.power_loss(random);    // or kill(): kill -9 on a machine that stays up
//   disk.boot();
//
// Like the real unix VFS it reports sectors of 4096 bytes and powersafe overwrite; a new file's
// name is durable once a journal or WAL that was created in the same directory has been synced, or
// a file deleted with a sync. Everything is a function of the seed and of the calls: randomness
// and time included. SQLite's own randomness is process-wide: with several disks in one process
// call boot(), or take_turn(), before another one's turn.
// Limits: no locks (one connection a file), one directory, no shared memory.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "adapters/sim/file_set.h"

namespace dfs::sim {

class SimVfs {
 public:
  SimVfs(const std::string& name, Random random, Sectors sectors = {});
  ~SimVfs();
  SimVfs(const SimVfs&) = delete;
  SimVfs& operator=(const SimVfs&) = delete;

  // Under which SQLite knows it.
  [[nodiscard]] const std::string& name() const;

  // A new process: it may open files; those of earlier incarnations are dead.
  void boot();
  // Makes SQLite draw its randomness from this disk's stream.
  void take_turn();
  // The process dies; what it wrote stays with the operating system. Closing writes nothing.
  void kill();
  // The machine loses power: kill(), and what was not synced is kept, dropped, torn or reordered.
  void power_loss(Random random);
  // The `calls`-th call from now (1: the next) dies, and all later ones, until boot(). 0: none
  // does.
  void crash_after(std::uint64_t calls);
  // True after kill(), power_loss() or the call that crash_after() chose.
  [[nodiscard]] bool dead() const;
  // Since construction: to choose crash points.
  [[nodiscard]] std::uint64_t calls() const;

  void set_faults(const DiskFaults& faults);
  // What a power loss does to sectors that are being written.
  void set_sectors(const Sectors& sectors);
  // A copy of the database, which is worth nothing until it is whole: its errors do not count.
  void set_apart(const std::string& name);
  // Errors that this incarnation of the process has been told of.
  [[nodiscard]] std::uint64_t errors() const;
  [[nodiscard]] std::uint64_t free_bytes() const;
  // The files themselves: to look at, to damage, to copy, to wipe.
  [[nodiscard]] FileSet& files();

  struct State;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace dfs::sim
