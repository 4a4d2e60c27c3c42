// Stories of replicas that are lost, rot, or are too many.
#include "tests/golden/scenario.h"
#include "tests/golden/stories.h"

namespace dfs::golden {
namespace {

std::string reader_finds_rot() {
  Scenario s(
      "A reader meets rot, on a cluster that has no DataNode to spare.\n\n"
      "It reads on from another replica and says so. The rotten one is repaired where it is, from\n"
      "the others: with three DataNodes and three copies there is no other place.",
      {.datanodes = 3});
  s.given("/report", 1);
  s.say("a bit flips in every replica but one, before anybody reads");
  s.rot(s.target(0), s.block_of("/report"));
  s.rot(s.target(1), s.block_of("/report"));
  s.get("/report", 2);
  s.wait(seconds(30));
  s.get("/report", 2);
  return s.end();
}

std::string scrub_finds_rot() {
  Scenario s(
      "A scrub finds rot before any reader does.\n\n"
      "An operator asks for it here; every DataNode also reads all of its replicas once a week.",
      {.datanodes = 4});
  s.given("/report", 1);
  s.say("a bit flips on " + s.name(s.target(1)));
  s.rot(s.target(1), s.block_of("/report"));
  s.ask("an operator wants everything to be read", wire::Scrub{"/", ""});
  s.wait(seconds(30));
  return s.end();
}

std::string too_many_open_files() {
  Scenario s(
      "A DataNode has no file descriptor left: that says nothing about its replicas.\n\n"
      "It cannot read them now, and they are there. Nothing is deleted anywhere, and the others\n"
      "serve the readers.",
      {.datanodes = 3});
  s.given("/report", 1);
  s.say(s.name(s.target(0)) + " has too many open files");
  s.datanode(s.target(0)).disk(0).set_out_of_descriptors(true);
  s.get("/report", 2);
  s.ask("an operator wants everything to be read", wire::Scrub{"/", ""});
  s.wait(seconds(20));
  s.say(s.name(s.target(0)) + " can open files again");
  s.datanode(s.target(0)).disk(0).set_out_of_descriptors(false);
  s.wait(seconds(40));
  return s.end();
}

std::string comes_back_with_surplus() {
  Scenario s(
      "A DataNode is cut off, declared dead, and comes back with what it had.\n\n"
      "By then its block has been copied elsewhere, so there is one copy too many. Those that\n"
      "stay are asked before the one that is too many may go, and it goes to quarantine first.",
      {.datanodes = 4});
  s.given("/report", 1);
  const Address lost = s.target(2);
  s.say("the network of " + s.name(lost) + " is cut");
  s.cut_off(lost, true);
  s.wait(seconds(60));
  s.say("a minute later it is whole again");
  s.cut_off(lost, false);
  s.wait(seconds(180));
  return s.end();
}

std::string wiped_disk() {
  Scenario s(
      "A DataNode comes back with an empty disk.\n\n"
      "It is a new one to the NameNode, and the old one is dead after half a minute: its block is\n"
      "copied then.",
      {.datanodes = 3});
  s.given("/report", 1);
  s.say(s.name(s.target(0)) + " gets a new disk");
  s.wipe(s.target(0));
  s.wait(seconds(2));
  s.start(s.target(0));
  s.wait(seconds(60));
  s.get("/report", 2);
  return s.end();
}

std::string mass_loss() {
  Scenario s(
      "Most DataNodes vanish at once: a switch, more likely than a disaster.\n\n"
      "The NameNode waits, a minute here, rather than have everything copied to those that are\n"
      "left. They do not come back in time, so then it does. When they come back after all, there\n"
      "is a copy too many.",
      {.datanodes = 5});
  s.given("/report", 1);
  const Address alone = s.target(0);
  std::vector<Address> lost = {s.target(1), s.target(2)};
  for (Address node = 2; lost.size() < 3; ++node) {
    if (node != alone && node != lost[0] && node != lost[1]) lost.push_back(node);
  }
  s.say("a switch fails: three DataNodes of five are cut off, " + s.name(lost[0]) + " and " +
        s.name(lost[1]) + " among them");
  for (const Address node : lost) s.cut_off(node, true);
  s.wait(seconds(60));
  s.ask("a client asks for the file", wire::Locate{"/report"}, 2);
  s.wait(seconds(60));
  s.say("the switch works again");
  for (const Address node : lost) s.cut_off(node, false);
  s.wait(seconds(30));
  return s.end();
}

std::string setrep() {
  Scenario s(
      "More copies of a file, then fewer.\n\n"
      "Copies are pulled by those who are to have them. Who loses one is asked to put it into\n"
      "quarantine, and may delete it a minute later here, if the NameNode still agrees.",
      {.datanodes = 4});
  s.given("/report", 1);
  s.ask("four copies, please", wire::SetReplication{{}, "/report", 4});
  s.wait(seconds(10));
  s.ask("two are enough", wire::SetReplication{{}, "/report", 2});
  s.wait(seconds(180));
  return s.end();
}

std::string remove_tree() {
  Scenario s(
      "A directory is removed with everything below it.\n\n"
      "The name is gone at once; what was below is reaped afterwards, a bounded piece at a time.\n"
      "The blocks stay for readers who have begun, a minute here, then they are forgotten, and "
      "the\n"
      "replicas go to quarantine.",
      {.datanodes = 2});
  s.ask("client 1 makes a directory", wire::Mkdir{{}, "/drafts"});
  s.given("/drafts/one", 1);
  s.ask("client 2 removes it", wire::Remove{{}, "/drafts", true}, 2);
  s.ask("and asks for the file", wire::Stat{"/drafts/one"}, 2);
  s.wait(seconds(240));
  return s.end();
}

}  // namespace

std::vector<Told> stories_of_healing() {
  return {{"reader_finds_rot_on_three_nodes", reader_finds_rot},
          {"scrub_finds_rot", scrub_finds_rot},
          {"too_many_open_files", too_many_open_files},
          {"dead_datanode_comes_back_with_surplus", comes_back_with_surplus},
          {"wiped_disk", wiped_disk},
          {"mass_loss_waits", mass_loss},
          {"setrep_up_and_down", setrep},
          {"remove_a_tree", remove_tree}};
}

}  // namespace dfs::golden
