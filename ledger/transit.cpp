#include "ledger/transit.h"

#include <limits>
#include <map>
#include <tuple>

#include "schema/trade_payloads.h"

namespace filial::ledger {

using schema::Quantity;

namespace {

constexpr std::uint64_t kSideVersion = 1;

/// Own events never leave 64 bits, since stock would; a damaged sum is shown at the limit.
void add_to(Quantity& sum, Quantity delta) {
    const auto after = schema::add(sum, delta);
    const auto limit = delta.value() < 0 ? std::numeric_limits<std::int64_t>::min()
                                         : std::numeric_limits<std::int64_t>::max();
    sum = after ? *after : Quantity{limit};
}

void take_from(Quantity& sum, Quantity less) {
    const auto delta = schema::negate(less);
    add_to(sum, delta ? *delta : Quantity{std::numeric_limits<std::int64_t>::max()});
}

void apply_sent(TransferSide& side, const schema::TransferStep& step, schema::Timestamp at) {
    if (side.sent) return;  // A number of its own for every transfer: the first one counts.
    side.sent = true;
    side.to = step.peer;
    side.sku = step.sku;
    side.quantity = step.quantity;
    side.sent_at = at;
}

void apply_expected(TransferSide& side, const schema::TransferStep& step) {
    // Scanned as from another store, and now the one that really sent it has told.
    if (side.received && !side.announced) side.from = step.peer;
    side.announced = true;
}

}  // namespace

bool is_transfer_step(std::string_view kind) {
    TransferSide side;
    return apply(side, kind, {}, {});
}

bool apply(TransferSide& side, std::string_view kind, const schema::TransferStep& step,
           schema::Timestamp at) {
    if (kind == schema::kTransferSent) {
        apply_sent(side, step, at);
    } else if (kind == schema::kTransferReceived) {
        side.received = true;
        side.from = step.peer;
        side.received_sku = step.sku;
        add_to(side.received_quantity, step.quantity);
        side.received_at = at;
    } else if (kind == schema::kTransferExpected) {
        apply_expected(side, step);
    } else if (kind == schema::kTransferSettled) {
        side.settled = true;
    } else if (kind == schema::kCancelRequested) {
        side.cancel_requested = true;
    } else if (kind == schema::kCancelAgreed) {
        side.cancel_agreed = true;
    } else if (kind == schema::kCancelRefused) {
        side.cancel_refused = true;
    } else if (kind == schema::kTransferTakenBack) {
        side.taken_back = true;
        add_to(side.back, step.quantity);
    } else if (kind == schema::kCancelFailed) {
        side.cancel_failed = true;
    } else if (kind == schema::kTransferCorrected) {
        add_to(side.corrected, step.quantity);
    } else if (kind == schema::kTransferWrittenOff) {
        add_to(side.written_off, step.quantity);
    } else {
        return false;
    }
    side.flags |= step.flags;
    return true;
}

schema::Bytes encode(const TransferSide& side) {
    schema::Writer out;
    out.array(22).u64(kSideVersion).boolean(side.sent).str(side.to).str(side.sku);
    out.i64(side.quantity.value()).boolean(side.cancel_requested).boolean(side.taken_back);
    out.boolean(side.cancel_failed).boolean(side.received).str(side.from).str(side.received_sku);
    out.i64(side.received_quantity.value()).boolean(side.cancel_agreed);
    out.boolean(side.cancel_refused).u64(side.flags).i64(side.corrected.value());
    out.i64(side.back.value()).i64(side.written_off.value()).boolean(side.settled);
    out.i64(side.sent_at.value()).i64(side.received_at.value()).boolean(side.announced);
    return out.take();
}

schema::Result<TransferSide> decode_transfer_side(schema::Parser& parser, schema::ByteView bytes) {
    auto fields = parser.array(bytes);
    if (!fields) return schema::fail("transfer's side", fields.error());
    if (fields->u64() != kSideVersion) {
        return schema::fail(schema::Errc::schema_too_new, "transfer's side: unknown version");
    }
    TransferSide side;
    side.sent = fields->boolean();
    side.to = fields->str();
    side.sku = fields->str();
    side.quantity = Quantity{fields->i64()};
    side.cancel_requested = fields->boolean();
    side.taken_back = fields->boolean();
    side.cancel_failed = fields->boolean();
    side.received = fields->boolean();
    side.from = fields->str();
    side.received_sku = fields->str();
    side.received_quantity = Quantity{fields->i64()};
    side.cancel_agreed = fields->boolean();
    side.cancel_refused = fields->boolean();
    side.flags = fields->u64();
    side.corrected = Quantity{fields->i64()};
    side.back = Quantity{fields->i64()};
    side.written_off = Quantity{fields->i64()};
    side.settled = fields->boolean();
    side.sent_at = schema::Timestamp{fields->i64()};
    side.received_at = schema::Timestamp{fields->i64()};
    side.announced = fields->boolean();
    if (const auto done = parser.finish("transfer's side"); !done) {
        return tl::unexpected(done.error());
    }
    return side;
}

namespace {

/// The two ends of what one source sent, epochs taken together.
struct Ends {
    const TransferSide* sent = nullptr;
    const TransferSide* received = nullptr;
    std::string receiver;
    bool cancel_asked = false;
    bool taken_back = false;
    bool told = false;                    ///< The source took a receipt's notice.
    std::map<std::string, Quantity> out;  ///< By SKU.
};

OutState state_of(const Ends& ends, Quantity out) {
    if (ends.sent == nullptr) return ends.told ? OutState::never_sent : OutState::early;
    if (ends.received == nullptr) {
        return ends.cancel_asked ? OutState::cancel_asked : OutState::on_the_way;
    }
    if (ends.taken_back) return OutState::found;
    return out.value() < 0 ? OutState::surplus : OutState::missing;
}

/// What the source's own log says of goods that are out.
void add_source(Ends& ends, const TransferSide& side) {
    ends.cancel_asked = ends.cancel_asked || (side.cancel_requested && !side.cancel_failed);
    ends.taken_back = ends.taken_back || side.taken_back;
    ends.told = ends.told || side.settled;
    // A sending that a later epoch wrote again is the same sending.
    const auto first = [&] {
        return std::tie(side.sent_at, side.quantity) <
               std::tie(ends.sent->sent_at, ends.sent->quantity);
    };
    if (side.sent && (ends.sent == nullptr || first())) ends.sent = &side;
}

}  // namespace

std::string_view name_of(OutState state) {
    switch (state) {
        case OutState::on_the_way:
            return "on the way";
        case OutState::cancel_asked:
            return "cancellation asked";
        case OutState::early:
            return "received early";
        case OutState::missing:
            return "missing";
        case OutState::surplus:
            return "surplus";
        case OutState::found:
            return "found";
        case OutState::never_sent:
            break;
    }
    return "never sent";
}

bool is_discrepancy(OutState state) {
    return state != OutState::on_the_way && state != OutState::cancel_asked &&
           state != OutState::early;
}

std::vector<GoodsOut> goods_out(const std::vector<SideOf>& sides) {
    std::map<std::string, Ends> sources;
    for (const auto& [store, side] : sides) {
        const bool source = side.sent || side.settled || side.taken_back || side.cancel_requested ||
                            side.cancel_failed;
        if (source) add_source(sources[store.value()], side);
        if (!side.received) continue;
        Ends& ends = sources[side.from];
        const bool last =
            ends.received == nullptr || std::tie(ends.received->received_at, ends.receiver) <
                                            std::tie(side.received_at, store.value());
        if (last) {
            ends.received = &side;
            ends.receiver = store.value();
        }
        take_from(ends.out[side.received_sku], side.received_quantity);
    }
    for (auto& [store, ends] : sources) {
        if (ends.sent != nullptr) add_to(ends.out[ends.sent->sku], ends.sent->quantity);
    }
    for (const auto& [store, side] : sides) {
        const auto ends = sources.find(store.value());
        const bool nothing =
            side.corrected.value() == 0 && side.back.value() == 0 && side.written_off.value() == 0;
        if (ends == sources.end() || ends->second.sent == nullptr || nothing) continue;
        Quantity& out = ends->second.out[ends->second.sent->sku];
        add_to(out, side.corrected);
        take_from(out, side.back);
        take_from(out, side.written_off);
    }

    std::vector<GoodsOut> result;
    for (const auto& [source, ends] : sources) {
        for (const auto& [sku, quantity] : ends.out) {
            if (quantity.value() == 0) continue;
            GoodsOut goods;
            goods.from = schema::StoreId{source};
            goods.to = ends.sent != nullptr ? ends.sent->to : ends.receiver;
            goods.sku = sku;
            goods.quantity = quantity;
            goods.state = state_of(ends, quantity);
            goods.since =
                ends.received != nullptr ? ends.received->received_at : ends.sent->sent_at;
            result.push_back(std::move(goods));
        }
    }
    return result;
}

}  // namespace filial::ledger
