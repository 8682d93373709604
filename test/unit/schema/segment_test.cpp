#include "schema/segment.h"

#include <doctest/doctest.h>

#include "schema/limits.h"
#include "test/golden/samples.h"

using namespace filial;
using namespace filial::schema;

namespace {

Result<Segment> read_segment(ByteView bytes) {
    Parser parser;
    return decode_segment(parser, bytes);
}

/// [1, topic, 1, seqs, clients, who, rows, nil] with the given middle.
Bytes raw_segment(std::initializer_list<std::uint64_t> steps, std::size_t clients,
                  std::initializer_list<std::uint64_t> who, std::size_t rows) {
    Writer out;
    out.array(8).u64(1).str("stock").u64(1).array(steps.size());
    for (const auto step : steps) out.u64(step);
    out.array(clients);
    for (std::size_t i = 0; i < clients; ++i) out.bin(Bytes(16, static_cast<char>('a' + i)));
    out.array(who.size());
    for (const auto index : who) out.u64(index);
    out.array(rows);
    for (std::size_t i = 0; i < rows; ++i) out.bin("row");
    out.nil();
    return out.take();
}

Segment rows_up_to(std::uint64_t count, std::uint64_t clients) {
    Segment segment;
    segment.topic = "stock";
    segment.epoch = Epoch{1};
    for (std::uint64_t seq = 1; seq <= count; ++seq) {
        ClientId client{};
        client[0] = static_cast<std::uint8_t>(seq % clients);
        client[1] = static_cast<std::uint8_t>(seq % clients / 256);
        segment.add(Sequence{seq}, client, "row");
    }
    return segment;
}

}  // namespace

TEST_CASE("segment: what was added comes back, with one client and with several") {
    for (const std::uint64_t clients : {1, 2, 63, 64, 300}) {
        CAPTURE(clients);
        const Segment segment = rows_up_to(1'000, clients);
        const auto decoded = read_segment(encode(segment));
        REQUIRE(decoded);
        CHECK(*decoded == segment);
        CHECK(decoded->first() == Sequence{1});
        CHECK(decoded->last() == Sequence{1'000});
        for (std::size_t i = 0; i < segment.rows.size(); ++i) {
            const ClientId& client = decoded->clients[decoded->who[i]];
            CHECK(client[0] == static_cast<std::uint8_t>((i + 1) % clients));
        }
    }
    CHECK(*read_segment(encode(golden::segment())) == golden::segment());
    const Segment empty{"stock", Epoch{1}, {}, {}, {}, {}, {}};
    CHECK(*read_segment(encode(empty)) == empty);
}

TEST_CASE("segment: of one client only its rows cost bytes") {
    CHECK(encode(rows_up_to(1'000, 1)).size() < 1'000 * (1 + 2 + 3) + 64);
}

TEST_CASE("segment: rows of another are taken above a position, with its chain head") {
    Segment left = rows_up_to(3, 2);
    Segment right = rows_up_to(6, 3);
    right.chain = Bytes(32, 'c');
    left.append(right, Sequence{3});
    REQUIRE(left.seqs.size() == 6);
    CHECK(left.last() == Sequence{6});
    CHECK(left.clients[left.who[4]][0] == 5 % 3);
    CHECK(left.chain == right.chain);
    left.append(right, Sequence{6});
    CHECK(left.seqs.size() == 6);
}

TEST_CASE("segment: cut drops what stands above, and with it the chain head") {
    Segment segment = golden::segment();
    segment.cut(Sequence{5'000});
    CHECK(segment == golden::segment());
    segment.cut(Sequence{4'999});
    CHECK(segment.last() == Sequence{4'712});
    CHECK(segment.chain.empty());
    CHECK(read_segment(encode(segment)).has_value());
    segment.cut(Sequence{1});
    CHECK(segment.empty());
}

TEST_CASE("segment: positions that do not rise, counts and indices that do not fit are corrupt") {
    CHECK(read_segment(raw_segment({1, 1}, 2, {0, 1}, 2)).has_value());
    CHECK(read_segment(raw_segment({5, 2}, 1, {}, 2)).has_value());
    const auto corrupt = [](const Bytes& bytes) {
        const auto decoded = read_segment(bytes);
        return !decoded && decoded.error().code == Errc::corrupt;
    };
    CHECK(corrupt(raw_segment({0}, 1, {}, 1)));
    CHECK(corrupt(raw_segment({1, 0}, 1, {}, 2)));
    CHECK(corrupt(raw_segment({2, UINT64_MAX}, 1, {}, 2)));
    CHECK(corrupt(raw_segment({1, 1}, 1, {}, 1)));
    CHECK(corrupt(raw_segment({1}, 1, {}, 2)));
    CHECK(corrupt(raw_segment({1}, 0, {}, 1)));
    CHECK(corrupt(raw_segment({1}, 2, {}, 1)));
    CHECK(corrupt(raw_segment({1}, 1, {1}, 1)));
    CHECK(corrupt(raw_segment({1, 1}, 2, {0}, 2)));
    CHECK(corrupt(raw_segment({}, 0, {0}, 0)));
    CHECK(corrupt(raw_segment({1}, 1, {UINT64_MAX}, 1)));
}

TEST_CASE("segment: a cut at any byte is corrupt") {
    const Bytes bytes = encode(golden::segment());
    for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
        CAPTURE(cut);
        CHECK(!read_segment(ByteView(bytes).substr(0, cut)));
    }
    CHECK(!read_segment(bytes + "x"));
    CHECK(!read_segment(""));
}

TEST_CASE("segment: client, chain head, topic and version are what they must be") {
    const auto with = [](std::uint64_t version, const char* topic, std::size_t client,
                         std::size_t chain, std::size_t row) {
        Writer out;
        out.array(8).u64(version).str(topic).u64(1).array(1).u64(1).array(1).bin(
            Bytes(client, 'c'));
        out.array(0).array(1).bin(Bytes(row, 'r')).bin(Bytes(chain, 'h'));
        const auto decoded = read_segment(out.bytes());
        return decoded ? std::string("taken") : std::string(error_info(decoded.error().code).name);
    };
    CHECK(with(1, "stock", 16, 32, 10) == "taken");
    CHECK(with(1, "stock", 16, 0, 10) == "taken");
    CHECK(with(2, "stock", 16, 32, 10) == "schema_too_new");
    CHECK(with(0, "stock", 16, 32, 10) == "corrupt");
    CHECK(with(1, "", 16, 32, 10) == "corrupt");
    CHECK(with(1, "*", 16, 32, 10) == "corrupt");
    CHECK(with(1, "a/b", 16, 32, 10) == "corrupt");
    CHECK(with(1, "stock", 15, 32, 10) == "corrupt");
    CHECK(with(1, "stock", 16, 31, 10) == "corrupt");
    CHECK(with(1, "stock", 16, 32, kEventBytesMax) == "taken");
    CHECK(with(1, "stock", 16, 32, kEventBytesMax + 1) == "too_large");
}

TEST_CASE("segment: the events of several topics come in the store's order") {
    Segment stock = golden::segment();
    Segment control;
    control.topic = "control";
    control.epoch = Epoch{1};
    const Bytes row = encode_row(golden::notice().event);
    control.add(Sequence{4'000}, golden::notice().event.client, row);
    control.add(Sequence{4'713}, golden::notice().event.client, row);
    const auto events = events_in_order({stock, control});
    REQUIRE(events);
    std::vector<std::uint64_t> seqs;
    for (const LoggedEvent& logged : *events) seqs.push_back(logged.seq.value());
    CHECK(seqs == std::vector<std::uint64_t>{4'000, 4'711, 4'712, 4'713, 5'000});
    CHECK((*events)[3].event == golden::notice().event);
    CHECK((*events)[3].event.topic == "control");
    control.rows[1] = "no row";
    const auto damaged = events_in_order({stock, control});
    CHECK(damaged.error().message.find("control event 4713") == 0);
}
