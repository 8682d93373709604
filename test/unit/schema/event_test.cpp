#include "schema/event.h"

#include <doctest/doctest.h>

#include <functional>
#include <set>

#include "schema/block.h"
#include "schema/limits.h"
#include "schema/segment.h"
#include "test/golden/samples.h"

using namespace filial;
using namespace filial::schema;

namespace {

Result<Event> decode(ByteView row, const Event& like) {
    Parser parser;
    Event event;
    event.topic = like.topic;
    event.client = like.client;
    const auto ok = decode_row(parser, row, event);
    if (!ok) return tl::unexpected(ok.error());
    return event;
}

}  // namespace

TEST_CASE("event: a row comes back as it was, with and without an addressee") {
    for (const LoggedEvent& logged : {golden::event(), golden::notice()}) {
        CHECK(*decode(encode_row(logged.event), logged.event) == logged.event);
    }
    Event edges = golden::event().event;
    edges.version = UINT32_MAX;
    edges.at = Timestamp{INT64_MIN};
    edges.number = UINT64_MAX;
    edges.index = edges.count = UINT32_MAX;
    edges.key.clear();
    edges.payload.clear();
    CHECK(*decode(encode_row(edges), edges) == edges);
}

TEST_CASE("event: trailing fields of a newer version keep their bytes and their number") {
    const Event plain = golden::event().event;
    Bytes extra;
    for (int count = 0; count <= 70'000; count = count * 3 + 1) {
        CAPTURE(count);
        Event newer = plain;
        for (int i = 0; i < count && newer.extra.size() < 20'000; ++i) {
            newer.extra += i % 2 == 0 ? "\x01" : Bytes("\x92\xc0\xa1x", 4);
        }
        const Bytes row = encode_row(newer);
        const auto decoded = decode(row, plain);
        REQUIRE(decoded);
        CHECK(decoded->extra == newer.extra);
        CHECK(encode_row(*decoded) == row);
    }
}

TEST_CASE("event: what stores and relays it keeps unknown trailing fields byte for byte") {
    const LoggedEvent notice = golden::notice();
    REQUIRE(!notice.event.extra.empty());
    const Bytes row = encode_row(notice.event);

    Segment written;
    written.topic = notice.event.topic;
    written.epoch = notice.epoch;
    written.add(notice.seq, notice.event.client, row);
    Parser parser;
    const auto journal = decode_segment(parser, encode(written));
    REQUIRE(journal);
    Range range;
    range.store = StoreId{"store1"};
    range.epoch = notice.epoch;
    range.topics = {notice.event.topic};
    range.after = Sequence{notice.seq.value() - 1};
    range.upto = range.end = notice.seq;
    range.segments = {*journal};
    const auto arrived = unpack(pack(range));
    REQUIRE(arrived);
    Segment merged;
    merged.topic = notice.event.topic;
    merged.epoch = notice.epoch;
    merged.append(arrived->segments[0], Sequence{0});

    CHECK(merged.rows[0] == row);
    const auto event = merged.event(parser, 0);
    REQUIRE(event);
    CHECK(*event == notice);
    CHECK(encode_row(event->event) == row);
    CHECK(event_hash(range.store, *event) == event_hash(range.store, notice));
}

TEST_CASE("event: every cut and every missing field of a row is corrupt") {
    const Event event = golden::notice().event;
    const Bytes row = encode_row(event);
    for (std::size_t cut = 0; cut < row.size(); ++cut) {
        CAPTURE(cut);
        CHECK(decode(row.substr(0, cut), event).error().code == Errc::corrupt);
    }
    CHECK(!decode(row + "\x01", event));
    const Bytes eight =
        Writer().array(8).str("k").u64(1).i64(0).str("key").nil().u64(1).u64(0).u64(1).take();
    CHECK(decode(eight, event).error().code == Errc::corrupt);
}

TEST_CASE("event: one that is larger than an event may be is refused by its field") {
    const Event plain = golden::event().event;
    const auto code = [&](const std::function<void(Event&)>& change) {
        Event event = plain;
        change(event);
        const auto decoded = decode(encode_row(event), plain);
        return decoded ? std::string("taken") : std::string(error_info(decoded.error().code).name);
    };
    CHECK(code([](Event& e) { e.key = Bytes(kKeyBytesMax, 'k'); }) == "taken");
    CHECK(code([](Event& e) { e.key = Bytes(kKeyBytesMax + 1, 'k'); }) == "too_large");
    CHECK(code([](Event& e) { e.kind = Bytes(kTopicBytesMax + 1, 'k'); }) == "too_large");
    CHECK(code([](Event& e) { e.payload = Bytes(kEventBytesMax, 'p'); }) == "too_large");
    CHECK(code([](Event& e) { e.payload = Bytes(kPayloadBytesMax, 'p'); }) == "taken");
    CHECK(code([](Event& e) { e.addressee = Bytes(33, 's'); }) == "corrupt");
    CHECK(code([](Event& e) { e.addressee = "../x"; }) == "corrupt");
}

TEST_CASE("event: the hash changes with every field of the header") {
    const LoggedEvent base = golden::notice();
    const StoreId store{"store1"};
    std::set<Hash> hashes{event_hash(store, base)};
    const auto differs = [&](const std::function<void(LoggedEvent&)>& change) {
        LoggedEvent changed = base;
        change(changed);
        return hashes.insert(event_hash(store, changed)).second;
    };
    CHECK(hashes.insert(event_hash(StoreId{"store2"}, base)).second);
    CHECK(differs([](LoggedEvent& e) { e.epoch = Epoch{2}; }));
    CHECK(differs([](LoggedEvent& e) { e.seq = Sequence{1}; }));
    CHECK(differs([](LoggedEvent& e) { e.event.topic = "stock"; }));
    CHECK(differs([](LoggedEvent& e) { e.event.client[15] ^= 1; }));
    CHECK(differs([](LoggedEvent& e) { e.event.kind += "x"; }));
    CHECK(differs([](LoggedEvent& e) { e.event.version += 1; }));
    CHECK(differs([](LoggedEvent& e) { e.event.at = Timestamp{0}; }));
    CHECK(differs([](LoggedEvent& e) { e.event.key += "x"; }));
    CHECK(differs([](LoggedEvent& e) { e.event.addressee.clear(); }));
    CHECK(differs([](LoggedEvent& e) { e.event.number += 1; }));
    CHECK(differs([](LoggedEvent& e) { e.event.index += 1; }));
    CHECK(differs([](LoggedEvent& e) { e.event.count += 1; }));
    CHECK(differs([](LoggedEvent& e) { e.event.extra.clear(); }));
    CHECK(differs([](LoggedEvent& e) { e.event.extra += "\x01"; }));
    CHECK(differs([](LoggedEvent& e) { e.event.payload += "x"; }));
    CHECK(differs([](LoggedEvent& e) { e.event.payload.clear(); }));
}

TEST_CASE("event: of the payload only its hash is in the event's hash") {
    const LoggedEvent logged = golden::event();
    const Event& e = logged.event;
    const Hash payload = hash_of(e.payload);
    Writer out;
    out.array(14).str("store1").u64(1).u64(4'711).str("stock").bin(view(e.client)).str(e.kind);
    out.u64(1).i64(e.at.value()).str(e.key).nil().u64(300).u64(2).u64(3).bin(view(payload));
    CHECK(event_hash(StoreId{"store1"}, logged) == hash_of(out.bytes()));
}
