// The JSON form of commands.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "core/namenode/command.h"
#include "core/wire/json.h"
#include "tests/wire/random_message.h"

namespace dfs::namenode {
namespace {

template <class T>
T random_body() {
  T body;
  wire::fill_randomly(body, 0);
  return body;
}
template <>
RequestCommand random_body<RequestCommand>() {
  RequestCommand command;
  const int kind =
      *rc::gen::inRange(0, static_cast<int>(std::variant_size_v<RequestCommand::Body>));
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    ((static_cast<int>(I) == kind ? wire::fill_randomly(command.body.emplace<I>(), 0) : void()),
     ...);
  }
  (std::make_index_sequence<std::variant_size_v<RequestCommand::Body>>{});
  wire::fill_randomly(command.targets, 0);
  return command;
}

template <class T>
void survives() {
  EXPECT_TRUE(rc::check([] {
    Command command;
    wire::fill_randomly(command.time, 0);
    wire::fill_randomly(command.wall, 0);
    command.body = random_body<T>();
    const std::string text = to_text(command);
    RC_ASSERT(text.find('\n') == std::string::npos);
    const Result<Command> back = command_from_text(text);
    RC_ASSERT(back.ok());
    RC_ASSERT(*back == command);
  }));
}

TEST(CommandText, EveryCommandSurvivesTheRoundTrip) {
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (survives<std::variant_alternative_t<I, decltype(Command::body)>>(), ...);
  }
  (std::make_index_sequence<std::variant_size_v<decltype(Command::body)>>{});
}

TEST(CommandText, TheLargestRequestSurvivesTheRoundTrip) {
  wire::Mkdir mkdir;
  mkdir.path.assign(wire::kMaxMessageBytes, 'x');
  Command command;
  command.body = RequestCommand{mkdir, {}};
  const Result<Command> back = command_from_text(to_text(command));
  ASSERT_TRUE(back.ok()) << back.status().message();
  EXPECT_TRUE(*back == command);
}

TEST(CommandText, IsRefusedInOneLineWhenItIsNone) {
  const auto with = [](const std::string& body) {
    return R"({"time":1,"wall":1,"command":)" + body + "}";
  };
  for (const std::string& text :
       {std::string(), std::string("[]"), std::string("{}"), with(R"("fly","body":{})"),
        with(R"("reap","body":{"rows":-1})"), with(R"("reap","body":{"rows":1},"more":1)"),
        std::string(R"({"time":"x","wall":1,"command":"reap","body":{"rows":1}})"),
        std::string(R"({"time":1,"command":"reap","body":{"rows":1},"more":1})"),
        std::string(R"({"wall":1,"command":"reap","body":{"rows":1},"more":1})"),
        std::string(R"({"time":1,"wall":1,"body":{"rows":1},"more":1})"),
        std::string(R"({"time":1,"wall":1,"command":7,"body":{"rows":1}})"),
        with(R"("request","body":{"method":"mkdir"})"),
        with(R"("request","body":{"method":"mkdir","request":{}})"),
        with(R"("request","body":{"method":"mkdir","request":{},"targets":[],"more":1})"),
        with(R"("request","body":{"method":"mkdir","request":{},"targets":{}})"),
        with(R"("request","body":{"method":"stat","request":{},"targets":[]})"),
        with(R"("request","body":{"method":"mkdir","request":{"x":1},"targets":[]})")}) {
    const Result<Command> command = command_from_text(text);
    EXPECT_EQ(command.status().code(), Code::kInvalidArgument) << text;
    EXPECT_EQ(command.status().message().find('\n'), std::string::npos);
  }
}

TEST(CommandText, AnyCutOfACommandIsRefused) {
  Command command;
  command.body = RequestCommand{wire::Mkdir{{"c", 1, 0, 0, "ann"}, "/a", true, 0755}, {}};
  const std::string text = to_text(command);
  for (std::size_t length = 0; length < text.size(); ++length) {
    EXPECT_FALSE(command_from_text(text.substr(0, length)).ok()) << length;
  }
}

}  // namespace
}  // namespace dfs::namenode
