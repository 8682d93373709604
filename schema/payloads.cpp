#include "schema/payloads.h"

#include "schema/names.h"

namespace filial::schema {
namespace {

void write_seen(Writer& out, const std::vector<Position>& seen) {
    out.array(seen.size());
    for (const Position& position : seen) write_position(out, position);
}

std::vector<Position> read_seen(Fields& fields) {
    std::vector<Position> seen;
    Fields list = fields.array();
    while (list.more()) seen.push_back(read_position(list));
    return seen;
}

}  // namespace

void write_position(Writer& out, const Position& position) {
    out.array(3).str(position.store.value()).u64(position.epoch.value());
    out.u64(position.seq.value());
}

Position read_position(Fields& fields) {
    Fields parts = fields.array();
    Position position;
    position.store = read_store_or_none(parts);
    position.epoch = Epoch{parts.u32()};
    position.seq = Sequence{parts.u64()};
    return position;
}

Bytes encode(const StockMoved& moved) {
    Writer out;
    out.array(5).i64(moved.delta.value()).str(moved.reason).str(moved.document);
    out.u64(moved.flags).i64(moved.cost.value());
    return out.take();
}

Result<StockMoved> decode_stock_moved(Parser& parser, ByteView bytes) {
    auto fields = parser.array(bytes);
    if (!fields) return fail(kStockMoved, fields.error());
    StockMoved moved;
    moved.delta = Quantity{fields->i64()};
    moved.reason = fields->str();
    moved.document = fields->str();
    moved.flags = fields->u64();
    moved.cost = UnitCost{fields->i64()};
    if (const auto done = parser.finish(kStockMoved); !done) return tl::unexpected(done.error());
    return moved;
}

Bytes encode(const DebtMoved& moved) {
    Writer out;
    const bool whole = moved.beyond.value() != 0;
    out.array(whole ? 5 : 4).i64(moved.delta.value()).str(moved.reason).str(moved.document);
    out.u64(moved.flags);
    if (whole) out.i64(moved.beyond.value());
    return out.take();
}

Result<DebtMoved> decode_debt_moved(Parser& parser, ByteView bytes) {
    auto fields = parser.array(bytes);
    if (!fields) return fail(kDebtMoved, fields.error());
    DebtMoved moved;
    moved.delta = Money{fields->i64()};
    moved.reason = fields->str();
    moved.document = fields->str();
    moved.flags = fields->u64();
    moved.beyond = Money{fields->i64()};
    if (const auto done = parser.finish(kDebtMoved); !done) return tl::unexpected(done.error());
    return moved;
}

Bytes encode(const LimitSet& limit) {
    Writer out;
    const bool whole = limit.flags != 0 || limit.beyond.value() != 0;
    out.array(whole ? 4 : 2).i64(limit.amount.value()).str(limit.document);
    if (whole) out.u64(limit.flags).i64(limit.beyond.value());
    return out.take();
}

Result<LimitSet> decode_limit_set(Parser& parser, ByteView bytes) {
    auto fields = parser.array(bytes);
    if (!fields) return fail(kLimitSet, fields.error());
    LimitSet limit;
    limit.amount = Money{fields->i64()};
    limit.document = fields->str();
    limit.flags = fields->u64();
    limit.beyond = Money{fields->i64()};
    if (const auto done = parser.finish(kLimitSet); !done) return tl::unexpected(done.error());
    return limit;
}

Bytes encode(const CustomerChanged& changed) {
    Writer out;
    out.array(changed.home_seen.empty() ? 3 : 4);
    if (changed.home.empty()) {
        out.nil();
    } else {
        out.str(changed.home);
    }
    out.array(changed.fields.size());
    for (const CustomerField& field : changed.fields) {
        out.array(3).str(field.name).str(field.value);
        write_seen(out, field.seen);
    }
    out.array(changed.sealed.size());
    for (const CustomerField& field : changed.sealed) {
        out.array(5).str(field.name).u64(field.key_id).bin(field.nonce).bin(field.value);
        write_seen(out, field.seen);
    }
    if (!changed.home_seen.empty()) write_seen(out, changed.home_seen);
    return out.take();
}

Result<CustomerChanged> decode_customer_changed(Parser& parser, ByteView bytes) {
    auto fields = parser.array(bytes);
    if (!fields) return fail("customer", fields.error());
    CustomerChanged changed;
    changed.home = fields->str();
    Fields open = fields->array();
    while (open.more()) {
        Fields parts = open.array();
        CustomerField field;
        field.name = parts.str();
        field.value = parts.str();
        field.seen = read_seen(parts);
        changed.fields.push_back(std::move(field));
    }
    Fields sealed = fields->array();
    while (sealed.more()) {
        Fields parts = sealed.array();
        CustomerField field;
        field.name = parts.str();
        field.key_id = parts.u64();
        field.nonce = parts.bin();
        field.value = parts.bin();
        field.seen = read_seen(parts);
        changed.sealed.push_back(std::move(field));
    }
    changed.home_seen = read_seen(*fields);
    if (const auto done = parser.finish("customer"); !done) return tl::unexpected(done.error());
    return changed;
}

Bytes encode(const TransferStep& step) {
    Writer out;
    out.array(6).str(step.peer).str(step.sku).i64(step.quantity.value());
    write_position(out, step.cause);
    out.str(step.reason).u64(step.flags);
    return out.take();
}

Result<TransferStep> decode_transfer_step(Parser& parser, ByteView bytes) {
    auto fields = parser.array(bytes);
    if (!fields) return fail("transfer", fields.error());
    TransferStep step;
    step.peer = fields->str();
    step.sku = fields->str();
    step.quantity = Quantity{fields->i64()};
    step.cause = read_position(*fields);
    step.reason = fields->str();
    step.flags = fields->u64();
    if (const auto done = parser.finish("transfer"); !done) return tl::unexpected(done.error());
    return step;
}

Bytes encode(const NoticeTaken& taken) {
    Writer out;
    out.array(3);
    write_position(out, taken.cause);
    out.str(taken.kind).u64(taken.flags);
    return out.take();
}

Result<NoticeTaken> decode_notice_taken(Parser& parser, ByteView bytes) {
    auto fields = parser.array(bytes);
    if (!fields) return fail(kNoticeTaken, fields.error());
    NoticeTaken taken;
    taken.cause = read_position(*fields);
    taken.kind = fields->str();
    taken.flags = fields->u64();
    if (const auto done = parser.finish(kNoticeTaken); !done) return tl::unexpected(done.error());
    return taken;
}

Bytes encode(const LogOpened& opened) {
    Writer out;
    const bool loss = opened.lost_upto.value() != 0 || !opened.reason.empty();
    out.array(loss ? 6 : 4).bin(view(opened.incarnation)).u64(opened.epoch.value());
    out.u64(opened.continues_from.value()).array(opened.chains.size());
    for (const auto& [topic, head] : opened.chains) out.array(2).str(topic).bin(view(head));
    if (loss) out.u64(opened.lost_upto.value()).str(opened.reason);
    return out.take();
}

Result<LogOpened> decode_log_opened(Parser& parser, ByteView bytes) {
    auto fields = parser.array(bytes);
    if (!fields) return fail(kLogOpened, fields.error());
    LogOpened opened;
    opened.incarnation = id16_from(fields->bin());
    opened.epoch = Epoch{fields->u32()};
    opened.continues_from = Sequence{fields->u64()};
    Fields chains = fields->array();
    while (chains.more()) {
        Fields parts = chains.array();
        std::string topic = read_topic(parts);
        opened.chains.emplace_back(std::move(topic), hash_from(parts.bin()));
    }
    opened.lost_upto = Sequence{fields->u64()};
    opened.reason = fields->str();
    if (const auto done = parser.finish(kLogOpened); !done) return tl::unexpected(done.error());
    return opened;
}

}  // namespace filial::schema
