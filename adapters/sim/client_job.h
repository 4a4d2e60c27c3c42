// What a simulated client is busy with: a put, a get or a single call (client_node.h owns them).
#pragma once

#include "adapters/sim/client_node.h"

namespace dfs::sim {

class ClientNode::Job {
 public:
  Job(ClientNode& node, JobId id) : node_(node), id_(id) {}
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;
  virtual ~Job() = default;

  [[nodiscard]] JobId id() const { return id_; }
  virtual void start() = 0;
  virtual void called(std::uint64_t call, wire::Reply reply) = 0;
  virtual void transferred(std::uint64_t /*transfer*/, std::uint32_t /*crc*/,
                           const wire::WriteReply& /*reply*/) {}
  virtual void transfer_failed(std::uint64_t /*transfer*/, const Status& /*status*/) {}
  virtual void fetched(std::uint64_t /*fetch*/, const RangeAnswer& /*answer*/) {}
  virtual void fetch_failed(std::uint64_t /*fetch*/, const Status& /*status*/) {}
  virtual void wake() {}
  virtual void cancel() {}

 protected:
  // Steps the machine later, when the client's clock shows `at`.
  void wake_at(Instant at);

  ClientNode& node_;

 private:
  JobId id_;
};

class ClientNode::Put final : public Job {
 public:
  Put(ClientNode& node, JobId id, PutJob job);
  void start() override;
  void called(std::uint64_t call, wire::Reply reply) override;
  void transferred(std::uint64_t transfer, std::uint32_t crc,
                   const wire::WriteReply& reply) override;
  void transfer_failed(std::uint64_t transfer, const Status& status) override;
  void wake() override;
  void cancel() override;

 private:
  void carry_out(client::WriterEffects effects);
  void prepare(const client::PrepareSource& prepare);

  PutJob job_;
  client::Writer machine_;
  std::map<std::uint64_t, SharedBytes> prepared_;  // by block index
};

class ClientNode::Get final : public Job {
 public:
  Get(ClientNode& node, JobId id, GetJob job);
  void start() override;
  void called(std::uint64_t call, wire::Reply reply) override;
  void fetched(std::uint64_t fetch, const RangeAnswer& answer) override;
  void fetch_failed(std::uint64_t fetch, const Status& status) override;
  void wake() override;

 private:
  void carry_out(client::ReaderEffects effects);
  // Whoever takes the bytes is still at the last ones.
  [[nodiscard]] bool busy() const;
  template <class F>
  void when_free(F&& action);

  GetJob job_;
  client::Reader machine_;
  Instant busy_until_;
};

class ClientNode::Single final : public Job {
 public:
  Single(ClientNode& node, JobId id, CallJob job) : Job(node, id), job_(std::move(job)) {}
  void start() override;
  void called(std::uint64_t call, wire::Reply reply) override;

 private:
  CallJob job_;
};

}  // namespace dfs::sim
