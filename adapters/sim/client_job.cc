#include "adapters/sim/client_job.h"

#include "core/base/assert.h"

namespace dfs::sim {

void ClientNode::Job::wake_at(Instant at) {
  node_.at(at, [&node = node_, id = id_] {
    if (Job* job = node.find(id)) job->wake();
  });
}

ClientNode::Put::Put(ClientNode& node, JobId id, PutJob job)
    : Job(node, id),
      job_(std::move(job)),
      machine_(job_.options, *node.numbers_, node.options_.cluster) {}

void ClientNode::Put::start() {
  client::WriterEffects effects;
  machine_.start(node_.now().mono, effects);
  carry_out(std::move(effects));
}

void ClientNode::Put::called(std::uint64_t call, wire::Reply reply) {
  if (const auto* created = std::get_if<wire::CreateReply>(&reply)) job_.opened(created->inode);
  client::WriterEffects effects;
  machine_.called(call, std::move(reply), node_.now().mono, effects);
  carry_out(std::move(effects));
}

void ClientNode::Put::transferred(std::uint64_t transfer, std::uint32_t crc,
                                  const wire::WriteReply& reply) {
  client::WriterEffects effects;
  machine_.transferred(transfer, crc, reply, node_.now().mono, effects);
  carry_out(std::move(effects));
}

void ClientNode::Put::transfer_failed(std::uint64_t transfer, const Status& status) {
  client::WriterEffects effects;
  machine_.transfer_failed(transfer, status, node_.now().mono, effects);
  carry_out(std::move(effects));
}

void ClientNode::Put::wake() {
  client::WriterEffects effects;
  machine_.wake(node_.now().mono, effects);
  carry_out(std::move(effects));
}

void ClientNode::Put::cancel() {
  client::WriterEffects effects;
  machine_.cancel(node_.now().mono, effects);
  carry_out(std::move(effects));
}

void ClientNode::Put::prepare(const client::PrepareSource& prepare) {
  const std::uint64_t length =
      prepare.offset >= job_.length ? 0 : std::min(prepare.at_most, job_.length - prepare.offset);
  prepared_[prepare.index] = job_.source(prepare.offset, length);
  const bool last = prepare.offset + length >= job_.length;
  // Later, not from within the machine's own step.
  node_.after(job_.produce, [&node = node_, id = id(), index = prepare.index, length, last] {
    auto* job = dynamic_cast<Put*>(node.find(id));
    if (job == nullptr) return;
    client::WriterEffects effects;
    job->machine_.source_ready(index, length, last, node.now().mono, effects);
    job->carry_out(std::move(effects));
  });
}

void ClientNode::Put::carry_out(client::WriterEffects effects) {
  for (client::WriterEffect& effect : effects) {
    if (auto* call = std::get_if<client::CallNameNode>(&effect)) {
      node_.start_call(id(), call->call, std::move(call->request), job_.options.retry);
    } else if (const auto* source = std::get_if<client::PrepareSource>(&effect)) {
      prepare(*source);
    } else if (const auto* send = std::get_if<client::SendBlock>(&effect)) {
      node_.start_transfer(id(), *send, prepared_.at(send->index));
    } else if (const auto* release = std::get_if<client::ReleaseSource>(&effect)) {
      prepared_.erase(release->index);
    } else if (const auto* renew = std::get_if<client::RenewAt>(&effect)) {
      wake_at(renew->at);
    } else if (const auto* done = std::get_if<client::WriteDone>(&effect)) {
      node_.sweep(id());
      job_.done(done->status, done->file);
    }
  }
}

ClientNode::Get::Get(ClientNode& node, JobId id, GetJob job)
    : Job(node, id), job_(std::move(job)), machine_(job_.options, node.options_.cluster) {}

void ClientNode::Get::start() {
  client::ReaderEffects effects;
  machine_.start(node_.now().mono, effects);
  carry_out(std::move(effects));
}

bool ClientNode::Get::busy() const { return node_.now().mono < busy_until_; }

template <class F>
void ClientNode::Get::when_free(F&& action) {
  node_.at(busy_until_, [&node = node_, id = id(), action = std::forward<F>(action)]() mutable {
    if (auto* get = dynamic_cast<Get*>(node.find(id))) action(*get);
  });
}

void ClientNode::Get::called(std::uint64_t call, wire::Reply reply) {
  if (busy()) return when_free([=](Get& get) { get.called(call, reply); });
  client::ReaderEffects effects;
  machine_.called(call, std::move(reply), node_.now().mono, effects);
  carry_out(std::move(effects));
}

// Delivered bytes are views of the answer: carry_out() hands them on before it returns.
void ClientNode::Get::fetched(std::uint64_t fetch, const RangeAnswer& answer) {
  if (busy()) return when_free([=](Get& get) { get.fetched(fetch, answer); });
  client::ReaderEffects effects;
  machine_.fetched(fetch, answer.header, answer.granule_crcs, answer.data.view(), node_.now().mono,
                   effects);
  carry_out(std::move(effects));
}

void ClientNode::Get::fetch_failed(std::uint64_t fetch, const Status& status) {
  if (busy()) return when_free([=](Get& get) { get.fetch_failed(fetch, status); });
  client::ReaderEffects effects;
  machine_.fetch_failed(fetch, status, node_.now().mono, effects);
  carry_out(std::move(effects));
}

void ClientNode::Get::wake() {
  if (busy()) return when_free([](Get& get) { get.wake(); });
  client::ReaderEffects effects;
  machine_.wake(node_.now().mono, effects);
  carry_out(std::move(effects));
}

void ClientNode::Get::carry_out(client::ReaderEffects effects) {
  for (client::ReaderEffect& effect : effects) {
    if (auto* call = std::get_if<client::CallNameNode>(&effect)) {
      node_.start_call(id(), call->call, std::move(call->request), job_.options.retry);
    } else if (const auto* fetch = std::get_if<client::Fetch>(&effect)) {
      node_.start_fetch(id(), *fetch);
    } else if (const auto* opened = std::get_if<client::FileOpened>(&effect)) {
      job_.opened(opened->status);
    } else if (const auto* piece = std::get_if<client::DeliverFile>(&effect)) {
      job_.piece(piece->offset, piece->data);
      busy_until_ = std::max(busy_until_, node_.now().mono) + job_.consume;
    } else if (const auto* wake = std::get_if<client::WakeAt>(&effect)) {
      wake_at(wake->at);
    } else if (const auto* done = std::get_if<client::ReadDone>(&effect)) {
      node_.sweep(id());
      job_.done(done->status);
    }
  }
}

void ClientNode::Single::start() { node_.start_call(id(), 1, std::move(job_.request), job_.retry); }

void ClientNode::Single::called(std::uint64_t /*call*/, wire::Reply reply) {
  node_.sweep(id());
  job_.done(reply);
}

}  // namespace dfs::sim
