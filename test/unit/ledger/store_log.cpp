#include "test/unit/ledger/store_log.h"

#include <doctest/doctest.h>

#include <cstdlib>

#include "ledger/debts.h"
#include "ledger/stock.h"

namespace filial::test {

using ledger::Decision;
using schema::LoggedEvent;
using schema::Operation;
using schema::OperationKind;
using schema::Position;
using schema::Sequence;

namespace {

constexpr schema::ClientId kTill{7};
constexpr schema::Timestamp kNow{1'291'190'400'000'000};

schema::Parser& parser() {
    static schema::Parser mine;
    return mine;
}

}  // namespace

Position StoreLog::next() const { return {self_, epoch_, Sequence{log_.size() + 1}}; }

void StoreLog::reopen(std::size_t kept) {
    REQUIRE(kept <= log_.size());
    log_.resize(kept);
    state_ = replayed();
    epoch_ = schema::Epoch{epoch_.value() + 1};
    LoggedEvent opened{epoch_, Sequence{kept + 1}, {}};
    opened.event.topic = schema::kTopicControl;
    opened.event.kind = schema::kLogOpened;
    opened.event.key = self_.value();
    opened.event.payload = schema::encode(schema::LogOpened{{}, epoch_, Sequence{kept}, {}});
    log_.push_back(std::move(opened));
}

std::vector<LoggedEvent> StoreLog::add(Decision decision) {
    ledger::write(state_, std::move(decision.changes));
    for (const LoggedEvent& logged : decision.events) log_.push_back(logged);
    return std::move(decision.events);
}

tl::expected<Decision, ledger::Refusal> StoreLog::hand_in(
    const std::vector<Operation>& operations) {
    for (const Operation& operation : operations) {
        const auto valid = schema::validate(operation);
        const std::string why = valid ? "" : valid.error().message;
        if (validates) REQUIRE(why == "");
    }
    auto decision =
        ledger::decide_ticket(state_, next(), kTill, log_.size() + 1, operations, inputs);
    if (!decision) return decision;
    Decision copy = *decision;
    add(std::move(copy));
    return decision;
}

std::vector<LoggedEvent> StoreLog::done(const Operation& operation) {
    const auto decision = hand_in({operation});
    const std::string why = decision ? "" : decision.error().error.message;
    REQUIRE(why == "");
    return decision->events;
}

std::string StoreLog::refused(const Operation& operation, schema::Errc code) {
    const auto before = state_.all();
    const auto decision = hand_in({operation});
    REQUIRE_FALSE(decision);
    CHECK(decision.error().error.code == code);
    CHECK(state_.all() == before);
    return decision.error().error.message;
}

std::vector<LoggedEvent> StoreLog::take(const Position& origin, const schema::Event& notice) {
    auto decision = ledger::decide_notice(state_, next(), origin, notice, kNow, inputs);
    if (!decision) decision = ledger::decide_undecided(state_, next(), origin, notice, kNow);
    REQUIRE(decision);
    return add(std::move(*decision));
}

std::vector<LoggedEvent> StoreLog::take_from(const StoreLog& other, Sequence after) {
    std::vector<LoggedEvent> made;
    for (const LoggedEvent& logged : other.log()) {
        if (logged.seq <= after || !schema::is_notice_topic(logged.event.topic)) continue;
        const Position origin{other.name(), logged.epoch, logged.seq};
        for (LoggedEvent& each : take(origin, logged.event)) made.push_back(std::move(each));
    }
    return made;
}

std::string StoreLog::hand(const std::string& sku) const {
    const auto quantity = ledger::on_hand(state_, sku);
    REQUIRE(quantity);
    return to_string(*quantity);
}

std::string StoreLog::owes(const std::string& customer) const {
    const auto amount = ledger::own_debt(state_, customer);
    REQUIRE(amount);
    return to_string(*amount);
}

ledger::MapState StoreLog::replayed() const {
    ledger::MapState state;
    for (const LoggedEvent& logged : log_) REQUIRE(ledger::apply(state, logged));
    return state;
}

unsigned interleavings(unsigned otherwise) {
    const char* text = std::getenv("FILIAL_INTERLEAVINGS");
    return text == nullptr ? otherwise : static_cast<unsigned>(std::strtoul(text, nullptr, 10));
}

Operation goods(OperationKind kind, const std::string& sku, const std::string& quantity,
                const std::string& document) {
    Operation operation;
    operation.kind = kind;
    operation.at = kNow;
    operation.subject = sku;
    operation.quantity = *schema::parse_quantity(quantity);
    operation.document = document;
    return operation;
}

Operation money(OperationKind kind, const std::string& customer, const std::string& amount,
                const std::string& document) {
    Operation operation;
    operation.kind = kind;
    operation.at = kNow;
    operation.subject = customer;
    operation.amount = *schema::parse_money(amount);
    operation.document = document;
    return operation;
}

Operation person(OperationKind kind, const std::string& customer, const std::string& home,
                 std::vector<std::pair<std::string, std::string>> fields) {
    Operation operation;
    operation.kind = kind;
    operation.at = kNow;
    operation.subject = customer;
    operation.peer = home;
    operation.fields = std::move(fields);
    return operation;
}

Operation transfer(OperationKind kind, const std::string& id, const std::string& peer,
                   const std::string& sku, const std::string& quantity) {
    Operation operation;
    operation.kind = kind;
    operation.at = kNow;
    operation.subject = id;
    operation.peer = peer;
    operation.sku = sku;
    operation.quantity = *schema::parse_quantity(quantity);
    return operation;
}

Operation with_peer(Operation operation, const std::string& peer) {
    operation.peer = peer;
    return operation;
}

Operation as_fact(Operation operation) {
    operation.fact = true;
    return operation;
}

Operation about(OperationKind kind, const std::string& subject, const std::string& peer) {
    Operation operation;
    operation.kind = kind;
    operation.at = kNow;
    operation.subject = subject;
    operation.peer = peer;
    return operation;
}

Operation void_of(const std::string& document) {
    Operation operation;
    operation.kind = OperationKind::void_document;
    operation.at = kNow;
    operation.subject = document;
    return operation;
}

schema::StockMoved stock(const LoggedEvent& logged) {
    REQUIRE(logged.event.kind == schema::kStockMoved);
    REQUIRE(logged.event.topic == schema::kTopicStock);
    const auto moved = schema::decode_stock_moved(parser(), logged.event.payload);
    REQUIRE(moved);
    return *moved;
}

schema::DebtMoved debt(const LoggedEvent& logged) {
    REQUIRE(logged.event.kind == schema::kDebtMoved);
    REQUIRE(logged.event.topic == schema::kTopicDebts);
    const auto moved = schema::decode_debt_moved(parser(), logged.event.payload);
    REQUIRE(moved);
    return *moved;
}

schema::TransferStep step(const LoggedEvent& logged) {
    REQUIRE(logged.event.topic == schema::kTopicControl);
    const auto read = schema::decode_transfer_step(parser(), logged.event.payload);
    REQUIRE(read);
    return *read;
}

schema::GrantStep grant(const LoggedEvent& logged) {
    const auto read = schema::decode_grant_step(parser(), logged.event.payload);
    REQUIRE(read);
    const bool of_customer =
        logged.event.kind.starts_with("grant.") && read->of == schema::GrantOf::credit;
    REQUIRE(logged.event.topic == (of_customer ? schema::kTopicAccounts : schema::kTopicControl));
    return *read;
}

schema::DebtTold told(const LoggedEvent& logged) {
    REQUIRE(logged.event.topic == schema::kTopicAccounts);
    const auto read = schema::decode_debt_told(parser(), logged.event.payload);
    REQUIRE(read);
    return *read;
}

schema::AccountStep account(const LoggedEvent& logged) {
    REQUIRE(logged.event.topic == schema::kTopicAccounts);
    const auto read = schema::decode_account_step(parser(), logged.event.payload);
    REQUIRE(read);
    return *read;
}

schema::CustomerChanged customer(const LoggedEvent& logged) {
    REQUIRE(logged.event.topic == schema::kTopicCustomers);
    const auto changed = schema::decode_customer_changed(parser(), logged.event.payload);
    REQUIRE(changed);
    return *changed;
}

}  // namespace filial::test
