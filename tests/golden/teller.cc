#include "tests/golden/teller.h"

#include <algorithm>

#include "adapters/sim/address.h"

namespace dfs::golden {
namespace {

constexpr Address kNameNode = 1;
constexpr std::size_t kTimeWidth = 6;
const std::string kReadAndCheck = "read and check ";

std::string join(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    text += (i == 0 ? "" : i + 1 == words.size() ? " and " : ", ") + words[i];
  }
  return text;
}

}  // namespace

void Teller::step(const std::string& what) {
  if (told_) story_ += "\n> " + what + "\n";
}

void Teller::forget_names() {
  nodes_.clear();
  blocks_.clear();
}

void Teller::tell(const std::string& line) {
  if (!told_) return;
  const std::int64_t second = scene_.now_us() / 1'000'000;
  std::string when = second == told_second_ ? "" : std::to_string(second) + " s";
  told_second_ = second;
  when.insert(0, kTimeWidth - when.size(), ' ');
  story_ += when + "  " + line + "\n";
}

std::string Teller::name_of(Address address) {
  if (address == kNameNode) return "NameNode";
  const auto datanodes = static_cast<Address>(scene_.datanodes.size());
  if (address > kNameNode + datanodes) {
    return "client " + std::to_string(address - kNameNode - datanodes);
  }
  std::string& name = nodes_[address];
  if (name.empty()) name = "DataNode " + std::string(1, static_cast<char>('A' + nodes_.size() - 1));
  return name;
}

std::string Teller::name_of(BlockId block) {
  std::string& name = blocks_[block];
  if (name.empty()) name = "block " + std::to_string(blocks_.size());
  return name;
}

std::string Teller::names_of(const std::vector<BlockId>& blocks) {
  std::vector<std::string> names;
  for (const BlockId block : blocks) names.push_back(name_of(block));
  return join(names);
}

std::string Teller::names_of(const std::vector<Address>& addresses) {
  std::vector<std::string> names;
  for (const Address address : addresses) {
    names.push_back(names.empty() ? name_of(address) : name_of(address).substr(9));
  }
  return join(names);
}

std::string Teller::names_of(const std::vector<NodeId>& nodes) {
  std::vector<Address> addresses;
  for (const NodeId node : nodes) addresses.push_back(scene_.address_of(node));
  return names_of(addresses);
}

std::string Teller::path_of(InodeId inode) {
  const auto found = paths_.find(inode);
  return found == paths_.end() ? "a file" : found->second;
}

void Teller::namenode_starts(namenode::Store& /*store*/) { tell("NameNode starts"); }

void Teller::applying(const namenode::Command& command, const namenode::Outcome& outcome) {
  if (const auto* expire = std::get_if<namenode::ExpireCommand>(&command.body)) {
    for (const InodeId inode : expire->pending) {
      tell("NameNode ends the lease of " + path_of(inode) + ": its writer is silent");
    }
  } else if (const auto* mode = std::get_if<namenode::SafeModeCommand>(&command.body)) {
    tell(std::string("NameNode ") + (mode->on ? "enters" : "leaves") + " safe mode");
  } else if (std::holds_alternative<namenode::RaiseEpochCommand>(command.body)) {
    tell("NameNode raises its epoch");
  } else if (std::holds_alternative<namenode::NewerHistoryCommand>(command.body)) {
    tell("NameNode hears of a newer history than its own: it is read-only");
  } else if (std::holds_alternative<namenode::ReapCommand>(command.body)) {
    tell("NameNode reaps what was removed");
  } else if (const auto* request = std::get_if<namenode::RequestCommand>(&command.body)) {
    if (outcome.replayed) tell("NameNode has done that before, and looks up what it answered");
    if (const auto* create = std::get_if<wire::Create>(&request->body)) {
      if (const auto* created = std::get_if<wire::CreateReply>(&outcome.reply)) {
        paths_[created->inode] = create->path;
      }
    }
  }
  if (!outcome.effects.freed.empty()) {
    tell("NameNode frees " + names_of(outcome.effects.freed) + ": only readers may still want it");
  }
  if (!outcome.effects.forgotten.empty()) {
    tell("NameNode forgets " + names_of(outcome.effects.forgotten));
  }
}

void Teller::published(Address node, BlockId block, const std::string& /*wrong*/) {
  tell(name_of(node) + " has " + name_of(block) + " on disk, synced");
}

void Teller::moving(Address node, BlockId block, sim::Folder /*from*/, sim::Folder to) {
  tell(name_of(node) + " moves " + name_of(block) +
       (to == sim::Folder::kQuarantine ? " to quarantine" : " back from quarantine"));
}

void Teller::purging(Address node, BlockId block) {
  tell(name_of(node) + " deletes " + name_of(block) + " from quarantine");
}

void Teller::hear(sim::ConnectionId connection, Address from, Address to,
                  const sim::Message& message) {
  if (const auto* call = std::get_if<sim::CallMessage>(&message)) {
    requests_[connection] = call->request;
    hear_request(from, call->request);
  } else if (const auto* answer = std::get_if<sim::CallAnswer>(&message)) {
    const auto found = requests_.find(connection);
    if (found == requests_.end()) return;
    hear_reply(to, found->second, answer->reply);
    requests_.erase(found);
  } else if (const auto* write = std::get_if<sim::WriteOpen>(&message)) {
    std::vector<Address> rest;
    for (const wire::NodeAddress& target : write->header.targets) {
      rest.push_back(sim::address_of(target.peer));
    }
    const std::string verb = to > kNameNode && nodes_.contains(from) ? " passes " : " sends ";
    tell(name_of(from) + verb + name_of(write->header.block) + " to " + name_of(to) +
         (rest.empty() ? "" : ", for " + names_of(rest) + " after it"));
  } else if (std::holds_alternative<sim::BodyPiece>(message)) {
    ++pieces_[to];
  } else if (const auto* written = std::get_if<sim::WriteAnswer>(&message)) {
    std::string what = std::string(to_string(written->status.code()));
    if (written->status.ok()) {
      what = names_of(written->reply.stored) + " stored it";
      std::vector<NodeId> failed;
      for (const auto& failure : written->reply.failed) failed.push_back(failure.node);
      if (!failed.empty()) what += ", " + names_of(failed) + " did not";
    }
    tell(name_of(from) + " answers " + name_of(to) + ": " + what);
  } else if (const auto* read = std::get_if<sim::ReadAsk>(&message)) {
    tell(name_of(from) + " reads " + name_of(read->header.block.id) + " from " + name_of(to));
  } else if (const auto* range = std::get_if<sim::RangeAnswer>(&message)) {
    if (range->status.ok()) return;
    tell(name_of(from) + " answers " + name_of(to) + ": " +
         std::string(to_string(range->status.code())));
  }
}

void Teller::hear_request(Address from, const wire::Request& request) {
  if (const auto* heartbeat = std::get_if<wire::Heartbeat>(&request)) {
    return hear_heartbeat(from, *heartbeat);
  }
  if (std::holds_alternative<wire::Register>(request)) return tell(name_of(from) + " registers");
  if (std::holds_alternative<wire::ReportDigests>(request)) {
    return tell(name_of(from) + " reports in full");
  }
  if (std::holds_alternative<wire::ReportPiece>(request)) return;
  const std::string what = asked(request);
  if (what.empty()) return;
  const bool again = std::visit(
      [this](const auto& body) {
        if constexpr (requires { body.caller; }) {
          return !asked_.insert({body.caller.client, body.caller.request}).second;
        } else {
          return false;
        }
      },
      request);
  tell(name_of(from) + " asks NameNode" + (again ? " again: " : ": ") + what);
}

// What a client or an operator wants; "": not worth telling.
std::string Teller::asked(const wire::Request& request) {
  return std::visit(
      [this]<class T>(const T& body) -> std::string {
        if constexpr (std::is_same_v<T, wire::Create>) {
          return "create " + body.path + (body.overwrite ? ", replacing what is there" : "");
        } else if constexpr (std::is_same_v<T, wire::Allocate>) {
          std::vector<BlockId> written;
          for (const auto& commit : body.commit) written.push_back(commit.info.id);
          std::string what = written.empty() ? "" : names_of(written) + " is written; ";
          if (!body.abandon.empty()) what += names_of(body.abandon) + " failed; ";
          return what + (body.blocks == 0 ? "no more now" : "a block more, please");
        } else if constexpr (std::is_same_v<T, wire::Complete>) {
          return path_of(body.inode) + " is complete: " + std::to_string(body.length) + " bytes";
        } else if constexpr (std::is_same_v<T, wire::Abandon>) {
          return "give up the new " + path_of(body.inode);
        } else if constexpr (std::is_same_v<T, wire::Remove>) {
          return "remove " + body.path + (body.recursive ? " and everything below" : "");
        } else if constexpr (std::is_same_v<T, wire::Rename>) {
          return "rename " + body.from + " to " + body.to;
        } else if constexpr (std::is_same_v<T, wire::SetReplication>) {
          return "keep " + std::to_string(body.replication) + " copies of " + body.path;
        } else if constexpr (std::is_same_v<T, wire::Locate>) {
          return body.path.empty() ? "where is the rest of that version?"
                                   : "where is " + body.path + "?";
        } else if constexpr (std::is_same_v<T, wire::ReportBad>) {
          std::vector<std::string> bad;
          for (const auto& replica : body.replicas) {
            bad.push_back(name_of(replica.block) + " on " +
                          name_of(scene_.address_of(replica.node)));
          }
          return join(bad) + " does not match its checksum";
        } else if constexpr (std::is_same_v<T, wire::RenewLease>) {
          return "";
        } else if constexpr (std::is_same_v<T, wire::AcceptHistory>) {
          return "your history shall count";
        } else if constexpr (std::is_same_v<T, wire::Scrub>) {
          return "have every replica read";
        } else if constexpr (std::is_same_v<T, wire::SafeMode>) {
          return "safe mode: " + body.action;
        } else if constexpr (requires { body.path; }) {
          return std::string(T::kMethod) + " " + body.path;
        } else {
          return std::string(T::kMethod);
        }
      },
      request);
}

std::string Teller::allocated(const std::vector<wire::AllocatedBlock>& blocks) {
  std::vector<std::string> told;
  for (const wire::AllocatedBlock& block : blocks) {
    pipeline_.clear();
    for (const auto& target : block.targets) pipeline_.push_back(sim::address_of(target.client));
    told.push_back(name_of(block.block) + " goes to " + names_of(pipeline_));
  }
  return join(told);
}

void Teller::hear_reply(Address to, const wire::Request& request, const wire::Reply& reply) {
  if (const auto* heartbeat = std::get_if<wire::HeartbeatReply>(&reply)) {
    if (heartbeat->report) tell("NameNode wants a full report of " + name_of(to));
    std::string orders;
    for (const wire::Order& order : heartbeat->orders) {
      orders += (orders.empty() ? ": " : "; ") + (orders_[order.order] = ordered(order));
    }
    if (!orders.empty()) tell("NameNode orders " + name_of(to) + orders);
    return;
  }
  std::string what;
  if (const auto* status = std::get_if<Status>(&reply)) {
    if (asked(request).empty()) return;
    what = to_string(status->code());
  } else if (const auto* created = std::get_if<wire::CreateReply>(&reply)) {
    what = allocated(created->blocks);
  } else if (const auto* more = std::get_if<wire::AllocateReply>(&reply)) {
    what = allocated(more->blocks);
  } else if (const auto* located = std::get_if<wire::LocateReply>(&reply)) {
    std::vector<std::string> blocks;
    for (const wire::LocatedBlock& block : located->blocks) {
      std::vector<Address> holders;
      for (const auto& holder : block.locations) holders.push_back(sim::address_of(holder.client));
      blocks.push_back(name_of(block.block.id) + " on " +
                       (holders.empty() ? "none that is there" : names_of(holders)));
    }
    what = join(blocks);
  } else if (std::holds_alternative<wire::Stat>(request)) {
    what = "it is there";
  } else if (std::holds_alternative<wire::Complete>(request)) {
    what = "it is visible, and on disk";
  } else if (std::visit(
                 [](const auto& body) {
                   return requires { body.caller; };
                 },
                 request)) {
    what = "done, and on disk";
  }
  if (!what.empty()) tell("NameNode answers " + name_of(to) + ": " + what);
}

void Teller::hear_heartbeat(Address from, const wire::Heartbeat& heartbeat) {
  for (const wire::ReplicaChange& change : heartbeat.changes) {
    if (change.event == wire::ReplicaEvent::kCorrupt) {
      tell(name_of(from) + " reports " + name_of(change.replica.id) + " corrupt");
    } else if (change.event == wire::ReplicaEvent::kUnread) {
      tell(name_of(from) + " reports that it cannot read " + name_of(change.replica.id));
    }
  }
  for (const wire::OrderResult& result : heartbeat.results) {
    const auto order = orders_.find(result.order);
    if (order == orders_.end()) continue;
    // What came of a reading has been reported as a change.
    if (!result.status.ok() && !order->second.starts_with(kReadAndCheck)) {
      tell(name_of(from) + " could not " + order->second + ": " +
           std::string(to_string(result.status.code())));
    }
    orders_.erase(order);
  }
  std::vector<BlockId> wanted;
  for (const wire::BlockInfo& block : heartbeat.purge_wanted) wanted.push_back(block.id);
  if (!wanted.empty()) tell(name_of(from) + " asks whether it may delete " + names_of(wanted));
}

std::string Teller::ordered(const wire::Order& order) {
  const std::string block = name_of(order.block.id);
  switch (order.kind) {
    case wire::OrderKind::kCopy: {
      std::vector<Address> sources;
      for (const auto& source : order.sources) sources.push_back(sim::address_of(source.peer));
      std::sort(sources.begin(), sources.end(),
                [this](Address a, Address b) { return name_of(a) < name_of(b); });
      return "copy " + block + " from " + names_of(sources);
    }
    case wire::OrderKind::kQuarantine:
      return "put " + block + " into quarantine";
    case wire::OrderKind::kRestore:
      return "take " + block + " back from quarantine";
    case wire::OrderKind::kPurge:
      return "delete " + block + " from quarantine";
    case wire::OrderKind::kVerify:
      return kReadAndCheck + block;
    case wire::OrderKind::kConfirm:
      return "say whether " + block + " is there";
  }
  return "";
}

}  // namespace dfs::golden
