#include "schema/messages.h"

#include <doctest/doctest.h>

#include <set>

#include "schema/limits.h"
#include "test/golden/samples.h"

using namespace filial;
using namespace filial::schema;

namespace {

Result<Message> decode(ByteView bytes) {
    Parser parser;
    return decode_message(parser, bytes);
}

template <class T>
T read_as(const Bytes& bytes) {
    const auto message = decode(bytes);
    REQUIRE(message);
    REQUIRE(std::holds_alternative<T>(*message));
    return std::get<T>(*message);
}

Bytes bare(MessageKind kind) {
    return Writer().array(2).u64(1).u64(static_cast<std::uint64_t>(kind)).take();
}

/// The same message with one more field than this version knows.
Bytes with_one_more(const Bytes& bytes) {
    const auto elements = Parser::elements_from(bytes, 0);
    REQUIRE(elements);
    const auto count = Parser::count_values(*elements);
    REQUIRE(count);
    return Writer().array(*count + 1).raw(*elements).str("later").take();
}

}  // namespace

TEST_CASE("messages: each kind comes back as it was, also with a field more") {
    for (const Message& message : golden::messages()) {
        CAPTURE(name_of(kind_of(message)));
        const Bytes bytes = encode(message);
        const auto decoded = decode(bytes);
        REQUIRE(decoded);
        CHECK(*decoded == message);
        CHECK(encode(*decoded) == bytes);
        // What is left out while it is empty comes before anything newer.
        Message whole = message;
        if (auto* status = std::get_if<Status>(&whole))
            status->damages = {{"store1", "stock", 1, 2, "cut"}};
        if (auto* ask = std::get_if<StatusAsk>(&whole)) ask->look = true;
        if (auto* trouble = std::get_if<Trouble>(&whole)) {
            trouble->end = 7;
            trouble->incarnation.fill(3);
        }
        if (auto* hello = std::get_if<Hello>(&whole)) hello->features = kFeatureSeveral;
        if (auto* welcome = std::get_if<Welcome>(&whole)) welcome->self.features = kFeatureDear;
        if (auto* fetch = std::get_if<Fetch>(&whole)) fetch->proof = "proof";
        if (auto* ask = std::get_if<DigestAsk>(&whole)) ask->reload = true;
        if (auto* ticket = std::get_if<Ticket>(&whole)) ticket->reissued = true;
        if (auto* readmit = std::get_if<Readmit>(&whole)) readmit->reason = "burnt down";
        const auto newer = decode(with_one_more(encode(whole)));
        REQUIRE(newer);
        CHECK(*newer == whole);
    }
}

TEST_CASE("messages: every cut of every kind is corrupt") {
    for (const Message& message : golden::messages()) {
        CAPTURE(name_of(kind_of(message)));
        const Bytes bytes = encode(message);
        for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
            CAPTURE(cut);
            const auto decoded = decode(ByteView(bytes).substr(0, cut));
            REQUIRE(!decoded);
            CHECK(decoded.error().code == Errc::corrupt);
        }
    }
}

TEST_CASE("messages: a kind without its fields reads as the defaults, or says what it needs") {
    for (const Message& message : golden::messages()) {
        const MessageKind kind = kind_of(message);
        CAPTURE(name_of(kind));
        const auto decoded = decode(bare(kind));
        const bool needs_store = kind == MessageKind::fetch || kind == MessageKind::block ||
                                 kind == MessageKind::confirm || kind == MessageKind::readmit ||
                                 kind == MessageKind::snapshot || kind == MessageKind::chunk;
        CHECK(decoded.has_value() == !needs_store);
        if (decoded) CHECK(kind_of(*decoded) == kind);
    }
    // What is not said must not pass for good news.
    CHECK(read_as<Query>(bare(MessageKind::query)).max_age_us == -1);
    CHECK(!read_as<MarkMessage>(bare(MessageKind::mark)).dwell_exact);
    const Bytes answer = Writer().array(5).u64(1).u64(31).u64(7).str("").array(1).array(0).take();
    const auto rows = read_as<Answer>(answer).rows;
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].freshness.verdict == Verdict::refuse);
    CHECK(!rows[0].freshness.ever);
    CHECK(!rows[0].freshness.age_exact);
    Writer status;
    status.array(12).u64(1).u64(33).u64(7).str("p").str("s").str("v").str("ok").u64(0).u64(0).u64(
        0);
    status.u64(0).array(1).array(0);
    const auto legs = read_as<Status>(status.bytes()).legs;
    REQUIRE(legs.size() == 1);
    CHECK(legs[0] == Leg{});
}

TEST_CASE("messages: kinds that are unknown or only reserved are refused by number") {
    for (const std::uint64_t kind : {0u, 29u, 45u, 43u, 255u, 256u, 257u}) {
        const auto refused = decode(Writer().array(3).u64(1).u64(kind).u64(1).take());
        REQUIRE(!refused);
        CHECK(refused.error().code == Errc::unknown_kind);
        CHECK(refused.error().message.find("kind " + std::to_string(kind)) != std::string::npos);
    }
    CHECK(name_of(static_cast<MessageKind>(200)) == "unknown");
    CHECK(name_of(MessageKind::moved) == "moved");
}

TEST_CASE("messages: another protocol version is refused before anything else is read") {
    for (const std::uint64_t version : {0u, 2u, 70'000u}) {
        const auto refused = decode(Writer().array(3).u64(version).u64(99).str("?").take());
        REQUIRE(!refused);
        CHECK(refused.error().code == Errc::schema_too_new);
    }
    CHECK(decode(Writer().array(2).str("1").u64(1).take()).error().code == Errc::corrupt);
    CHECK(decode(Writer().array(1).u64(1).take()).error().code == Errc::unknown_kind);
}

TEST_CASE("messages: each kind has a name of its own") {
    std::set<std::string_view> names;
    for (const Message& message : golden::messages()) names.insert(name_of(kind_of(message)));
    CHECK(names.size() == std::variant_size_v<Message>);
    CHECK(!names.contains("unknown"));
}

TEST_CASE("messages: names of stores and topics are well formed or the message is corrupt") {
    const auto refused = [](const Message& message) {
        const auto decoded = decode(encode(message));
        return !decoded && decoded.error().code == Errc::corrupt;
    };
    Fetch fetch{1, StoreId{"store1"}, Epoch{1}, {{"*", Sequence{0}}}, 1, false};
    CHECK(!refused(fetch));
    fetch.store = StoreId{"../../etc"};
    CHECK(refused(fetch));
    fetch.store = StoreId{"store1"};
    fetch.after[0].topic = "a/b";
    CHECK(refused(fetch));
    Block block = pack(golden::range());
    block.topics = {"STOCK"};
    CHECK(refused(BlockMessage{1, block}));
    Hello hello;
    CHECK(!refused(hello));
    hello.store = "a b";
    CHECK(refused(hello));
}

TEST_CASE("messages: what a greeting calls itself is short and plain") {
    for (const std::string& name :
         {std::string(kReceiverNameBytesMax + 1, 'x'), std::string("a\nb"), std::string("a/b"),
          std::string("tap:x"), std::string("\x7f"), std::string("\xff")}) {
        CAPTURE(name);
        Hello hello;
        hello.name = name;
        CHECK(decode(encode(Message{hello})).error().code == Errc::corrupt);
        hello.name = "fine";
        hello.role = name;
        CHECK(decode(encode(Message{hello})).error().code == Errc::corrupt);
    }
    Hello hello;
    hello.role = "tap";
    hello.name = std::string(kReceiverNameBytesMax, 'x');
    CHECK(read_as<Hello>(encode(Message{hello})) == hello);
    hello.name = "shelf labels, 2nd floor";
    CHECK(read_as<Hello>(encode(Message{hello})) == hello);
}

TEST_CASE("messages: numbers that do not fit their enum do not become another one") {
    const auto query = [](std::uint64_t kind) {
        return read_as<Query>(Writer().array(4).u64(1).u64(30).u64(7).u64(kind).take());
    };
    CHECK(query(1).kind == QueryKind::stock);
    CHECK(query(257).kind == static_cast<QueryKind>(0));
    CHECK(query(UINT64_MAX).kind == static_cast<QueryKind>(0));
    Ticket ticket;
    ticket.operations.resize(1);
    ticket.operations[0].kind = static_cast<OperationKind>(99);
    CHECK(read_as<Ticket>(encode(Message{ticket})).operations[0].kind == OperationKind::none);
    const Bytes trouble = Writer().array(5).u64(1).u64(3).u64(1).u64(0).u64(1'000).take();
    CHECK(read_as<Trouble>(trouble).code == Errc::io);
    CHECK(name_of(static_cast<Verdict>(77)) == "refuse");
}

TEST_CASE("messages: the largest block and the largest ticket are each one message") {
    Range range;
    range.store = StoreId{std::string(kStoreIdBytesMax, 's')};
    range.epoch = Epoch{1};
    Segment segment;
    segment.epoch = range.epoch;
    segment.topic = std::string(kTopicBytesMax, 't');
    range.topics = {segment.topic};
    std::uint64_t seq = 0;
    while (segment.size() + kEventBytesMax < kBlockBytesMax - 1'000) {
        segment.add(Sequence{++seq}, ClientId{}, random_bytes(kEventBytesMax));
    }
    range.segments = {segment};
    range.upto = range.end = Sequence{seq};
    const Block block = pack(range);
    CHECK(block.raw_size <= kBlockBytesMax);
    const Bytes bytes = encode(Message{BlockMessage{UINT64_MAX, block}});
    CHECK(bytes.size() <= kMessageBytesMax);
    CHECK(*unpack(read_as<BlockMessage>(bytes).block) == range);
}
