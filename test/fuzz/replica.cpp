// What a replica finds in its folder, and the quick way to read a row: every input is read as each.
#include "core/known_hubs.h"
#include "core/own_log.h"
#include "core/quarantine.h"
#include "ledger/register.h"
#include "ledger/transit.h"
#include "schema/event.h"
#include "schema/payloads.h"
#include "subscriber/account_notes.h"
#include "subscriber/as_of.h"
#include "subscriber/csv_key.h"
#include "subscriber/customer_record.h"
#include "subscriber/number_record.h"
#include "subscriber/number_row.h"
#include "subscriber/parked_event.h"
#include "subscriber/replica_keys.h"
#include "subscriber/snapshot_shelf.h"
#include "test/fuzz/fuzz.h"

using namespace filial;
using namespace filial::schema;
using namespace filial::subscriber;

namespace {

void check_row(Parser& parser, ByteView row, std::string_view kind, std::size_t payload_fields) {
    NumberRow quick;
    if (!read_number_row(row, kind, payload_fields, quick)) return;
    Event event;
    const auto decoded = decode_row(parser, row, event);
    fuzz::require(decoded.has_value(), "what is read quickly is read generally");
    fuzz::require(event.kind == kind && event.version == 1, "and is of the same kind");
    fuzz::require(event.key == quick.key, "and has the same key");
    fuzz::require(event.addressee == quick.addressee, "and the same addressee");
    std::int64_t delta = 0;
    if (kind == kStockMoved) {
        const auto moved = decode_stock_moved(parser, event.payload);
        fuzz::require(moved.has_value(), "and its payload is read too");
        delta = moved->delta.value();
    } else {
        const auto moved = decode_debt_moved(parser, event.payload);
        fuzz::require(moved.has_value(), "and its payload is read too");
        delta = moved->delta.value();
    }
    fuzz::require(delta == quick.delta, "with the same number");
}

void check_keys(ByteView bytes) {
    if (const auto name = parse_contribution(bytes)) {
        fuzz::require(contribution_key(*name) == bytes, "the key of a contribution has one form");
    }
    if (const auto number = NumberRecord::decode(bytes)) {
        Bytes again;
        number->append_to(again);
        fuzz::require(again == bytes, "a number's record has one form");
        fuzz::require(NumberRecord::sum_of(bytes) == number->sum(), "and its sum stands in front");
    }
    if (!bytes.empty()) (void)parse_log_key(bytes);
    (void)read_u64(bytes);
    (void)read_u32(bytes);
    ByteView rest = bytes;
    while (!rest.empty()) {
        const std::size_t before = rest.size();
        const std::string cell = take_csv(rest);
        fuzz::require(rest.size() < before, "a cell is taken off");
        Bytes again;
        append_csv(again, cell);
        ByteView view = again;
        fuzz::require(take_csv(view) == cell && view.empty(), "a cell is written and read alike");
    }
}

void check_as_of(ByteView bytes) {
    const StoreId store{"store1"};
    AsOfBook book;
    if (!book.restore(store, "stock", bytes)) return;
    const Bytes saved = AsOfBook::save(*book.find(store, "stock"));
    AsOfBook second;
    fuzz::require(second.restore(store, "stock", saved).has_value(), "what was saved is restored");
    fuzz::require(AsOfBook::save(*second.find(store, "stock")) == saved, "alike");
}

/// What is read of an account's record is written and read alike.
template <class Record>
void check_record(Parser& parser, ByteView bytes) {
    const auto record = Record::decode(parser, bytes);
    if (!record) return;
    const Bytes saved = record->encode();
    const auto again = Record::decode(parser, saved);
    fuzz::require(again.has_value(), "what was written is read");
    fuzz::require(again->encode() == saved, "alike");
}

/// What is parked, and of which keys.
void check_parked(Parser& parser, ByteView bytes) {
    if (const auto event = decode_parked_event(parser, bytes)) {
        const auto again = decode_parked_event(parser, encode(*event));
        fuzz::require(again && *again == *event, "a parked event is kept alike");
    }
    if (const auto state = decode_parked_state(parser, bytes)) {
        const auto again = decode_parked_state(parser, encode(*state));
        fuzz::require(again && *again == *state, "what is parked of a key is kept alike");
    }
    const auto name = parse_parked_name(bytes);
    const Bytes key = parked_name(name.store.value(), name.topic, name.key);
    fuzz::require(parse_parked_name(key) == name, "a parked key is named alike");
    const auto waived = parse_waived_key(bytes);
    const Bytes waiver = waived_key(waived.store.value(), waived.topic, waived.key, Sequence{1});
    fuzz::require(parse_waived_key(waiver) == waived, "and what was given up of it");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static Parser parser;
    const ByteView bytes = fuzz::view(data, size);
    check_row(parser, bytes, kStockMoved, 5);
    check_row(parser, bytes, kDebtMoved, 4);
    check_keys(bytes);
    check_as_of(bytes);
    check_parked(parser, bytes);
    if (const auto shelved = decode_shelved(parser, bytes)) {
        const auto again = decode_shelved(parser, encode(*shelved));
        fuzz::require(again && *again == *shelved, "a shelved base is kept alike");
    }
    check_record<AccountNotes>(parser, bytes);
    check_record<PaidTwiceList>(parser, bytes);
    check_record<HandedLimits>(parser, bytes);
    (void)ledger::decode_customer_part(parser, bytes).has_value();
    (void)ledger::decode_transfer_side(parser, bytes).has_value();
    CustomerRecord record;
    const ByteView key = bytes.substr(0, size / 2);
    (void)record.add(parser, key, bytes.substr(size / 2)).has_value();
    if (const auto quarantine = core::parse_quarantine(bytes)) {
        const auto again = core::parse_quarantine(core::quarantine_text(*quarantine));
        fuzz::require(again && *again == *quarantine, "a quarantine is kept alike");
    }
    if (const auto hubs = core::parse_known_hubs(bytes)) {
        const auto again = core::parse_known_hubs(hubs->text());
        fuzz::require(again && *again == *hubs, "the lives of brokers are kept alike");
    }
    if (const auto log = core::parse_own_log(bytes)) {
        const auto again = core::parse_own_log(core::own_log_text(*log));
        fuzz::require(again && *again == *log, "the own log is noted and read alike");
    }
    return 0;
}
