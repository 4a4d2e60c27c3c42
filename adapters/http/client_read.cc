#include "adapters/http/client_jobs.h"

namespace dfs::http {

ReadJob::ReadJob(ClientSession& session, client::ReadOptions options, std::string cluster,
                 ReadSink& sink, Progress* progress)
    : session_(session),
      sink_(sink),
      in_order_(options.window == 1 && options.block.parallel == 1),
      reader_(std::move(options), std::move(cluster)),
      progress_(progress) {}

Result<wire::FileStatus> ReadJob::run() {
  step([](client::Reader& reader, Instant now, client::ReaderEffects& effects) {
    reader.start(now, effects);
  });
  std::unique_lock lock(mutex_);
  // What was verified before the end may still be on its way into the sink.
  finished_.wait(lock, [this] { return done_.has_value() && carrying_out_ == 0; });
  if (!done_->ok()) return *done_;
  return file_;
}

void ReadJob::cancel() { end({Code::kUnavailable, "interrupted"}); }

void ReadJob::end(Status status) {
  const std::lock_guard lock(mutex_);
  // A piece that cannot be written fails the read also after its last piece was.
  if (!done_ || done_->ok()) done_ = std::move(status);
  finished_.notify_all();
}

template <class Step>
void ReadJob::step(Step&& advance) {
  std::unique_lock turn(turn_, std::defer_lock);
  if (in_order_) turn.lock();
  client::ReaderEffects effects;
  {
    const std::lock_guard lock(mutex_);
    if (done_) return;
    ++carrying_out_;
    advance(reader_, monotonic_now() - in_sink_, effects);
  }
  for (client::ReaderEffect& effect : effects) carry_out(effect);
  const std::lock_guard lock(mutex_);
  --carrying_out_;
  finished_.notify_all();
}

void ReadJob::carry_out(client::ReaderEffect& effect) {
  const auto self = shared_from_this();
  if (auto* call = std::get_if<client::CallNameNode>(&effect)) {
    session_.workers().submit([self, call = std::move(*call)]() mutable {
      wire::Reply reply = self->session_.call_any(std::move(call.request));
      self->step([&](client::Reader& reader, Instant now, client::ReaderEffects& effects) {
        reader.called(call.call, std::move(reply), now, effects);
      });
    });
  } else if (auto* wanted = std::get_if<client::Fetch>(&effect)) {
    session_.workers().submit([self, wanted = std::move(*wanted)] { self->fetch(wanted); });
  } else if (const auto* opened = std::get_if<client::FileOpened>(&effect)) {
    file_ = opened->status;
    if (Status status = sink_.opened(file_); !status.ok()) end(std::move(status));
  } else if (const auto* piece = std::get_if<client::DeliverFile>(&effect)) {
    if (Status status = deliver(*piece); !status.ok()) return end(std::move(status));
    if (progress_ != nullptr) *progress_ += static_cast<std::int64_t>(piece->data.size());
  } else if (const auto* wake = std::get_if<client::WakeAt>(&effect)) {
    wake_at(wake->at);
  } else {
    end(std::move(std::get<client::ReadDone>(effect).status));
  }
}

Status ReadJob::deliver(const client::DeliverFile& piece) {
  if (!in_order_) return sink_.write(piece.offset, piece.data);
  const Instant before = monotonic_now();
  Status status = sink_.write(piece.offset, piece.data);
  in_sink_ = in_sink_ + (monotonic_now() - before);
  return status;
}

void ReadJob::wake_at(Instant at) {
  session_.workers().at(at + in_sink_, [weak = weak_from_this(), at] {
    const auto job = weak.lock();
    if (!job) return;
    job->step([at](client::Reader& reader, Instant now, client::ReaderEffects& effects) {
      if (now < at) {
        effects.push_back(client::WakeAt{at});  // the clock has stood still since
      } else {
        reader.wake(now, effects);
      }
    });
  });
}

std::unique_ptr<RangeAnswer> ReadJob::take_buffer() {
  const std::lock_guard lock(mutex_);
  if (buffers_.empty()) return std::make_unique<RangeAnswer>();
  std::unique_ptr<RangeAnswer> buffer = std::move(buffers_.back());
  buffers_.pop_back();
  return buffer;
}

void ReadJob::fetch(const client::Fetch& wanted) {
  std::unique_ptr<RangeAnswer> answer = take_buffer();
  Status status(Code::kUnavailable, "no address");
  for (const std::string& address : session_.addresses_of(wanted.from)) {
    status = session_.sockets().read_range(address, wanted.header, *answer);
    if (status.ok()) session_.reached(wanted.from, address);
    if (status.ok() || !worth_another_address(status.code())) break;
  }
  step([&](client::Reader& reader, Instant now, client::ReaderEffects& effects) {
    if (status.ok()) {
      reader.fetched(wanted.fetch, answer->header, answer->granule_crcs, answer->data.view(), now,
                     effects);
    } else {
      reader.fetch_failed(wanted.fetch, status, now, effects);
    }
  });
  const std::lock_guard lock(mutex_);
  buffers_.push_back(std::move(answer));
}

}  // namespace dfs::http
