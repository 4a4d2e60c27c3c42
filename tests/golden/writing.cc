// Stories of files that are written and read, and of those who fail on the way.
#include "tests/golden/scenario.h"
#include "tests/golden/stories.h"

namespace dfs::golden {
namespace {

std::string put() {
  Scenario s(
      "A put of two blocks through a pipeline.\n\n"
      "The client sends each block once, to the first DataNode, which passes it on while it\n"
      "receives. Every DataNode syncs its replica before it answers. The file is visible when it\n"
      "is complete, and not before.",
      {.datanodes = 3});
  s.put("/report", 2);
  return s.end();
}

std::string get() {
  Scenario s(
      "A get asks the NameNode once and then reads from DataNodes.\n\n"
      "It goes on when one of them does not answer. The bytes are checked as they arrive.",
      {.datanodes = 3});
  s.given("/report", 2);
  s.get("/report", 2);
  s.say(s.name(s.target(0)) + " and " + s.name(s.target(1)) + " stop");
  s.kill(s.target(0));
  s.kill(s.target(1));
  s.get("/report", 2);
  return s.end();
}

// A DataNode dies when it has received half of a block.
std::string dies_in_pipeline(std::size_t place, const std::string& about) {
  Scenario s(about, {.datanodes = 4});
  s.begin_put("/report", 1);
  s.until([&] { return s.targets() == 3 && s.pieces(s.target(place)) >= 2; });
  s.say(s.name(s.target(place)) + " dies when it has half of the block");
  s.kill(s.target(place));
  s.finish();
  s.wait(seconds(30));
  return s.end();
}

std::string head_dies() {
  return dies_in_pipeline(
      0,
      "The first DataNode of a pipeline dies in the middle of a block.\n\n"
      "Only the client has all of the bytes then. It gives the block up and sends it again,\n"
      "under a new id, so that half of the old one can never be taken for it.");
}

std::string middle_dies() {
  return dies_in_pipeline(
      1,
      "The second of three DataNodes of a pipeline dies in the middle of a block.\n\n"
      "The first one finishes its own replica and sends it to the third, under the same id. The\n"
      "file is complete with two copies, and the NameNode has the third made.");
}

std::string tail_dies() {
  return dies_in_pipeline(2,
                          "The last DataNode of a pipeline dies in the middle of a block.\n\n"
                          "Two copies are enough to be complete; the NameNode has the third made.");
}

std::string client_dies() {
  Scenario s(
      "A client dies in the middle of a put, and its lease expires.\n\n"
      "The name is taken until then. What was written is given up: a file cut short is never\n"
      "seen.",
      {.datanodes = 2});
  s.begin_put("/report", 2);
  s.until([&] { return s.targets() == 2 && s.pieces(s.target(0)) >= 6; });
  s.say("client 1 loses power in its second block");
  s.kill_client(1);
  s.wait(seconds(5));
  s.ask("client 2 tries to create the same file", wire::Create{{}, "/report"}, 2);
  s.wait(seconds(150));
  s.ask("client 2 asks what became of it", wire::Stat{"/report"}, 2);
  return s.end();
}

std::string overwrite_and_reader() {
  Scenario s(
      "A file is overwritten while somebody reads it.\n\n"
      "The reader goes on with the version that it began with: its blocks are kept for a minute\n"
      "here. Who begins to read now gets the new one.",
      {.datanodes = 2});
  s.given("/report", 3);
  s.begin_get("/report", 2);
  s.wait(milliseconds(2));
  s.put("/report", 1, true);
  s.get("/report", 2);
  s.say("a few minutes later");
  s.wait(seconds(180));
  return s.end();
}

std::string rename_during_put() {
  Scenario s(
      "A directory is renamed while a file is being written into it.\n\n"
      "A writer is bound to the directory, not to the path: the file comes to be where the\n"
      "directory is now.",
      {.datanodes = 3});
  s.ask("client 1 makes a directory", wire::Mkdir{{}, "/drafts"});
  s.begin_put("/drafts/report", 1);
  s.until([&] { return s.targets() == 3 && s.pieces(s.target(0)) >= 2; });
  s.ask("client 2 renames the directory", wire::Rename{{}, "/drafts", "/final"}, 2);
  s.get("/final/report", 2);
  return s.end();
}

std::string disk_full() {
  Scenario s(
      "The disk of one DataNode is full, and it did not know.\n\n"
      "It refuses the block, the pipeline goes on without it, and the copy that is missing is\n"
      "made elsewhere.",
      {.datanodes = 4});
  s.begin_put("/report", 1);
  s.until([&] { return s.targets() == 3; });
  s.say("the disk of " + s.name(s.target(1)) + " is full from now on");
  s.datanode(s.target(1)).disk(0).set_full(true);
  s.finish();
  s.wait(seconds(30));
  return s.end();
}

std::string power_loss_of_everything() {
  Scenario s(
      "Everything loses power right after a put.\n\n"
      "What was acknowledged is on disk: at the DataNodes, and at the NameNode. Nothing that was\n"
      "not synced is needed.",
      {.datanodes = 2});
  s.put("/report", 1);
  s.say("the whole machine room loses power");
  s.namenode().die(true, 0);
  for (std::size_t place = 0; place < 2; ++place) s.kill(s.target(place), true);
  s.wait(seconds(2));
  s.say("and has it again");
  s.namenode().start();
  for (std::size_t place = 0; place < 2; ++place) s.start(s.target(place));
  s.wait(seconds(5));
  s.get("/report", 2);
  return s.end();
}

}  // namespace

std::vector<Told> stories_of_writing() {
  return {{"put", put},
          {"get", get},
          {"pipeline_head_dies", head_dies},
          {"pipeline_middle_dies", middle_dies},
          {"pipeline_tail_dies", tail_dies},
          {"client_dies_and_its_lease_expires", client_dies},
          {"overwrite_seen_by_a_reader", overwrite_and_reader},
          {"rename_during_a_put", rename_during_put},
          {"disk_full", disk_full},
          {"power_loss_of_everything", power_loss_of_everything}};
}

}  // namespace dfs::golden
