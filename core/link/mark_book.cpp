#include "core/link/mark_book.h"
#include "schema/planted.h"

#include <algorithm>
#include <limits>

namespace filial::core {
namespace {

constexpr std::uint64_t kSavedVersion = 1;

bool newer(const schema::Mark& a, const schema::Mark& b) {
    if (schema::planted(schema::Bug::marks_ordered_by_clock)) return a.at > b.at;
    return std::pair(a.epoch, a.counter) > std::pair(b.epoch, b.counter);
}

}  // namespace

using schema::Bytes;
using schema::ByteView;
using schema::MarkMessage;
using schema::Parser;
using schema::Result;
using schema::StoreId;

std::int64_t HeldMark::age_us(BootTime now, const std::string& now_boot_id, bool& exact) const {
    const bool same = boot_id == now_boot_id || schema::planted(schema::Bug::age_over_reboot);
    exact = dwell_exact && same;
    // After a restart of this machine only the time since then is known to have passed.
    const std::int64_t here = same ? now.value() - received.value() : now.value();
    // What came in may be anything: an age stays an age.
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max() / 2;
    return std::clamp<std::int64_t>(dwell_us, 0, most) + std::clamp<std::int64_t>(here, 0, most);
}

Result<bool> MarkBook::offer(const MarkMessage& message, const Clock& clock, BootTime sent) {
    Parser parser;
    const auto mark = schema::decode_mark(parser, message.mark);
    if (!mark) return tl::unexpected(mark.error());
    return offer(*mark, message, clock, sent);
}

bool MarkBook::offer(const schema::Mark& mark, const MarkMessage& message, const Clock& clock,
                     BootTime sent) {
    const auto at = marks_.find(mark.store);
    if (at != marks_.end() && !newer(mark, at->second.mark)) return false;
    // Over the one before, whose memory serves again.
    HeldMark& held = at != marks_.end() ? at->second : marks_[mark.store];
    held.bytes = message.mark;
    held.signature = message.signature;
    held.dwell_us = std::max<std::int64_t>(message.dwell_us, 0);
    held.dwell_exact = message.dwell_exact && message.dwell_us >= 0;
    held.received = sent;
    held.boot_id = clock.boot_id();
    held.mark = mark;
    return true;
}

const HeldMark* MarkBook::find_same(schema::ByteView mark) const {
    for (const auto& [store, held] : marks_) {
        if (held.bytes == mark) return &held;
    }
    return nullptr;
}

Bytes MarkBook::save(const HeldMark& held) {
    schema::Writer out;
    out.array(7).u64(kSavedVersion).bin(held.bytes).bin(held.signature).i64(held.dwell_us);
    out.boolean(held.dwell_exact).i64(held.received.value()).str(held.boot_id);
    return out.take();
}

Result<HeldMark> MarkBook::decode_held(ByteView saved) {
    Parser parser, inner;
    auto fields = parser.array(saved);
    if (!fields) return schema::fail("saved mark", fields.error());
    HeldMark held;
    const std::uint64_t version = fields->u64();
    if (version == 0) return schema::fail(schema::Errc::corrupt, "saved mark: no version");
    if (version != kSavedVersion) {
        return schema::fail(schema::Errc::schema_too_new,
                            "saved mark: version " + std::to_string(version));
    }
    held.bytes = fields->bin();
    held.signature = fields->bin();
    held.dwell_us = fields->i64();
    held.dwell_exact = fields->boolean();
    held.received = BootTime{fields->i64()};
    held.boot_id = fields->str();
    if (const auto ok = parser.finish("saved mark"); !ok) return tl::unexpected(ok.error());
    auto mark = schema::decode_mark(inner, held.bytes);
    if (!mark) return schema::fail("saved mark", mark.error());
    held.mark = std::move(*mark);
    return held;
}

Result<void> MarkBook::restore(ByteView saved) {
    auto held = decode_held(saved);
    if (!held) return tl::unexpected(held.error());
    const HeldMark* known = find(held->mark.store);
    if (known != nullptr && !newer(held->mark, known->mark)) return {};
    const StoreId store = held->mark.store;
    marks_[store] = std::move(*held);
    return {};
}

const HeldMark* MarkBook::find(const StoreId& store) const {
    const auto at = marks_.find(store);
    return at == marks_.end() ? nullptr : &at->second;
}

MarkMessage MarkBook::outgoing(const HeldMark& held, const Clock& clock) const {
    MarkMessage message;
    message.mark = held.bytes;
    message.signature = held.signature;
    message.dwell_us = held.age_us(clock.boot(), clock.boot_id(), message.dwell_exact);
    if (schema::planted(schema::Bug::dwell_forgotten)) message.dwell_us = held.dwell_us;
    return message;
}

}  // namespace filial::core
