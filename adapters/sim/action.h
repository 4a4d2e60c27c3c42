// A move-only callable: what an event does when its time has come.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace dfs::sim {

class Action {
 public:
  Action() = default;
  template <class F>
  requires(!std::is_same_v<std::remove_cvref_t<F>, Action>)
      Action(F&& f)  // NOLINT(google-explicit-constructor,bugprone-forwarding-reference-overload)
      : body_(std::make_unique<Holder<std::remove_cvref_t<F>>>(std::forward<F>(f))) {}

  void operator()() { body_->run(); }
  [[nodiscard]] explicit operator bool() const { return body_ != nullptr; }

 private:
  struct Body {
    Body() = default;
    Body(const Body&) = delete;
    Body& operator=(const Body&) = delete;
    virtual ~Body() = default;
    virtual void run() = 0;
  };
  template <class F>
  struct Holder final : Body {
    template <class G>
    explicit Holder(G&& g)  // NOLINT(bugprone-forwarding-reference-overload): nobody copies it
        : f(std::forward<G>(g)) {}
    void run() override { f(); }
    F f;
  };
  std::unique_ptr<Body> body_;
};

}  // namespace dfs::sim
