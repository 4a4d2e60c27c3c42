#include "core/client/reader.h"

#include <algorithm>

#include "core/base/mutant.h"

namespace dfs::client {
namespace {

constexpr std::size_t kMaxBadPerReport = 1000;
// A whole read does not wait longer than this for the NameNode to hear of rotten replicas.
constexpr Duration kReportPatience = seconds(5);

}  // namespace

Reader::Reader(ReadOptions options, std::string cluster)
    : options_(std::move(options)), cluster_(std::move(cluster)) {
  options_.window = std::max(options_.window, 1u);
}

Status Reader::about(Code code, std::string_view what) const {
  return {code, options_.path + ": " + std::string(what)};
}

std::uint64_t Reader::call(wire::Request request, ReaderEffects& effects) {
  const std::uint64_t id = next_call_++;
  effects.push_back(CallNameNode{id, std::move(request)});
  return id;
}

void Reader::start(Instant /*now*/, ReaderEffects& effects) {
  located_ = options_.offset;
  locate_page(effects);
}

// By path before the file is open, by inode ever after: a path can come to mean another file.
void Reader::locate_page(ReaderEffects& effects) {
  wire::Locate request;
  if (!opened_ || mutated(Mutant::kG4LocateByPathMidway)) {
    request.path = options_.path;
  } else {
    request.inode = file_.inode;
  }
  request.offset = located_;
  request.length = opened_ ? end_ - located_ : options_.length;
  page_call_ = call(std::move(request), effects);
}

void Reader::called(std::uint64_t call, wire::Reply reply, Instant now, ReaderEffects& effects) {
  if (done_ || call == 0) return;
  if (call == report_call_) {
    report_call_ = 0;
    report_bad(effects);
    end_if_reported(now, effects);
  } else if (finishing_) {
    return;
  } else if (call == page_call_) {
    page_call_ = 0;
    page_located(std::move(reply), now, effects);
  } else {
    const auto slot = std::ranges::find_if(
        slots_, [call](const auto& entry) { return entry.second.locate_call == call; });
    if (slot != slots_.end()) block_located(slot->first, std::move(reply), now, effects);
  }
}

void Reader::page_located(wire::Reply reply, Instant now, ReaderEffects& effects) {
  if (const auto* status = std::get_if<Status>(&reply)) return finish(*status, now, effects);
  const auto* page = std::get_if<wire::LocateReply>(&reply);
  if (page == nullptr) {
    return finish(about(Code::kInternal, "the NameNode's answer makes no sense"), now, effects);
  }
  if (!opened_) {
    if (page->status.type != wire::FileType::kFile) {
      return finish(about(Code::kIsDirectory, "Is a directory"), now, effects);
    }
    if (page->status.under_construction) {
      // Its zero bytes must not pass for the file's content.
      return finish(about(Code::kAlreadyBeingCreated,
                          "Is being written; there is nothing to read until it is complete"),
                    now, effects);
    }
    opened_ = true;
    file_ = page->status;
    located_ = std::min(options_.offset, file_.length);
    end_ = located_ + std::min(options_.length, file_.length - located_);
    effects.push_back(FileOpened{file_});
  }
  if (Status status = accept_page(*page); !status.ok()) {
    return finish(std::move(status), now, effects);
  }
  pump(now, effects);
}

// The blocks of a page follow each other without a gap, from where the last page ended. Only the
// first of all may begin before what is wanted.
Status Reader::accept_page(const wire::LocateReply& page) {
  const bool same = page.status.inode == file_.inode && page.status.length == file_.length;
  if (!same && !mutated(Mutant::kG4LocateByPathMidway)) {
    return about(Code::kReplaced, "file was replaced while it was read");
  }
  page_.clear();
  next_in_page_ = 0;
  for (const wire::LocatedBlock& block : page.blocks) {
    if (located_ == end_) break;
    const bool follows = block.offset == located_ || located_ == options_.offset;
    const bool sound = follows && block.offset <= located_ &&
                       block.visible_length <= block.block.length &&
                       located_ - block.offset < block.visible_length;
    if (!sound) return about(Code::kInternal, "the NameNode's list of blocks makes no sense");
    located_ = std::min(end_, block.offset + block.visible_length);
    page_.push_back(block);
  }
  if (page_.empty() && located_ < end_) {
    return about(Code::kInternal, "the NameNode's list of blocks ends too early");
  }
  return {};
}

void Reader::pump(Instant now, ReaderEffects& effects) {
  while (!finishing_ && slots_.size() < options_.window && next_in_page_ < page_.size()) {
    open_block(page_[next_in_page_++], now, effects);
  }
  if (finishing_) return;
  if (next_in_page_ == page_.size() && page_call_ == 0) {
    if (located_ < end_) {
      locate_page(effects);
    } else if (slots_.empty()) {
      return finish({}, now, effects);
    }
  }
  schedule(now, effects);
}

void Reader::open_block(const wire::LocatedBlock& block, Instant now, ReaderEffects& effects) {
  const std::uint64_t from = std::max(options_.offset, block.offset) - block.offset;
  const std::uint64_t to = std::min(end_ - block.offset, block.visible_length);
  const std::uint64_t key = next_slot_++;
  Slot& slot = slots_[key];
  slot.start = block.offset;
  slot.reader = std::make_unique<BlockReader>(block.block, block.locations, cluster_, from,
                                              to - from, options_.block);
  slot.reader->distrust(suspects_);
  BlockReaderEffects inner;
  slot.reader->start(now, inner);
  take(key, inner, now, effects);
}

// Passes on what the reader of one block wants.
void Reader::take(std::uint64_t key, BlockReaderEffects& from, Instant now,
                  ReaderEffects& effects) {
  Slot& slot = slots_.at(key);
  for (NodeId node : slot.reader->suspects()) suspects_.insert(node);
  for (BlockReaderEffect& effect : from) {
    if (auto* fetch = std::get_if<Fetch>(&effect)) {
      fetches_[next_fetch_] = {key, fetch->fetch};
      fetch->fetch = next_fetch_++;
      effects.push_back(std::move(*fetch));
    } else if (auto* piece = std::get_if<Deliver>(&effect)) {
      slot.failures = 0;
      effects.push_back(DeliverFile{slot.start + piece->offset, piece->data});
    } else if (auto* found = std::get_if<FoundBad>(&effect)) {
      if (bad_.size() < kMaxBadPerReport) bad_.push_back(found->replica);
      report_bad(effects);
    } else {
      // The last effect, and the slot may be gone after it.
      return block_done(key, std::get<BlockDone>(effect).status, now, effects);
    }
  }
}

void Reader::block_done(std::uint64_t key, const Status& status, Instant now,
                        ReaderEffects& effects) {
  std::erase_if(fetches_, [key](const auto& entry) { return entry.second.slot == key; });
  if (status.ok() || mutated(Mutant::kG4SkipFailedBlock)) {
    slots_.erase(key);
    return;
  }
  Slot& slot = slots_.at(key);
  // Not the time since the last byte: whoever takes the bytes may have taken all of it.
  if (slot.failures == 0) slot.failing_since = now;
  const bool hopeless = status.code() == Code::kTooLarge ||
                        (status.code() == Code::kCorrupt && slot.failures > 0) ||
                        now - slot.failing_since >= options_.retry.limit;
  if (hopeless) return finish(about(status.code(), status.message()), now, effects);
  slot.last = status;
  Random draw = Random(slot.reader->block().id.value).fork(slot.failures);
  const Duration pause = backoff(options_.retry, slot.failures++, draw);
  slot.retry_at = mutated(Mutant::kB3RetryAtOnce) ? now : now + pause;
}

void Reader::block_located(std::uint64_t key, wire::Reply reply, Instant now,
                           ReaderEffects& effects) {
  Slot& slot = slots_.at(key);
  slot.locate_call = 0;
  const auto* page = std::get_if<wire::LocateReply>(&reply);
  if (page == nullptr) {
    const auto* status = std::get_if<Status>(&reply);
    return finish(status != nullptr
                      ? *status
                      : about(Code::kInternal, "the NameNode's answer makes no sense"),
                  now, effects);
  }
  const wire::BlockInfo& wanted = slot.reader->block();
  const auto block = std::ranges::find_if(
      page->blocks, [&](const wire::LocatedBlock& one) { return one.block == wanted; });
  if (block == page->blocks.end()) {
    return finish(about(Code::kReplaced, "file was replaced while it was read"), now, effects);
  }
  BlockReaderEffects inner;
  slot.reader->distrust(suspects_);
  slot.reader->retry(block->locations, now, inner);
  take(key, inner, now, effects);
  pump(now, effects);
}

void Reader::fetched(std::uint64_t fetch, const wire::RangeHeader& header,
                     std::span<const std::uint32_t> granule_crcs, Bytes data, Instant now,
                     ReaderEffects& effects) {
  const auto found = fetches_.find(fetch);
  if (found == fetches_.end()) return;  // of a block that is done, or after the end
  const OuterFetch inner_fetch = found->second;
  fetches_.erase(found);
  BlockReaderEffects inner;
  slots_.at(inner_fetch.slot)
      .reader->fetched(inner_fetch.fetch, header, granule_crcs, data, now, inner);
  take(inner_fetch.slot, inner, now, effects);
  pump(now, effects);
}

void Reader::fetch_failed(std::uint64_t fetch, const Status& status, Instant now,
                          ReaderEffects& effects) {
  const auto found = fetches_.find(fetch);
  if (found == fetches_.end()) return;
  const OuterFetch inner_fetch = found->second;
  fetches_.erase(found);
  BlockReaderEffects inner;
  slots_.at(inner_fetch.slot).reader->fetch_failed(inner_fetch.fetch, status, now, inner);
  take(inner_fetch.slot, inner, now, effects);
  pump(now, effects);
}

void Reader::wake(Instant now, ReaderEffects& effects) {
  if (done_) return;
  if (now >= scheduled_) scheduled_ = kNever;
  if (finishing_) return end_if_reported(now, effects);
  std::vector<std::uint64_t> keys;
  for (const auto& [key, slot] : slots_) keys.push_back(key);
  for (std::uint64_t key : keys) {
    Slot& slot = slots_.at(key);
    if (slot.retry_at <= now) {
      slot.retry_at = kNever;
      wire::Locate request;
      request.inode = file_.inode;
      request.offset = slot.start;
      request.length = 1;
      slot.locate_call = call(std::move(request), effects);
    } else if (!slot.reader->done()) {
      BlockReaderEffects inner;
      slot.reader->tick(now, inner);
      take(key, inner, now, effects);
      if (finishing_) return;
    }
  }
  pump(now, effects);
}

void Reader::schedule(Instant now, ReaderEffects& effects) {
  Instant next = report_until_;
  for (const auto& [key, slot] : slots_) {
    next = std::min({next, slot.retry_at, slot.reader->next_tick()});
  }
  next = std::max(next, now);
  if (next >= scheduled_) return;
  scheduled_ = next;
  effects.push_back(WakeAt{next});
}

void Reader::report_bad(ReaderEffects& effects) {
  if (report_call_ != 0 || bad_.empty()) return;
  report_call_ = call(wire::ReportBad{std::exchange(bad_, {})}, effects);
}

void Reader::finish(Status status, Instant now, ReaderEffects& effects) {
  result_ = std::move(status);
  finishing_ = true;
  slots_.clear();
  fetches_.clear();
  report_until_ = now + kReportPatience;
  end_if_reported(now, effects);
}

void Reader::end_if_reported(Instant now, ReaderEffects& effects) {
  if (!finishing_) return;
  if (report_call_ != 0 && now < report_until_) return schedule(now, effects);
  done_ = true;
  effects.push_back(ReadDone{result_});
}

}  // namespace dfs::client
