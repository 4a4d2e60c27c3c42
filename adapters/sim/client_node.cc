#include "adapters/sim/client_node.h"

#include <algorithm>

#include "adapters/sim/address.h"
#include "adapters/sim/client_job.h"
#include "core/base/assert.h"

namespace dfs::sim {
ClientNode::ClientNode(EventQueue& queue, Network& network, Address address, ClockSkew skew,
                       Random random)
    : Process(queue, address, skew), network_(network), random_(random) {}

ClientNode::~ClientNode() = default;

void ClientNode::start(ClientOptions options) {
  begin();
  network_.came_back(address());
  options_ = std::move(options);
  numbers_ = std::make_unique<client::RequestNumbers>(options_.client, "sim");
}

void ClientNode::die(bool silent) {
  if (!up()) return;
  end();
  calls_.clear();
  jobs_.clear();
  open_.clear();
  numbers_.reset();
  network_.died(address(), silent);
}

JobId ClientNode::put(PutJob job) {
  const JobId id = next_job_++;
  job.options.retry.namenodes = static_cast<std::uint32_t>(options_.namenodes.size());
  (jobs_[id] = std::make_unique<Put>(*this, id, std::move(job)))->start();
  return id;
}

JobId ClientNode::get(GetJob job) {
  const JobId id = next_job_++;
  job.options.retry.namenodes = static_cast<std::uint32_t>(options_.namenodes.size());
  (jobs_[id] = std::make_unique<Get>(*this, id, std::move(job)))->start();
  return id;
}

JobId ClientNode::call(CallJob job) {
  const JobId id = next_job_++;
  job.retry.namenodes = static_cast<std::uint32_t>(options_.namenodes.size());
  (jobs_[id] = std::make_unique<Single>(*this, id, std::move(job)))->start();
  return id;
}

void ClientNode::cancel(JobId id) {
  if (Job* job = find(id)) job->cancel();
}

ClientNode::Job* ClientNode::find(JobId job) {
  const auto found = jobs_.find(job);
  return found == jobs_.end() ? nullptr : found->second.get();
}

// Removes a finished job once nothing of it is on the stack any more.
void ClientNode::sweep(JobId job) {
  after({}, [this, job] { jobs_.erase(job); });
}

void ClientNode::start_call(JobId job, std::uint64_t number, wire::Request request,
                            client::RetryOptions retry) {
  const std::uint64_t call = next_call_++;
  RunningCall& running = calls_[call];
  running.job = job;
  running.number = number;
  running.machine = std::make_unique<client::Call>(std::move(request), *numbers_, retry,
                                                   random_.fork(incarnation()).fork(call));
  client::CallEffects effects;
  running.machine->start(now().mono, effects);
  carry_out(call, std::move(effects));
}

void ClientNode::carry_out(std::uint64_t call, client::CallEffects effects) {
  for (client::CallEffect& effect : effects) {
    if (auto* send = std::get_if<client::SendRequest>(&effect)) {
      const JobId job = calls_.at(call).job;
      if (attempt_observer_) attempt_observer_(job, call, send->attempt, now());
      const ConnectionId connection =
          network_.connect(address(), options_.namenodes.at(send->namenode));
      open_[connection] = {Purpose::kAttempt, call, job, send->attempt, 0};
      const bool completes = std::holds_alternative<wire::Complete>(send->request);
      network_.send(connection, address(), CallMessage{std::move(send->request)});
      if (completes && struck_at(Work::kCompleteSent)) return;
      limit(connection, send->timeout);
    } else if (const auto* wake = std::get_if<client::WakeAt>(&effect)) {
      at(wake->at, [this, call] {
        const auto found = calls_.find(call);
        if (found == calls_.end()) return;
        client::CallEffects more;
        found->second.machine->wake(now().mono, more);
        carry_out(call, std::move(more));
      });
    } else if (auto* done = std::get_if<client::CallDone>(&effect)) {
      call_done(call, std::move(done->reply));
    }
  }
}

void ClientNode::call_done(std::uint64_t call, wire::Reply reply) {
  const auto found = calls_.find(call);
  DFS_ASSERT(found != calls_.end());
  const JobId id = found->second.job;
  const std::uint64_t number = found->second.number;
  calls_.erase(found);
  if (Job* job = find(id)) job->called(number, std::move(reply));
}

void ClientNode::start_transfer(JobId job, const client::SendBlock& send,
                                const SharedBytes& bytes) {
  const ConnectionId connection = network_.connect(address(), address_of(send.to.client));
  open_[connection] = {Purpose::kTransfer, 0, job, send.transfer, bytes->crc()};
  network_.send(connection, address(), WriteOpen{send.header});
  for (std::size_t offset = 0; offset < bytes->size(); offset += options_.piece_bytes) {
    const std::size_t length = std::min<std::size_t>(options_.piece_bytes, bytes->size() - offset);
    network_.send(connection, address(), BodyPiece{{bytes, offset, length}});
  }
  network_.send(connection, address(), BodyEnd{});
  limit(connection, options_.transfer_timeout);
}

void ClientNode::start_fetch(JobId job, const client::Fetch& fetch) {
  const ConnectionId connection = network_.connect(address(), address_of(fetch.from.client));
  open_[connection] = {Purpose::kFetch, 0, job, fetch.fetch, 0};
  network_.send(connection, address(), ReadAsk{fetch.header});
  limit(connection, options_.fetch_timeout);
}

void ClientNode::limit(ConnectionId connection, Duration timeout) {
  at(now().mono + timeout, [this, connection] {
    const auto found = open_.find(connection);
    if (found == open_.end()) return;
    const Open open = found->second;
    open_.erase(found);
    network_.abort(connection, address());
    connection_failed(connection, open, no_answer(), true);
  });
}

void ClientNode::on_broken(ConnectionId connection, const Status& status, bool sent) {
  const auto found = open_.find(connection);
  if (found == open_.end()) return;
  const Open open = found->second;
  open_.erase(found);
  connection_failed(connection, open, status, sent);
}

void ClientNode::connection_failed(ConnectionId /*connection*/, const Open& open,
                                   const Status& status, bool sent) {
  if (open.purpose == Purpose::kAttempt) {
    const auto found = calls_.find(open.call);
    if (found == calls_.end()) return;
    client::CallEffects effects;
    found->second.machine->failed(open.number, status, sent, now().mono, effects);
    carry_out(open.call, std::move(effects));
    return;
  }
  Job* job = find(open.job);
  if (job == nullptr) return;
  if (open.purpose == Purpose::kTransfer) {
    job->transfer_failed(open.number, status);
  } else {
    job->fetch_failed(open.number, status);
  }
}

void ClientNode::on_message(ConnectionId connection, Message&& message) {
  const auto found = open_.find(connection);
  if (found == open_.end()) return;
  const Open open = found->second;
  open_.erase(found);
  network_.finish(connection);
  answered(connection, open, std::move(message));
}

// Of a put; nullopt: nothing of interest.
std::optional<Work> ClientNode::work_of(const Open& open, const Message& message) const {
  if (std::holds_alternative<WriteAnswer>(message)) return Work::kTransfer;
  const auto* answer = std::get_if<CallAnswer>(&message);
  if (answer == nullptr || !calls_.contains(open.call)) return std::nullopt;
  if (std::holds_alternative<wire::CreateReply>(answer->reply)) return Work::kCreate;
  if (std::holds_alternative<wire::AllocateReply>(answer->reply)) return Work::kAllocate;
  return std::nullopt;
}

void ClientNode::answered(ConnectionId connection, const Open& open, Message&& message) {
  if (const auto work = work_of(open, message); work && struck_at(*work)) return;
  if (auto* answer = std::get_if<CallAnswer>(&message)) {
    const auto found = calls_.find(open.call);
    if (found == calls_.end()) return;
    client::CallEffects effects;
    found->second.machine->answered(open.number, std::move(answer->reply), now().mono, effects);
    carry_out(open.call, std::move(effects));
    return;
  }
  Job* job = find(open.job);
  if (job == nullptr) return;
  if (const auto* written = std::get_if<WriteAnswer>(&message)) {
    if (!written->status.ok()) return job->transfer_failed(open.number, written->status);
    job->transferred(open.number, open.crc, written->reply);
  } else if (const auto* range = std::get_if<RangeAnswer>(&message)) {
    if (!range->status.ok()) return job->fetch_failed(open.number, range->status);
    job->fetched(open.number, *range);
  } else {
    connection_failed(connection, open, {Code::kInternal, "not an answer"}, true);
  }
}

}  // namespace dfs::sim
