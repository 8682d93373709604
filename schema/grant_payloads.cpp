#include "schema/grant_payloads.h"

namespace filial::schema {
namespace {

/// A number of an enumeration whose last known one is `last`.
template <class E>
E read_number(Fields& fields, E last) {
    const std::uint64_t number = fields.u64();
    if (number > static_cast<std::uint64_t>(last)) {
        fields.refuse("a known number");
        return E{};
    }
    return static_cast<E>(number);
}

}  // namespace

Bytes encode(const GrantStep& step) {
    Writer out;
    out.array(12).u64(static_cast<std::uint64_t>(step.of)).str(step.peer);
    out.u64(step.epoch.value()).i64(step.amount).u64(step.round);
    out.boolean(step.closes).boolean(step.roomed);
    write_position(out, step.cause);
    out.str(step.document).str(step.reason).u64(step.flags).i64(step.beyond);
    return out.take();
}

Result<GrantStep> decode_grant_step(Parser& parser, ByteView bytes) {
    auto fields = parser.array(bytes);
    if (!fields) return fail("grant", fields.error());
    GrantStep step;
    step.of = read_number(*fields, GrantOf::stock);
    step.peer = fields->str();
    step.epoch = Epoch{fields->u32()};
    step.amount = fields->i64();
    step.round = fields->u64();
    step.closes = fields->boolean();
    step.roomed = fields->boolean();
    step.cause = read_position(*fields);
    step.document = fields->str();
    step.reason = fields->str();
    step.flags = fields->u64();
    step.beyond = fields->i64();
    if (const auto done = parser.finish("grant"); !done) return tl::unexpected(done.error());
    return step;
}

Bytes encode(const DebtTold& told) {
    Writer out;
    const bool passed_on = !told.first.store.value().empty();
    out.array(passed_on ? 10 : 9).str(told.peer).u64(told.epoch.value()).i64(told.delta.value());
    out.boolean(told.roomed);
    write_position(out, told.cause);
    out.str(told.reason).str(told.document).u64(told.flags).i64(told.beyond.value());
    if (passed_on) write_position(out, told.first);
    return out.take();
}

Result<DebtTold> decode_debt_told(Parser& parser, ByteView bytes) {
    auto fields = parser.array(bytes);
    if (!fields) return fail(kDebtTold, fields.error());
    DebtTold told;
    told.peer = fields->str();
    told.epoch = Epoch{fields->u32()};
    told.delta = Money{fields->i64()};
    told.roomed = fields->boolean();
    told.cause = read_position(*fields);
    told.reason = fields->str();
    told.document = fields->str();
    told.flags = fields->u64();
    told.beyond = Money{fields->i64()};
    told.first = read_position(*fields);
    if (const auto done = parser.finish(kDebtTold); !done) return tl::unexpected(done.error());
    return told;
}

Bytes encode(const AccountStep& step) {
    Writer out;
    out.array(step.merged.empty() ? 10 : 11);
    out.u64(step.round).u64(static_cast<std::uint64_t>(step.purpose));
    out.str(step.peer).str(step.into).i64(step.limit.value()).i64(step.debt.value());
    out.array(step.acks.size());
    for (const Position& position : step.acks) write_position(out, position);
    write_position(out, step.cause);
    out.str(step.reason).u64(step.flags);
    if (step.merged.empty()) return out.take();
    out.array(step.merged.size());
    for (const std::string& customer : step.merged) out.str(customer);
    return out.take();
}

Result<AccountStep> decode_account_step(Parser& parser, ByteView bytes) {
    auto fields = parser.array(bytes);
    if (!fields) return fail("account", fields.error());
    AccountStep step;
    step.round = fields->u64();
    step.purpose = read_number(*fields, RoundFor::block);
    step.peer = fields->str();
    step.into = fields->str();
    step.limit = Money{fields->i64()};
    step.debt = Money{fields->i64()};
    Fields acks = fields->array();
    while (acks.more()) step.acks.push_back(read_position(acks));
    step.cause = read_position(*fields);
    step.reason = fields->str();
    step.flags = fields->u64();
    Fields merged = fields->array();
    while (merged.more()) step.merged.emplace_back(merged.str());
    if (const auto done = parser.finish("account"); !done) return tl::unexpected(done.error());
    return step;
}

}  // namespace filial::schema
