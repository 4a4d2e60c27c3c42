// N1: the namespace is linearizable. The NameNode's order of commands is the witness: each reply is
// the one that a reference model gives at that point, and a request executes once. "Outcome
// unknown" is said only of what may have been executed and forgotten.
#include "simulator/world/oracles.h"

namespace dfs::world {
namespace {

std::string name_of(const wire::Request& request) {
  return std::visit(
      []<class T>(const T& body) {
        std::string name(T::kMethod);
        if constexpr (requires { body.path; }) name += " " + body.path;
        if constexpr (requires { body.from; }) name += " " + body.from + " to " + body.to;
        if constexpr (requires { body.caller.request; }) {
          name += " (" + body.caller.client.substr(0, 8) + " #" +
                  std::to_string(body.caller.request) + ")";
        }
        return name;
      },
      request);
}

// Refusals that depend on the state of the cluster and not on the namespace.
bool is_refusal(Code code) {
  return code == Code::kSafeMode || code == Code::kReadOnly || code == Code::kUnavailable ||
         code == Code::kNotEnoughDataNodes || code == Code::kNoSpace ||
         code == Code::kInvalidArgument;
}

class Linear final : public Oracle {
 public:
  using Oracle::Oracle;

  void applying(const namenode::Command& command, const namenode::Outcome& outcome) override {
    const auto* request = std::get_if<namenode::RequestCommand>(&command.body);
    if (request == nullptr) return;
    std::visit([&](const auto& body) { check_command(*request, body, outcome); }, request->body);
  }

  void answered(const wire::Request& request, const wire::Reply& reply, bool command) override {
    std::visit(
        [&]<class T>(const T& body) {
          if constexpr (requires { body.caller.request; }) {
            if (!command) check_refusal(request, body.caller, reply);
          } else {
            check_read(request, reply);
          }
        },
        request);
  }

 private:
  void check_command(const namenode::RequestCommand& command, const auto& body,
                     const namenode::Outcome& outcome) {
    const auto name = [&] { return name_of(wire::Request(body)); };
    const std::optional<std::uint64_t> before = scene_.applied.recorded(body.caller);
    if (code_of(outcome.reply) == Code::kUnknownOutcome) {
      return check_unknown(wire::Request(body), body.caller);
    }
    scene_.verdicts.expect(outcome.replayed == before.has_value(), "N1", [&] {
      return name() + (before ? " was executed a second time" : " was answered from no record");
    });
    if (outcome.replayed) {
      scene_.verdicts.probe("retry answered from its record");
      scene_.verdicts.expect(before == digest_of(outcome.reply), "N1", [&] {
        return name() + " was answered differently when it was retried";
      });
      return;
    }
    const Code expected = scene_.applied.expected(command);
    scene_.verdicts.expect(expected == code_of(outcome.reply), "N1", [&] {
      return name() + ": expected " + std::string(to_string(expected)) + ", got " +
             std::string(to_string(code_of(outcome.reply)));
    });
  }

  void check_refusal(const wire::Request& request, const wire::Caller& caller,
                     const wire::Reply& reply) {
    const Code code = code_of(reply);
    const std::optional<std::uint64_t> before = scene_.applied.recorded(caller);
    if (before == digest_of(reply)) {
      scene_.verdicts.probe("retry answered from its record");
      scene_.verdicts.checked("N1");
      return;
    }
    if (code == Code::kUnknownOutcome) return check_unknown(request, caller);
    scene_.verdicts.expect(is_refusal(code), "N1", [&] {
      return name_of(request) + " was answered " + std::string(to_string(code)) +
             " without a command";
    });
  }

  void check_unknown(const wire::Request& request, const wire::Caller& caller) {
    scene_.verdicts.expect(scene_.applied.may_have_forgotten(caller), "N1", [&] {
      return name_of(request) + " is said to be of unknown outcome, and " +
             (scene_.applied.recorded(caller) ? "is recorded" : "was never executed");
    });
  }

  void check_read(const wire::Request& request, const wire::Reply& reply) {
    const bool namespace_read = std::holds_alternative<wire::Stat>(request) ||
                                std::holds_alternative<wire::List>(request) ||
                                std::holds_alternative<wire::Locate>(request) ||
                                std::holds_alternative<wire::Summarize>(request);
    if (!namespace_read || code_of(reply) == Code::kUnavailable) return;
    const std::optional<std::string> wrong = scene_.applied.disagreement(request, reply);
    scene_.verdicts.expect(!wrong, "N1", [&] { return name_of(request) + ": " + *wrong; });
  }
};

}  // namespace

std::unique_ptr<Oracle> make_n1(Scene& scene) { return std::make_unique<Linear>(scene); }

}  // namespace dfs::world
