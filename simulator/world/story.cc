#include "simulator/world/story.h"

#include <boost/json/serialize.hpp>
#include <cstdio>

#include "adapters/sim/address.h"
#include "core/wire/json.h"

namespace dfs::world {
namespace {

template <class V>
std::string told_any(const V& message);

// The name and the fields of a message; a variant inside one is told by its own name and fields.
template <class T>
std::string told(const T& message) {
  if constexpr (std::is_same_v<T, Status>) {
    return std::string(to_string(message.code())) + ": " + message.message();
  } else if constexpr (std::is_same_v<T, namenode::RequestCommand>) {
    return told_any(message.body);
  } else {
    std::string name;
    if constexpr (requires { T::kMethod; }) name = std::string(T::kMethod) + " ";
    if constexpr (requires { T::kName; }) name = std::string(T::kName) + " ";
    return name + wire::to_json_text(message);
  }
}

template <class V>
std::string told_any(const V& message) {
  return std::visit([](const auto& body) { return told(body); }, message);
}

const char* folder_name(sim::Folder folder) {
  return folder == sim::Folder::kCurrent ? "current" : "quarantine";
}

class Story final : public Oracle {
 public:
  Story(Scene& scene, StoryLine line) : Oracle(scene), line_(std::move(line)) {}

  void namenode_starts(namenode::Store& store) override {
    tell("namenode", "starts at command " + std::to_string(store.meta().applied));
  }
  void namenode_died() override { tell("namenode", "dies"); }
  void namenode_gave_up(const std::string& line) override { tell("namenode", "gave up: " + line); }
  void applying(const namenode::Command& command, const namenode::Outcome& outcome) override {
    tell("namenode", "applies " + std::to_string(outcome.position) + " " + told_any(command.body));
  }
  void answered(const wire::Request& request, const wire::Reply& reply, bool) override {
    tell("namenode", "answers " + told_any(request) + " -> " + told_any(reply));
  }
  void released(const wire::Request& request, const wire::Reply&,
                namenode::Position position) override {
    tell("namenode", "releases at " + std::to_string(position) + " " + told_any(request));
  }
  void published(Address node, BlockId block, const std::string& wrong) override {
    tell(sim::name_of(node), "publishes " + std::to_string(block.value) + " " + wrong);
  }
  void moving(Address node, BlockId block, sim::Folder from, sim::Folder to) override {
    tell(sim::name_of(node), "moves " + std::to_string(block.value) + " from " + folder_name(from) +
                                 " to " + folder_name(to));
  }
  void purging(Address node, BlockId block) override {
    tell(sim::name_of(node), "purges " + std::to_string(block.value));
  }
  void fell_ill(Address node, Illness illness) override {
    tell(sim::name_of(node), "stays ill: " + std::string(to_string(illness)));
  }
  void disks_changed(Address node) override { tell(sim::name_of(node), "has its disks changed"); }
  void datanode_says(Address node, const wire::Request& request) override {
    tell(sim::name_of(node), "says " + told_any(request));
  }
  void read_done(const std::string& path, InodeId version, std::uint64_t, std::uint64_t delivered,
                 bool) override {
    tell("client", "has read " + std::to_string(delivered) + " bytes of " + path + " (inode " +
                       std::to_string(version.value) + ")");
  }

 private:
  void tell(const std::string& who, const std::string& what) {
    line_(moment(scene_.now_us()) + " " + who + " " + what);
  }

  StoryLine line_;
};

}  // namespace

std::string moment(std::int64_t at_us) {
  char when[32];
  std::snprintf(when, sizeof when, "%4lld.%06lld", static_cast<long long>(at_us / 1'000'000),
                static_cast<long long>(at_us % 1'000'000));
  return when;
}

std::unique_ptr<Oracle> make_story(Scene& scene, StoryLine line) {
  return std::make_unique<Story>(scene, std::move(line));
}

}  // namespace dfs::world
