#include "adapters/http/server.h"

#include <algorithm>
#include <exception>

#include "adapters/http/engine.h"
#include "adapters/http/errors.h"

namespace dfs::http {

struct Server::Route {
  std::string method;
  std::string path;
  Server::Handler handler;

  [[nodiscard]] bool matches_path(std::string_view asked) const {
    if (!path.ends_with("/*")) return asked == path;
    const std::string_view folder = std::string_view(path).substr(0, path.size() - 1);
    return asked.starts_with(folder) && asked.size() > folder.size();
  }
  [[nodiscard]] bool matches_method(std::string_view asked) const {
    return asked == method || (asked == "HEAD" && method == "GET");
  }
};

namespace {

// Whatever their case.
bool same_text(std::string_view a, std::string_view b) {
  const auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

// Whether a browser sent it for a page that did not come from this server. Any page can have any
// request sent; that its answer is kept from it does not undo what was done.
bool of_another_site(const ServerRequest& request) {
  const std::string* origin = request.header("Origin");
  if (origin == nullptr) return false;
  const std::string* host = request.header("Host");
  return host == nullptr ||
         (!same_text(*origin, "http://" + *host) && !same_text(*origin, "https://" + *host));
}

}  // namespace

Result<std::string> Body::text(std::size_t max_bytes) {
  const auto too_large = [&] {
    return Status(Code::kTooLarge,
                  "the request's body is larger than " + std::to_string(max_bytes) + " bytes");
  };
  if (length().value_or(0) > max_bytes) return too_large();
  std::string result;
  bool fits = true;
  Status status = receive([&](Bytes data) {
    fits = result.size() + data.size() <= max_bytes;
    if (fits) result.append(as_text(data));
    return fits;
  });
  if (!status.ok()) return status;
  if (!fits) return too_large();
  return result;
}

const std::string* ServerRequest::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (same_text(key, name)) return &value;
  }
  return nullptr;
}

void ServerResponse::fail(const Status& error) {
  status = http_status(error.code());
  content_type = "application/json";
  body = error_body(error);
  stream = nullptr;
}

struct Server::Impl {
  ServerOptions options;
  std::vector<Route> routes;
  std::unique_ptr<Engine> engine;

  void dispatch(const ServerRequest& request, ServerResponse& response) const {
    try {
      route(request, response);
    } catch (const std::exception& error) {
      response = {};
      response.fail({Code::kInternal, std::string("internal error: ") + error.what()});
    }
  }

  void route(const ServerRequest& request, ServerResponse& response) const {
    const bool reads = request.method == "GET" || request.method == "HEAD";
    if (!reads && of_another_site(request)) {
      return response.fail(
          {Code::kPermissionDenied, "a page of another site (header Origin) may only read"});
    }
    bool path_exists = false;
    for (const Route& route : routes) {
      if (!route.matches_path(request.path)) continue;
      path_exists = true;
      if (!route.matches_method(request.method)) continue;
      // No resource takes parameters; one that nobody reads must not pass for one that was obeyed.
      if (request.parameters.empty()) return route.handler(request, response);
      return response.fail(
          {Code::kInvalidArgument,
           "unknown parameter '" + request.parameters[0].first.substr(0, 64) + "'"});
    }
    const std::string subject = request.method + " " + request.path.substr(0, 200);
    if (path_exists) {
      response.fail({Code::kInvalidArgument, subject + ": method not allowed"});
      response.status = 405;
    } else {
      response.fail({Code::kNotFound, subject + ": no such resource"});
    }
  }
};

Server::Server(ServerOptions options) : impl_(std::make_unique<Impl>()) {
  impl_->options = std::move(options);
}

Server::~Server() { stop(Duration{}); }

void Server::handle(std::string method, std::string path, Handler handler) {
  impl_->routes.push_back({std::move(method), std::move(path), std::move(handler)});
}

Status Server::start() {
  const auto dispatch = [impl = impl_.get()](const ServerRequest& request,
                                             ServerResponse& response) {
    impl->dispatch(request, response);
  };
  impl_->engine = impl_->options.plain ? make_plain_engine(impl_->options, dispatch)
                                       : make_own_engine(impl_->options, dispatch);
  Status status = impl_->engine->start();
  if (!status.ok()) impl_->engine.reset();
  return status;
}

HostPort Server::address() const {
  HostPort at = impl_->options.listen;
  if (impl_->engine) at.port = impl_->engine->port();
  return at;
}

void Server::stop(Duration grace) {
  if (impl_->engine) impl_->engine->stop(grace);
}

Server::Counters Server::counters() const {
  return impl_->engine ? impl_->engine->counters() : Counters{};
}

}  // namespace dfs::http
