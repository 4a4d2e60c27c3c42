#include "adapters/sim/message.h"

namespace dfs::sim {
namespace {

constexpr std::uint64_t kSmallMessageBytes = 300;

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

template <class Variant>
void hash_variant(Digest& digest, const Variant& variant) {
  digest.add(static_cast<std::uint64_t>(variant.index()));
  std::visit([&digest](const auto& value) { wire::hash_value(digest, value); }, variant);
}

}  // namespace

void hash_message(Digest& digest, const Message& message) {
  digest.add(static_cast<std::uint64_t>(message.index()));
  std::visit(Overloaded{
                 [&](const CallMessage& m) { hash_variant(digest, m.request); },
                 [&](const CallAnswer& m) { hash_variant(digest, m.reply); },
                 [&](const WriteOpen& m) { wire::hash_value(digest, m.header); },
                 [&](const BodyPiece& m) { digest.add(m.data.crc()); },
                 [](const BodyEnd&) {},
                 [&](const WriteAnswer& m) {
                   wire::hash_value(digest, m.status);
                   wire::hash_value(digest, m.reply);
                 },
                 [&](const ReadAsk& m) { wire::hash_value(digest, m.header); },
                 [&](const RangeAnswer& m) {
                   wire::hash_value(digest, m.status);
                   digest.add(m.header.block.id.value);
                   digest.add(m.header.offset);
                   digest.add(m.data.crc());
                 },
                 [&](const JournalPost& m) { wire::hash_value(digest, m.append); },
                 [&](const CheckpointPut& m) { wire::hash_value(digest, m.header); },
                 [&](const HomeAnswer& m) {
                   wire::hash_value(digest, m.status);
                   wire::hash_value(digest, m.state);
                 },
             },
             message);
}

std::uint64_t size_of(const Message& message) {
  if (const auto* piece = std::get_if<BodyPiece>(&message)) return piece->data.length;
  if (const auto* range = std::get_if<RangeAnswer>(&message)) {
    return range->data.length + 4 * range->granule_crcs.size() + wire::kRangeHeaderBytes;
  }
  if (const auto* journal = std::get_if<JournalPost>(&message)) {
    std::uint64_t bytes = kSmallMessageBytes;
    for (const std::string& line : journal->append.lines) bytes += line.size();
    return bytes;
  }
  if (const auto* checkpoint = std::get_if<CheckpointPut>(&message)) {
    return checkpoint->file->size();
  }
  return kSmallMessageBytes;
}

}  // namespace dfs::sim
