// WriteJob: carries out what the Writer machine asks for, over real sockets and files.
#include <algorithm>

#include "adapters/http/client_jobs.h"
#include "core/base/crc32c.h"

namespace dfs::http {

WriteJob::WriteJob(ClientSession& session, client::WriteOptions options,
                   client::RequestNumbers& numbers, std::string cluster,
                   std::shared_ptr<BlockSource> source, Progress* progress)
    : session_(session),
      source_(std::move(source)),
      writer_(std::move(options), numbers, std::move(cluster)),
      progress_(progress) {}

Result<wire::FileStatus> WriteJob::run() {
  step([](client::Writer& writer, Instant now, client::WriterEffects& effects) {
    writer.start(now, effects);
  });
  std::unique_lock lock(mutex_);
  finished_.wait(lock, [this] { return done_.has_value(); });
  source_->abort();  // after a failure the next block may still be awaited from a pipe
  progress_ = nullptr;
  if (!done_->status.ok()) return done_->status;
  return done_->file;
}

void WriteJob::cancel() {
  source_->abort();
  step([](client::Writer& writer, Instant now, client::WriterEffects& effects) {
    writer.cancel(now, effects);
  });
}

template <class Step>
void WriteJob::step(Step&& advance) {
  client::WriterEffects effects;
  {
    const std::lock_guard lock(mutex_);
    if (done_) return;
    advance(writer_, monotonic_now(), effects);
  }
  for (client::WriterEffect& effect : effects) carry_out(effect);
}

void WriteJob::carry_out(client::WriterEffect& effect) {
  const auto self = shared_from_this();
  if (auto* call = std::get_if<client::CallNameNode>(&effect)) {
    session_.workers().submit([self, call = std::move(*call)]() mutable {
      wire::Reply reply = self->session_.call_any(std::move(call.request));
      self->step([&](client::Writer& writer, Instant now, client::WriterEffects& effects) {
        writer.called(call.call, std::move(reply), now, effects);
      });
    });
  } else if (const auto* wanted = std::get_if<client::PrepareSource>(&effect)) {
    session_.workers().submit([self, wanted = *wanted] { self->prepare(wanted); });
  } else if (auto* block = std::get_if<client::SendBlock>(&effect)) {
    session_.workers().submit([self, block = std::move(*block)] { self->send(block); });
  } else if (const auto* release = std::get_if<client::ReleaseSource>(&effect)) {
    source_->release(release->index);
  } else if (const auto* wake = std::get_if<client::RenewAt>(&effect)) {
    session_.workers().at(wake->at, [weak = weak_from_this()] {
      const auto job = weak.lock();
      if (!job) return;
      job->step([](client::Writer& writer, Instant now, client::WriterEffects& effects) {
        writer.wake(now, effects);
      });
    });
  } else {
    const std::lock_guard lock(mutex_);
    done_ = std::move(std::get<client::WriteDone>(effect));
    finished_.notify_all();
  }
}

void WriteJob::prepare(const client::PrepareSource& wanted) {
  const Result<Prepared> prepared = source_->prepare(wanted.index, wanted.offset, wanted.at_most);
  step([&](client::Writer& writer, Instant now, client::WriterEffects& effects) {
    if (prepared.ok()) {
      writer.source_ready(wanted.index, prepared->length, prepared->last, now, effects);
    } else {
      writer.source_failed(prepared.status(), now, effects);
    }
  });
}

void WriteJob::send(const client::SendBlock& block) {
  std::uint32_t crc = 0;
  Status source_status;
  Result<wire::WriteReply> reply(Code::kUnavailable, "no address");
  for (const std::string& address : session_.addresses_of(block.to)) {
    reply = transfer(block, address, crc, source_status);
    if (reply.ok()) session_.reached(block.to, address);
    if (reply.ok() || !source_status.ok() || !worth_another_address(reply.status().code())) break;
  }
  step([&](client::Writer& writer, Instant now, client::WriterEffects& effects) {
    if (!source_status.ok()) {
      writer.source_failed(source_status, now, effects);
    } else if (reply.ok()) {
      writer.transferred(block.transfer, crc, *reply, now, effects);
    } else {
      writer.transfer_failed(block.transfer, reply.status(), now, effects);
    }
  });
}

Result<wire::WriteReply> WriteJob::transfer(const client::SendBlock& block,
                                            const std::string& address, std::uint32_t& crc,
                                            Status& source_status) {
  crc = 0;
  Result<BlockUpload> upload = BlockUpload::open(session_.sockets(), address, block.header);
  if (!upload.ok()) return upload.status();
  const std::uint64_t length = block.header.length;
  const auto buffer = std::make_unique_for_overwrite<std::uint8_t[]>(
      static_cast<std::size_t>(std::min<std::uint64_t>(length, kIoBytes)));
  std::uint64_t sent = 0;
  const auto failed = [&](const Status& status) {
    move(-static_cast<std::int64_t>(sent));
    return status;
  };
  while (sent < length) {
    const MutableBytes piece(
        buffer.get(), static_cast<std::size_t>(std::min<std::uint64_t>(length - sent, kIoBytes)));
    source_status = source_->read(block.index, sent, piece);
    if (!source_status.ok()) return failed(source_status);
    crc = crc32c(piece, crc);
    if (Status status = upload->send(piece); !status.ok()) return failed(status);
    sent += piece.size();
    move(static_cast<std::int64_t>(piece.size()));
  }
  Result<wire::WriteReply> reply = upload->finish();
  if (!reply.ok()) return failed(reply.status());
  return reply;
}

void WriteJob::move(std::int64_t bytes) {
  const std::lock_guard lock(mutex_);
  if (progress_ != nullptr) *progress_ += bytes;
}

}  // namespace dfs::http
