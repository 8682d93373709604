#include "test/unit/ledger/story_items.h"

#include "ledger/transfers.h"

namespace filial::test {

namespace {

template <class T>
T must(schema::Result<T> value) {
    schema::check(value.has_value(), "a payload that the ledger wrote is read");
    return std::move(*value);
}

void read_grant(schema::Parser& parser, const schema::Event& event, Item& item) {
    const auto step = must(schema::decode_grant_step(parser, event.payload));
    item.of_stock = step.of == schema::GrantOf::stock;
    item.peer = step.peer;
    item.of_epoch = step.epoch;
    item.amount = step.amount;
    item.closes = step.closes;
    item.roomed = step.roomed;
    item.cause = step.cause;
    item.flags = step.flags;
    item.beyond = step.beyond;
}

void read_account(schema::Parser& parser, const schema::Event& event, Item& item) {
    const auto step = must(schema::decode_account_step(parser, event.payload));
    item.peer = step.peer;
    item.purpose = step.purpose;
    item.into = step.into;
    item.amount = step.limit.value();
    item.debt = step.debt.value();
    item.cause = step.cause;
}

}  // namespace

Item item_of(const schema::LoggedEvent& logged) {
    static schema::Parser parser;
    const schema::Event& event = logged.event;
    Item item;
    item.epoch = logged.epoch;
    item.seq = logged.seq;
    item.kind = event.kind;
    item.key = event.key;
    item.addressee = event.addressee;
    const auto begins = [&](std::string_view prefix) { return event.kind.rfind(prefix, 0) == 0; };
    if (event.kind == schema::kDebtMoved) {
        const auto moved = must(schema::decode_debt_moved(parser, event.payload));
        item.amount = moved.delta.value();
        item.flags = moved.flags;
        item.beyond = moved.beyond.value();
        item.reason = moved.reason;
    } else if (event.kind == schema::kStockMoved) {
        const auto moved = must(schema::decode_stock_moved(parser, event.payload));
        item.amount = moved.delta.value();
        item.flags = moved.flags;
        item.reason = moved.reason;
        item.of_stock = true;
    } else if (event.kind == schema::kLimitSet) {
        const auto set = must(schema::decode_limit_set(parser, event.payload));
        item.amount = set.amount.value();
        item.beyond = set.beyond.value();
    } else if (event.kind == schema::kDebtTold || event.kind == schema::kDebtApplied) {
        const auto told = must(schema::decode_debt_told(parser, event.payload));
        item.peer = told.peer;
        item.of_epoch = told.epoch;
        item.amount = told.delta.value();
        item.roomed = told.roomed;
        item.cause = told.cause;
        item.flags = told.flags;
        item.reason = told.reason;
    } else if (event.kind == schema::kNoticeTaken) {
        const auto taken = must(schema::decode_notice_taken(parser, event.payload));
        item.cause = taken.cause;
        item.taken_kind = taken.kind;
    } else if (begins("grant.") || begins("claim.")) {
        read_grant(parser, event, item);
    } else if (begins("round.") || begins("account.")) {
        read_account(parser, event, item);
    } else if (begins("transfer.")) {
        const auto step = must(schema::decode_transfer_step(parser, event.payload));
        item.cause = step.cause;
        item.amount = step.quantity.value();
        item.flags = step.flags;
    }
    return item;
}

}  // namespace filial::test
