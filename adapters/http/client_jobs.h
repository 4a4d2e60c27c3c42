// One write or read under way: a machine of core/client, stepped under one lock, and the carrying
// out of what it wants on the session's threads. Internal to ClientSession.
//
// Effects of one step are carried out in order by the thread that made it, slow ones on other
// threads. Jobs are shared with those threads: a straggler (a hung transfer) outlives the result,
// and what it brings is ignored.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "adapters/http/client_session.h"

namespace dfs::http {

// Whether a DataNode that answered so may be reached under its other address.
[[nodiscard]] bool worth_another_address(Code code);

class WriteJob : public std::enable_shared_from_this<WriteJob> {
 public:
  WriteJob(ClientSession& session, client::WriteOptions options, client::RequestNumbers& numbers,
           std::string cluster, std::shared_ptr<BlockSource> source, Progress* progress);

  [[nodiscard]] Result<wire::FileStatus> run();
  void cancel();

 private:
  template <class Step>
  void step(Step&& advance);
  void carry_out(client::WriterEffect& effect);
  void prepare(const client::PrepareSource& wanted);
  void send(const client::SendBlock& block);
  [[nodiscard]] Result<wire::WriteReply> transfer(const client::SendBlock& block,
                                                  const std::string& address, std::uint32_t& crc,
                                                  Status& source_status);
  void move(std::int64_t bytes);

  ClientSession& session_;
  const std::shared_ptr<BlockSource> source_;
  std::mutex mutex_;
  std::condition_variable finished_;
  client::Writer writer_;
  Progress* progress_;  // null once the result is out
  std::optional<client::WriteDone> done_;
};

class ReadJob : public std::enable_shared_from_this<ReadJob> {
 public:
  ReadJob(ClientSession& session, client::ReadOptions options, std::string cluster, ReadSink& sink,
          Progress* progress);

  [[nodiscard]] Result<wire::FileStatus> run();
  void cancel();

 private:
  template <class Step>
  void step(Step&& advance);
  void carry_out(client::ReaderEffect& effect);
  void fetch(const client::Fetch& wanted);
  [[nodiscard]] Status deliver(const client::DeliverFile& piece);
  void wake_at(Instant at);
  // The sink failed, or the job was cancelled: nothing more is delivered.
  void end(Status status);
  [[nodiscard]] std::unique_ptr<RangeAnswer> take_buffer();

  ClientSession& session_;
  ReadSink& sink_;  // not used once the result is out
  const bool in_order_;
  // Of a read in order, over a whole step: a sink that takes its time must not see the next piece.
  std::mutex turn_;
  // That sink's time so far, in which nothing goes on: the machine's clock stands still meanwhile,
  // lest it take for slow what it asked for with that piece. With turn_.
  Duration in_sink_;
  std::mutex mutex_;
  std::condition_variable finished_;
  client::Reader reader_;
  Progress* progress_;
  std::size_t carrying_out_ = 0;  // steps whose effects are not all carried out
  std::optional<Status> done_;
  wire::FileStatus file_;
  std::vector<std::unique_ptr<RangeAnswer>> buffers_;
};

}  // namespace dfs::http
