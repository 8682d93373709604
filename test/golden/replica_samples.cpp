#include <filesystem>
#include <fstream>
#include <iterator>

#include "cli/import_journal.h"
#include "ledger/register.h"
#include "ledger/transit.h"
#include "subscriber/account_notes.h"
#include "subscriber/customer_record.h"
#include "subscriber/number_record.h"
#include "subscriber/parked_event.h"
#include "subscriber/replica_keys.h"
#include "subscriber/snapshot_shelf.h"
#include "test/golden/samples.h"
#include "test/support/temp_folder.h"

namespace filial::golden {

using namespace schema;

namespace {

template <class T, class Decode>
Sample record(std::string file, const T& value, Bytes bytes, Decode decode) {
    return {std::move(file), std::move(bytes), true, [=](ByteView read) -> std::string {
                Parser parser;
                const auto decoded = decode(parser, read);
                if (!decoded) return decoded.error().message;
                return *decoded == value ? "" : "another value";
            }};
}

/// Of two epochs.
Sample number() {
    subscriber::NumberRecord value;
    const bool fits = value.add(Epoch{1}, -7) && value.add(Epoch{3}, 1'500);
    Bytes bytes;
    value.append_to(bytes);
    return {"replica_number", bytes, fits, [=](ByteView read) -> std::string {
                const auto decoded = subscriber::NumberRecord::decode(read);
                if (!decoded) return decoded.error().message;
                Bytes again;
                decoded->append_to(again);
                return again == read && decoded->sum() == 1'493 ? "" : "another value";
            }};
}

Sample customer() {
    ledger::CustomerPart part;
    const Timestamp at{1'291'204'800'250'000};
    part.home = ledger::FieldWrite{Sequence{3}, at, "store1", 0, {}};
    part.homes_replaced = {{StoreId{"store2"}, Epoch{1}, Sequence{2}}};
    part.fields["country"].writes = {{Sequence{5}, at, "Australia", 0, {}}};
    part.fields["country"].replaced = {{StoreId{"store2"}, Epoch{1}, Sequence{4}}};
    part.sealed["name"].writes = {{Sequence{5}, at, Bytes("\x01\xff", 2), 9, "nonce"}};
    return record("replica_customer", part, ledger::encode(part), ledger::decode_customer_part);
}

/// Read as part of its customer.
Sample limit() {
    const subscriber::LimitPart value{StoreId{"store1"}, Epoch{2}, Sequence{8},
                                      Timestamp{1'291'204'800'250'000}, 50'000};
    return {"replica_limit", subscriber::encode(value), true, [=](ByteView read) -> std::string {
                Bytes rest = "l" + value.store.value() + '\0';
                subscriber::append_u32(rest, value.epoch.value());
                Parser parser;
                subscriber::CustomerRecord record;
                const auto added = record.add(parser, rest, read);
                if (!added) return added.error().message;
                const subscriber::LimitPart& one = record.limits.at(0);
                const bool same = one.store == value.store && one.epoch == value.epoch &&
                                  one.seq == value.seq && one.at == value.at &&
                                  one.cents == value.cents;
                return same ? "" : "another value";
            }};
}

Sample transfer() {
    ledger::TransferSide side;
    side.sent = side.cancel_requested = side.settled = true;
    side.to = "store2";
    side.sku = "85123A";
    side.quantity = Quantity{20'000};
    side.corrected = Quantity{1'000};
    side.sent_at = Timestamp{1'291'204'800'250'000};
    return record("replica_transfer", side, ledger::encode(side), ledger::decode_transfer_side);
}

Sample handed() {
    subscriber::HandedLimits value;
    value.steps = {{Sequence{4}, 50'000, false, ""}, {Sequence{9}, -20'000, true, "store2"}};
    return record(
        "replica_handed", value.steps, value.encode(),
        [](Parser& parser, ByteView bytes) -> Result<std::vector<subscriber::HandedLimit>> {
            const auto read = subscriber::HandedLimits::decode(parser, bytes);
            if (!read) return tl::unexpected(read.error());
            return read->steps;
        });
}

Sample notes() {
    subscriber::AccountNotes value;
    value.notes = {{"round.opened", Sequence{6}, Timestamp{1'291'204'800'250'000}, 2,
                    RoundFor::block, "store2", "12378", "fraud", 4'711}};
    return record(
        "replica_notes", value.notes, value.encode(),
        [](Parser& parser, ByteView bytes) -> Result<std::vector<subscriber::AccountNote>> {
            const auto read = subscriber::AccountNotes::decode(parser, bytes);
            if (!read) return tl::unexpected(read.error());
            return read->notes;
        });
}

Sample paid_twice() {
    subscriber::PaidTwiceList value;
    value.payments = {{"store2", "536365", 2'580, Timestamp{1'291'204'800'250'000}}};
    return record("replica_paid_twice", value.payments, value.encode(),
                  [](Parser& parser, ByteView bytes) -> Result<std::vector<subscriber::PaidTwice>> {
                      const auto read = subscriber::PaidTwiceList::decode(parser, bytes);
                      if (!read) return tl::unexpected(read.error());
                      return read->payments;
                  });
}

subscriber::ParkedEvent parked_event() {
    subscriber::ParkedEvent value;
    value.key = "12377";
    value.obstacle = {Errc::unknown_kind, "debt.forgiven is not known here"};
    value.epoch = Epoch{2};
    value.client.fill(0xcd);
    value.row = encode_row(event().event);
    value.since = Timestamp{1'291'204'800'250'000};
    return value;
}

Sample parked(std::string file, const subscriber::ParkedEvent& value) {
    return record(std::move(file), value, subscriber::encode(value),
                  subscriber::decode_parked_event);
}

Sample parked_key() {
    subscriber::ParkedState value;
    value.events = 3;
    value.epoch = Epoch{2};
    value.first = Sequence{40};
    value.last = Sequence{52};
    value.obstacle = {Errc::schema_too_new, "version 2"};
    value.since = Timestamp{1'291'204'800'250'000};
    value.tried = 7;
    return record("replica_parked_key", value, subscriber::encode(value),
                  subscriber::decode_parked_state);
}

Sample snapshot() {
    subscriber::Shelved value;
    value.info.epoch = Epoch{1};
    value.info.upto = Sequence{4'711};
    value.info.events = 4'000;
    value.info.chain.fill(0xee);
    value.after = "stock/85123A";
    value.pieces = 2;
    return record("replica_snapshot", value, subscriber::encode(value), subscriber::decode_shelved);
}

/// The file that an import of three lines leaves, of which the second was refused.
Sample import_lines() {
    const test::TempFolder folder;
    ClientId client{};
    Bytes bytes;
    std::filesystem::path file;
    const auto journal_of = [](const std::filesystem::path& in, const ClientId& whose) {
        auto opened = cli::ImportJournal::open(in, whose);
        check(opened.has_value(), "an import's journal in a folder of its own");
        return std::move(*opened);
    };
    {
        auto journal = journal_of(folder.path(), client);
        std::uint64_t line = 0;
        for (const std::uint64_t hash :
             {std::uint64_t{0x1122334455667788U}, ~0x99aabbccddeeff00U, std::uint64_t{7}}) {
            check(journal.set(++line, hash).has_value(), "kept");
        }
        check(journal.flush().has_value() && journal.settle(2).has_value(), "written");
    }
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
        file = entry.path();
    }
    std::ifstream in(file, std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(in), {});
    return {"import_lines", bytes, true, [=](ByteView read) -> std::string {
                const test::TempFolder there;
                std::ofstream(there.path() / file.filename(), std::ios::binary) << read;
                auto journal = journal_of(there.path(), client);
                std::uint64_t second = 0;
                if (journal.settled() != 2) return "another number of settled lines";
                if (!journal.find(2, second)) return "line 2 is not known";
                const std::uint64_t turned = second ^ 0x99aabbccddeeff00U;
                return turned == cli::ImportJournal::kRefused ? "" : "another mark of line 2";
            }};
}

}  // namespace

std::vector<Sample> replica_samples() {
    subscriber::ParkedEvent waived = parked_event();
    waived.waiver = subscriber::Waiver{"root@store1", Timestamp{1'291'204'900'000'000}, "a test"};
    return {number(),
            customer(),
            limit(),
            transfer(),
            handed(),
            notes(),
            paid_twice(),
            parked("replica_parked_event", parked_event()),
            parked("replica_waived_event", waived),
            parked_key(),
            snapshot(),
            import_lines()};
}

}  // namespace filial::golden
