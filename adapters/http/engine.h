// What turns connections into calls of a handler. Two of them:
//
// * OwnEngine (own_engine.cc) uses cpp-httplib's parser and writer over connections, threads and
//   streams of ours. It needs members of httplib::Server that later versions changed.
// * PlainEngine (plain_engine.cc) is httplib::Server as it comes, set up as well as its settings
//   allow. It serves where the installed version is not one that OwnEngine was written for.
#pragma once

#include <functional>
#include <memory>

#include "adapters/http/server.h"

namespace dfs::http {

class Engine {
 public:
  using Dispatch = std::function<void(const ServerRequest&, ServerResponse&)>;

  virtual ~Engine() = default;
  [[nodiscard]] virtual Status start() = 0;
  virtual void stop(Duration grace) = 0;
  [[nodiscard]] virtual std::uint16_t port() const = 0;
  [[nodiscard]] virtual Server::Counters counters() const = 0;
};

// A PlainEngine, with that one's limits, where DFS_OWN_ENGINE is not defined.
[[nodiscard]] std::unique_ptr<Engine> make_own_engine(const ServerOptions& options,
                                                      Engine::Dispatch dispatch);
[[nodiscard]] std::unique_ptr<Engine> make_plain_engine(const ServerOptions& options,
                                                        Engine::Dispatch dispatch);

}  // namespace dfs::http
