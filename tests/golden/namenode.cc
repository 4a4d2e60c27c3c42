// Stories of the NameNode: restarts, retries, histories, safe mode.
#include "tests/golden/scenario.h"
#include "tests/golden/stories.h"

namespace dfs::golden {
namespace {

constexpr std::uint64_t kWholeCommit = 1000;  // steps; more than it has

std::string restart() {
  Scenario s(
      "The NameNode restarts.\n\n"
      "It serves reads at once, from the locations that it remembers as hints. It deletes nothing\n"
      "on the word of a DataNode that has not reported in full since.",
      {.datanodes = 3});
  s.given("/report", 1);
  s.ask("two copies are enough", wire::SetReplication{{}, "/report", 2});
  s.say("the NameNode dies before it has done anything about it");
  s.namenode().die(false, 0);
  for (std::size_t place = 0; place < 3; ++place) s.cut_off(s.target(place), true);
  s.say("and starts again, while the DataNodes cannot reach it");
  s.namenode().start();
  s.wait(milliseconds(500));
  s.ask("client 2 asks for the file", wire::Locate{"/report"}, 2);
  s.say("one DataNode after the other can");
  for (std::size_t place = 0; place < 3; ++place) {
    s.cut_off(s.target(place), false);
    s.wait(seconds(4));
  }
  s.wait(seconds(10));
  return s.end();
}

std::string dies_during_a_commit() {
  Scenario s(
      "The NameNode dies in the middle of a commit.\n\n"
      "The client has no answer and asks again. Whether the first one had become durable does not\n"
      "matter: the request has a number, and executes once.",
      {.datanodes = 1});
  const auto make = [&s](const std::string& path) {
    s.client(1).call({wire::Mkdir{{}, path},
                      {.attempt_timeout = seconds(2)},
                      [](const wire::Reply& /*reply*/) {}});
    s.until([&s] { return s.namenode().committing(); });
  };
  const auto start_again = [&s] {
    s.wait(seconds(1));
    s.namenode().start();
    s.wait(seconds(5));
  };
  s.say("client 1 makes a directory; the NameNode loses power before any of it is written");
  make("/first");
  s.namenode().die(true, 0);
  start_again();
  s.say("client 1 makes another; the NameNode dies when all of it is written and nobody was told");
  make("/second");
  s.namenode().die(false, kWholeCommit);
  start_again();
  s.ask("client 2 looks", wire::Stat{"/second"}, 2);
  return s.end();
}

std::string retry_from_record() {
  Scenario s(
      "An answer is lost, and the request comes again.\n\n"
      "The NameNode keeps what it answered, in the transaction that did it. Without that record\n"
      "the second rename would fail, although the first one did what was wanted.",
      {.datanodes = 2});
  s.ask("client 1 makes a directory", wire::Mkdir{{}, "/drafts"});
  const Address client = s.client(1).address();
  s.say("client 1 renames it; the way back to it is cut for two seconds");
  s.cluster().network().cut(s.namenode().address(), client);
  s.client(1).call({wire::Rename{{}, "/drafts", "/final"},
                    {.attempt_timeout = seconds(1)},
                    [](const wire::Reply& /*reply*/) {}});
  s.wait(seconds(2));
  s.cluster().network().mend(s.namenode().address(), client);
  s.wait(seconds(5));
  return s.end();
}

std::string backup_restored() {
  Scenario s(
      "An operator restores the NameNode from a backup that is too old.\n\n"
      "The DataNodes have seen a newer history. So the NameNode hands out no block and deletes\n"
      "none, until the operator says that the old history shall count. Then its epoch is raised,\n"
      "and no id of before can come again.",
      {.datanodes = 2, .change = [](world::Plan& plan) {
         plan.faults.push_back(
             {Instant{} + seconds(5), world::FaultKind::kRestoreBackup, seconds(5)});
       }});
  s.given("/before", 1);
  s.wait(seconds(3));
  s.say("at 5 s an operator has kept a copy of the NameNode's files");
  s.given("/after", 1);
  s.say("at 10 s the operator restores that copy, five seconds later accepts its history");
  s.wait(seconds(6));
  s.put("/next", 1);
  s.wait(seconds(5));
  s.put("/later", 1);
  s.ask("client 2 asks for the file that the backup does not have", wire::Stat{"/after"}, 2);
  s.get("/before", 2);
  return s.end();
}

std::string safe_mode() {
  Scenario s(
      "An operator asks for safe mode.\n\n"
      "Everything can be read and nothing be changed, until the operator says so: neither time "
      "nor\n"
      "a restart ends it.",
      {.datanodes = 2});
  s.given("/report", 1);
  s.ask("an operator enters safe mode", wire::SafeMode{"enter"});
  s.ask("client 2 makes a directory", wire::Mkdir{{}, "/drafts"}, 2);
  s.get("/report", 2);
  s.say("the NameNode restarts");
  s.namenode().die(false, 0);
  s.wait(seconds(1));
  s.namenode().start();
  s.wait(seconds(5));
  s.ask("client 2 makes a directory", wire::Mkdir{{}, "/drafts"}, 2);
  s.ask("the operator leaves safe mode", wire::SafeMode{"leave"});
  s.ask("client 2 makes a directory", wire::Mkdir{{}, "/drafts"}, 2);
  return s.end();
}

}  // namespace

std::vector<Told> stories_of_the_namenode() {
  return {{"namenode_restart", restart},
          {"namenode_dies_during_a_commit", dies_during_a_commit},
          {"retry_answered_from_its_record", retry_from_record},
          {"backup_restored_by_mistake", backup_restored},
          {"safe_mode_by_hand", safe_mode}};
}

}  // namespace dfs::golden
