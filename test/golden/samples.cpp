#include "test/golden/samples.h"

#include "core/journal/head_witness.h"
#include "core/journal/log_head.h"
#include "core/journal/log_layout.h"
#include "core/journal/redo_record.h"
#include "core/link/mark_book.h"
#include "schema/bundle.h"
#include "schema/columns.h"
#include "schema/greeting_words.h"

namespace filial::golden {

using namespace schema;

namespace {

/// What is wrong when `bytes` are read with `decode` and should be `value`.
template <class T, class Decode>
std::string compare(const T& value, ByteView bytes, Decode decode) {
    Parser parser;
    const auto decoded = decode(parser, bytes);
    if (!decoded) return decoded.error().message;
    return *decoded == value ? "" : "another value";
}

template <class T, class Decode>
Sample payload(std::string file, const T& value, Decode decode) {
    return {std::move(file), encode(value), true,
            [=](ByteView bytes) { return compare(value, bytes, decode); }};
}

Sample row(std::string file, const LoggedEvent& logged) {
    const Event& event = logged.event;
    return {std::move(file), encode_row(event), true, [=](ByteView bytes) {
                return compare(event, bytes, [&](Parser& parser, ByteView row) -> Result<Event> {
                    Event decoded;
                    decoded.topic = event.topic;
                    decoded.client = event.client;
                    const auto ok = decode_row(parser, row, decoded);
                    if (!ok) return tl::unexpected(ok.error());
                    return decoded;
                });
            }};
}

/// The hash of an event: what chains and seals stand on, so it never changes either.
Sample hash(std::string file, const LoggedEvent& logged) {
    const Hash value = event_hash(StoreId{"store1"}, logged);
    return {std::move(file), Bytes(view(value)), true, [=](ByteView bytes) -> std::string {
                return bytes == view(value) ? "" : "another hash";
            }};
}

/// What is never sent, and has to be alike at both ends.
Sample words(std::string file, const Hello& speaker, const Hello& hearer) {
    const Bytes value = greeting_words(speaker, hearer);
    return {std::move(file), value, true,
            [=](ByteView bytes) -> std::string { return bytes == value ? "" : "other words"; }};
}

Sample message(std::string file, const Message& value) {
    return {std::move(file), encode(value), true,
            [=](ByteView bytes) { return compare(value, bytes, decode_message); }};
}

/// A block is what its message carries; its range is what counts.
Sample block(std::string file, const Range& range, BlockCodec codec) {
    Block packed = pack(range);
    Sample sample;
    sample.file = std::move(file);
    sample.bytes = encode(Message{BlockMessage{5, packed}});
    sample.same_bytes = codec == BlockCodec::rows;
    sample.wrong = [=](ByteView bytes) -> std::string {
        if (packed.codec != codec) return "packed with another codec";
        Parser parser;
        const auto decoded = decode_message(parser, bytes);
        if (!decoded) return decoded.error().message;
        const auto* carrier = std::get_if<BlockMessage>(&*decoded);
        if (carrier == nullptr || carrier->block.codec != codec) return "another codec";
        const auto unpacked = unpack(carrier->block);
        if (!unpacked) return unpacked.error().message;
        return *unpacked == range ? "" : "another range";
    };
    return sample;
}

/// By columns: alone, or building on the rows before it.
Sample columns(std::string file, const Range& range, const Range* before) {
    const auto memory = [=, before = before ? *before : Range{}] {
        auto made = std::make_shared<ColumnMemory>();
        write_columns(before, *made);
        return made;
    };
    const Sequence known = before != nullptr ? before->after : range.after;
    const Block packed = pack_columns(range, known, *memory()).block;
    return {std::move(file), encode(Message{BlockMessage{5, packed}}), true,
            [=](ByteView bytes) -> std::string {
                Parser parser;
                const auto decoded = decode_message(parser, bytes);
                if (!decoded) return decoded.error().message;
                const auto* carrier = std::get_if<BlockMessage>(&*decoded);
                if (carrier == nullptr || carrier->block.codec != BlockCodec::columns) {
                    return "another codec";
                }
                const auto unpacked = unpack(carrier->block, memory().get());
                if (!unpacked) return unpacked.error().message;
                return *unpacked == range ? "" : "another range";
            }};
}

/// A file that is carried: its header, a block, a mark, its end.
Sample bundle(std::string file) {
    const Range held = range();
    BundleHeader header;
    header.id = 77;
    header.number = 3;
    header.from = StoreId{"store1"};
    header.to = StoreId{"store2"};
    header.written = Timestamp{1'291'204'800'250'000};
    header.software = "filial 0.1.0";
    header.logs.push_back({held.store, held.epoch, {}, held.topics, held.after, held.upto});
    header.logs[0].incarnation.fill(0xab);
    header.holds.push_back({StoreId{"store2"}, Epoch{1}, Sequence{4'200}});
    const Block block = pack(held);
    const MarkMessage carried{0, encode(mark()), "", 250'000, true};
    BundleWriter out(header);
    out.add(BlockMessage{0, block});
    out.add(carried);
    return {std::move(file), out.take(), true, [=](ByteView bytes) -> std::string {
                const auto decoded = parse_bundle(bytes);
                if (!decoded) return decoded.error().message;
                if (decoded->damage) return decoded->damage->message;
                const bool same = decoded->header == header &&
                                  decoded->blocks == std::vector{block} &&
                                  decoded->marks == std::vector{carried};
                return same ? "" : "another value";
            }};
}

Sample saved_mark() {
    core::HeldMark held;
    held.mark = mark();
    held.bytes = encode(held.mark);
    held.signature = "sig";
    held.dwell_us = 1'500;
    held.dwell_exact = false;
    held.received = core::BootTime{9'000'000};
    held.boot_id = "boot-1";
    return {"saved_mark", core::MarkBook::save(held), true, [=](ByteView bytes) -> std::string {
                const auto decoded = core::MarkBook::decode_held(bytes);
                if (!decoded) return decoded.error().message;
                const bool same = decoded->mark == held.mark && decoded->bytes == held.bytes &&
                                  decoded->signature == held.signature &&
                                  decoded->dwell_us == held.dwell_us && !decoded->dwell_exact &&
                                  decoded->received == held.received &&
                                  decoded->boot_id == held.boot_id;
                return same ? "" : "another value";
            }};
}

/// One topic of one commit, as a journal keeps it.
Sample log_value() {
    const Segment value = segment();
    const Timestamp at{1'291'204'800'250'000};
    return {"log_value", core::encode_log_value(70'000, 4'200'000, at, value), true,
            [=](ByteView bytes) -> std::string {
                Parser parser;
                const auto decoded = core::decode_log_value(parser, bytes);
                if (!decoded) return decoded.error().message;
                const bool same = decoded->events_before == 70'000 &&
                                  decoded->bytes_before == 4'200'000 && decoded->at == at &&
                                  decoded->segment == value;
                return same ? "" : "another value";
            }};
}

Sample log_head() {
    core::LogHead head;
    head.store = StoreId{"store1"};
    head.epoch = Epoch{2};
    head.incarnation.fill(0xab);
    head.end = Sequence{5'000};
    head.topics = {{"control", Sequence{4'713}, 1, 95, hash_of("control")},
                   {"stock", Sequence{5'000}, 4'999, 300'000, hash_of("stock")}};
    const Bytes value = encode(head);
    return {"log_head", value, true, [=](ByteView bytes) -> std::string {
                Parser parser;
                const auto decoded = core::decode_log_head(parser, head.store, bytes);
                if (!decoded) return decoded.error().message;
                const bool same = encode(*decoded) == value && decoded->epoch == head.epoch &&
                                  decoded->incarnation == head.incarnation &&
                                  decoded->end == head.end && decoded->topics.size() == 2 &&
                                  decoded->topics[1].chain == hash_of("stock");
                return same ? "" : "another value";
            }};
}

/// A topic of which only the later part is kept.
Sample log_head_trimmed() {
    core::LogHead head;
    head.store = StoreId{"store1"};
    head.epoch = Epoch{2};
    head.end = Sequence{5'000};
    head.topics = {{"stock", Sequence{5'000}, 4'999, 300'000, hash_of("stock"), Sequence{4'711}}};
    const Bytes value = encode(head);
    return {"log_head_trimmed", value, true, [=](ByteView bytes) -> std::string {
                Parser parser;
                const auto decoded = core::decode_log_head(parser, head.store, bytes);
                if (!decoded) return decoded.error().message;
                const bool same = encode(*decoded) == value && decoded->topics.size() == 1 &&
                                  decoded->topics[0].kept_after == Sequence{4'711};
                return same ? "" : "another value";
            }};
}

Sample redo_record() {
    const std::vector<core::StateEntry> entries{{"own/stock/85123A", Bytes(8, '\x07')},
                                                {"own/early/T1", std::nullopt},
                                                {"folded", Bytes("\x91\x05")}};
    const Bytes value = core::make_redo(entries)->bytes;
    return {"redo_record", value, true, [=](ByteView bytes) -> std::string {
                Parser parser;
                const auto decoded = core::decode_redo(parser, bytes);
                if (!decoded) return decoded.error().message;
                bool same = decoded->size() == entries.size();
                for (std::size_t i = 0; same && i < entries.size(); ++i) {
                    const core::StateChange& change = (*decoded)[i];
                    same = change.key == entries[i].first &&
                           change.value.has_value() == entries[i].second.has_value() &&
                           (!change.value || *change.value == *entries[i].second);
                }
                return same ? "" : "another value";
            }};
}

Sample witness_slot() {
    core::WitnessSlot slot;
    slot.store = StoreId{"store1"};
    slot.epoch = Epoch{2};
    slot.incarnation.fill(0xab);
    slot.seq = Sequence{5'000};
    slot.chains = hash_of("chains");
    slot.counter = 17;
    return {"witness_slot", core::encode_witness_slot(slot), true,
            [=](ByteView bytes) -> std::string {
                const auto decoded = core::decode_witness_slot(bytes);
                if (!decoded) return decoded.error().message;
                return *decoded == slot ? "" : "another value";
            }};
}

}  // namespace

std::vector<Sample> samples() {
    const Range before = column_range_before();
    std::vector<Sample> all{
        payload("stock_moved", stock_moved(), decode_stock_moved),
        payload("debt_moved", debt_moved(), decode_debt_moved),
        payload("limit_set", limit_set(), decode_limit_set),
        payload("customer_changed", customer_changed(), decode_customer_changed),
        payload("transfer_step", transfer_step(), decode_transfer_step),
        payload("notice_taken", notice_taken(), decode_notice_taken),
        payload("log_opened", log_opened(), decode_log_opened),
        payload("log_opened_loss", log_opened_loss(), decode_log_opened),
        payload("log_opened_loss_named", log_opened_loss_named(), decode_accepted_loss),
        payload("seen_writes", seen_writes(), decode_seen_writes),
        payload("day_closed", day_closed(), decode_day_closed),
        payload("debt_moved_beyond", debt_moved_beyond(), decode_debt_moved),
        payload("limit_set_beyond", limit_set_beyond(), decode_limit_set),
        payload("grant_step", grant_step(), decode_grant_step),
        payload("debt_told", debt_told(), decode_debt_told),
        payload("debt_told_passed_on", debt_told_passed_on(), decode_debt_told),
        payload("account_step", account_step(), decode_account_step),
        payload("account_step_merged", account_step_merged(), decode_account_step),
        payload("customer_changed_home", customer_changed_home(), decode_customer_changed),
        payload("store_verdict", store_verdict(), decode_store_verdict),
        row("event_row", event()),
        row("event_row_extra", notice()),
        hash("event_hash", event()),
        words("greeting_words", hello_dear(), welcome_dear()),
        words("greeting_words_back", welcome_dear(), hello_dear()),
        hash("event_hash_extra", notice()),
        payload("segment", segment(), decode_segment),
        block("block_rows", range(), BlockCodec::rows),
        block("block_rows_lz4", long_range(), BlockCodec::rows_lz4),
        columns("block_columns", column_range_before(), nullptr),
        columns("block_columns_known", column_range(), &before),
        payload("mark", mark(), decode_mark),
        bundle("bundle"),
        saved_mark(),
        log_value(),
        log_head(),
        log_head_trimmed(),
        redo_record(),
        witness_slot(),
    };
    all.push_back(message("message_hello_dear", hello_dear()));
    all.push_back(message("message_fetch_columns", fetch_columns()));
    all.push_back(message("message_fetch_known", fetch_known()));
    all.push_back(message("message_fetch_proof", fetch_proof()));
    all.push_back(message("message_trouble_end", trouble_end()));
    all.push_back(message("message_trouble_life", trouble_life()));
    all.push_back(message("message_status_ask_look", schema::StatusAsk{9, true}));
    all.push_back(message("message_status_damaged", status_damaged()));
    for (const Message& each : messages()) {
        if (const auto* ticket = std::get_if<schema::Ticket>(&each)) {
            schema::Ticket reissued = *ticket;
            reissued.reissued = true;
            all.push_back(message("message_ticket_reissued", reissued));
        }
    }
    all.push_back(message("message_readmit_anyway",
                          schema::Readmit{9, StoreId{"store1"}, "4f3a09c2", "store7 burned down"}));
    for (const Message& each : messages()) {
        // The message of the range that is not compressed is block_rows.
        if (kind_of(each) == MessageKind::block) continue;
        all.push_back(message("message_" + std::string(name_of(kind_of(each))), each));
        // What lz4 makes of bytes is its own; only reading them has to stay.
        if (kind_of(each) == MessageKind::several) all.back().same_bytes = false;
    }
    for (Sample& each : replica_samples()) all.push_back(std::move(each));
    return all;
}

}  // namespace filial::golden
