#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <filesystem>

#include "cli/event_json.h"
#include "cli/file.h"
#include "cli/json.h"
#include "cli/tap_output.h"
#include "cli/tap_session.h"
#include "schema/block.h"
#include "schema/payloads.h"
#include "test/support/temp_folder.h"

using namespace filial;
using cli::Json;
using cli::TapOutput;
using cli::TapPosition;
using cli::TapSession;
using cli::TapSettings;
using cli::TapState;
using schema::Message;
using schema::Sequence;
using schema::StoreId;

namespace {

schema::Event sale(std::uint64_t seq) {
    schema::Event event;
    event.topic = "stock";
    event.kind = schema::kStockMoved;
    event.key = "S" + std::to_string(seq);
    event.payload = schema::encode(
        schema::StockMoved{schema::Quantity{-1'500}, "sale", "D1", schema::kFlagBelowZero, {}});
    return event;
}

/// The other end: a log of `store` with sales 1 to `end`, sent in blocks of `step`.
struct TapHub {
    std::uint64_t nonce = 77;
    std::uint64_t tap_nonce = 0;

    Message welcome(const schema::Hello& hello, std::vector<std::string> offers) {
        tap_nonce = hello.nonce;
        schema::Welcome welcome;
        welcome.hello_nonce = hello.nonce;
        welcome.self.nonce = nonce;
        welcome.self.store = "head";
        welcome.self.offers = std::move(offers);
        return welcome;
    }
    Message block(const std::string& store, std::uint64_t after, std::uint64_t upto) const {
        schema::Range range;
        range.store = StoreId{store};
        range.epoch = schema::Epoch{1};
        range.topics = {"stock"};
        range.after = Sequence{after};
        range.upto = Sequence{upto};
        range.end = Sequence{upto};
        schema::Segment segment;
        segment.topic = "stock";
        segment.epoch = schema::Epoch{1};
        for (std::uint64_t seq = after + 1; seq <= upto; ++seq) {
            segment.add(Sequence{seq}, schema::ClientId{}, schema::encode_row(sale(seq)));
        }
        range.segments = {segment};
        return schema::BlockMessage{tap_nonce, schema::pack(range)};
    }
    Message mark(const std::string& store, std::uint64_t end, const std::string& topic = "") const {
        schema::Mark mark;
        mark.store = StoreId{store};
        mark.epoch = schema::Epoch{1};
        mark.counter = 1;
        mark.end = Sequence{end};
        if (!topic.empty()) mark.ends.push_back({topic, mark.end});
        schema::MarkMessage message;
        message.session = tap_nonce;
        message.mark = schema::encode(mark);
        return message;
    }
};

TapSettings settings_of_tap() {
    TapSettings settings;
    settings.topic = "stock";
    settings.own_store = "store1";
    settings.name = "feed";
    settings.peer = "head";
    return settings;
}

std::vector<std::uint64_t> seqs_of(const std::string& lines) {
    std::vector<std::uint64_t> seqs;
    std::size_t at = 0;
    while (at < lines.size()) {
        const std::size_t end = lines.find('\n', at);
        REQUIRE(end != std::string::npos);
        seqs.push_back(Json::parse(lines.substr(at, end - at))["seq"].get<std::uint64_t>());
        at = end + 1;
    }
    return seqs;
}

/// A session that has greeted `hub`.
struct Tapped {
    Tapped(TapSettings settings, TapState& state, TapHub& hub, std::vector<std::string> offers)
        : session(std::move(settings), state) {
        greet(hub, std::move(offers));
    }
    void greet(TapHub& hub, std::vector<std::string> offers) {
        session.greet(5, {}, now);
        const auto hello = std::get<schema::Hello>(session.take_messages().at(0));
        CHECK(hello.role == "tap");
        CHECK(hello.name == "feed");
        give(hub.welcome(hello, std::move(offers)));
    }
    void give(const Message& message) { REQUIRE(session.take(message, {}, now).has_value()); }
    /// The fetches that are to be sent.
    std::vector<schema::Fetch> fetches() {
        std::vector<schema::Fetch> all;
        for (const Message& message : session.take_messages()) {
            if (const auto* fetch = std::get_if<schema::Fetch>(&message)) all.push_back(*fetch);
        }
        return all;
    }
    core::BootTime now{1'000'000};
    TapSession session;
};

}  // namespace

TEST_CASE("event: known payloads have named members, others travel as base64") {
    schema::Parser parser;
    schema::LoggedEvent logged{schema::Epoch{2}, Sequence{9}, sale(4)};
    logged.event.number = 7;
    Json json = cli::event_json(StoreId{"store1"}, logged, parser);
    CHECK(json["store"] == "store1");
    CHECK(json["epoch"] == 2);
    CHECK(json["seq"] == 9);
    CHECK(json["topic"] == "stock");
    CHECK(json["kind"] == "stock.moved");
    CHECK(json["key"] == "S4");
    CHECK(json["addressee"].is_null());
    CHECK(json["op"]["number"] == 7);
    CHECK(json["op"]["client"] == std::string(32, '0'));
    CHECK(json["payload"]["delta"] == "-1.5");
    CHECK(json["payload"]["flags"] == Json::array({"below_zero"}));
    logged.event.kind = schema::kAppEvent;
    logged.event.payload = std::string("\xff\0", 2);
    json = cli::event_json(StoreId{"store1"}, logged, parser);
    CHECK_FALSE(json.contains("payload"));
    CHECK_FALSE(json.contains("payload_text"));
    CHECK(json["payload_base64"] == "/wA=");
}

TEST_CASE("tap: fetches each log from its position and confirms only what was written") {
    TapState state;
    state.positions[StoreId{"store2"}] = {schema::Epoch{1}, Sequence{3}};
    TapHub hub;
    Tapped tap(settings_of_tap(), state, hub, {"store1", "store2"});
    auto fetches = tap.fetches();
    REQUIRE(fetches.size() == 2);
    CHECK(fetches[0].session == hub.nonce);
    CHECK(fetches[0].restart);
    CHECK(fetches[0].credit == schema::kCreditBytes);
    CHECK(fetches[0].after[0].seq.value() == 0);
    CHECK(fetches[1].after[0].seq.value() == 3);

    tap.give(hub.block("store2", 3, 6));
    CHECK(tap.fetches().empty());
    CHECK(seqs_of(tap.session.take_lines()) == std::vector<std::uint64_t>{4, 5, 6});
    CHECK(state.positions[StoreId{"store2"}].after.value() == 3);
    tap.session.written();
    CHECK(state.positions[StoreId{"store2"}].after.value() == 6);
    fetches = tap.fetches();
    REQUIRE(fetches.size() == 1);
    CHECK_FALSE(fetches[0].restart);
    CHECK(fetches[0].after[0].seq.value() == 6);
}

TEST_CASE("tap: a repeated block changes nothing, a missing one is fetched again") {
    TapState state;
    TapHub hub;
    Tapped tap(settings_of_tap(), state, hub, {"store1"});
    tap.fetches();
    tap.give(hub.block("store1", 0, 2));
    tap.give(hub.block("store1", 0, 2));
    CHECK(seqs_of(tap.session.take_lines()) == std::vector<std::uint64_t>{1, 2});
    tap.session.written();
    tap.fetches();
    tap.give(hub.block("store1", 4, 6));
    const auto fetches = tap.fetches();
    REQUIRE(fetches.size() == 1);
    CHECK(fetches[0].restart);
    CHECK(fetches[0].after[0].seq.value() == 2);
    CHECK(tap.session.take_lines().empty());
}

TEST_CASE("tap: a block of another session is not heard") {
    TapState state;
    TapHub hub;
    Tapped tap(settings_of_tap(), state, hub, {"store1"});
    auto old = hub;
    old.tap_nonce = 4;
    tap.give(old.block("store1", 0, 2));
    CHECK(tap.session.take_lines().empty());
}

TEST_CASE("tap: what was taken and not written comes again after a new greeting") {
    TapState state;
    TapHub hub;
    Tapped tap(settings_of_tap(), state, hub, {"store1"});
    tap.fetches();
    tap.give(hub.block("store1", 0, 2));
    tap.give(schema::Trouble{0, 0, schema::Errc::unknown_session, "greet", "", {}, 0});
    CHECK(tap.session.must_greet(tap.now));
    tap.greet(hub, {"store1"});
    const auto fetches = tap.fetches();
    REQUIRE(fetches.size() == 1);
    CHECK(fetches[0].after[0].seq.value() == 0);
    tap.give(hub.block("store1", 0, 3));
    CHECK(seqs_of(tap.session.take_lines()) == std::vector<std::uint64_t>{1, 2, 3});
}

TEST_CASE("tap: live begins where the first mark says, for each log by itself") {
    TapState state;
    TapHub hub;
    TapSettings settings = settings_of_tap();
    settings.live = true;
    Tapped tap(settings, state, hub, {"store1", "store2"});
    CHECK(tap.fetches().empty());
    tap.give(hub.mark("store2", 40));
    auto fetches = tap.fetches();
    REQUIRE(fetches.size() == 1);
    CHECK(fetches[0].store.value() == "store2");
    CHECK(fetches[0].after[0].seq.value() == 40);
    tap.give(hub.block("store2", 40, 41));
    CHECK(seqs_of(tap.session.take_lines()) == std::vector<std::uint64_t>{41});
    tap.give(hub.mark("store9", 7));
    fetches = tap.fetches();
    REQUIRE(fetches.size() == 1);
    CHECK(fetches[0].store.value() == "store9");
}

TEST_CASE("tap: at the first greeting it says where it begins, after a while why nothing comes") {
    TapSettings settings = settings_of_tap();
    settings.from = 9;
    TapHub hub;
    TapState state;
    Tapped tapped(settings, state, hub, {"store1"});
    CHECK(tapped.session.take_notes() ==
          std::vector<std::string>{"begins with event 9 of each log"});
    tapped.give(hub.mark("store1", 7, "stock"));
    tapped.session.tick(tapped.now);
    CHECK(tapped.session.take_notes().empty());
    for (int second = 0; second < 5; ++second) {
        tapped.now = core::BootTime{tapped.now.value() + core::kSecond};
        tapped.session.tick(tapped.now);
    }
    CHECK(tapped.session.take_notes().size() == 1);
    tapped.session.lost();
    tapped.greet(hub, {"store1"});
    CHECK(tapped.session.take_notes().empty());
}

TEST_CASE("tap: from a position, of one store, so many events") {
    TapState state;
    TapHub hub;
    TapSettings settings = settings_of_tap();
    settings.store = "store2";
    settings.from = 3;
    settings.count = 2;
    Tapped tap(settings, state, hub, {"store1", "store2"});
    const auto fetches = tap.fetches();
    REQUIRE(fetches.size() == 1);
    CHECK(fetches[0].after[0].seq.value() == 2);
    tap.give(hub.block("store2", 2, 9));
    CHECK(seqs_of(tap.session.take_lines()) == std::vector<std::uint64_t>{3, 4});
    CHECK(tap.session.done());
    tap.session.written();
    CHECK(state.positions[StoreId{"store2"}].after.value() == 4);
}

TEST_CASE("tap: trouble that passes is waited for, trouble that stays ends the tap") {
    TapState state;
    TapHub hub;
    Tapped tap(settings_of_tap(), state, hub, {"store1"});
    tap.fetches();
    tap.give(schema::Trouble{5, 0, schema::Errc::not_held, "not here yet", "store1", {"stock"}, 0});
    const auto notes = tap.session.take_notes();
    REQUIRE(notes.size() == 2);
    CHECK(notes[1] == "not here yet");
    tap.session.tick(tap.now);
    CHECK(tap.fetches().empty());
    tap.now = core::BootTime{tap.now.value() + 3 * core::kSecond};
    tap.session.tick(tap.now);
    CHECK(tap.fetches().size() == 1);
    const auto ended = tap.session.take(
        schema::Trouble{5, 0, schema::Errc::not_allowed, "no", "store1", {"stock"}, 0}, {},
        tap.now);
    REQUIRE_FALSE(ended.has_value());
    CHECK(ended.error().code == schema::Errc::not_allowed);
}

TEST_CASE("tap: a quiet session is kept alive, a silent one is greeted again") {
    TapState state;
    TapHub hub;
    Tapped tap(settings_of_tap(), state, hub, {});
    tap.give(schema::Ping{5, 123});
    const auto messages = tap.session.take_messages();
    REQUIRE(messages.size() == 1);
    CHECK(std::get<schema::Pong>(messages[0]) == schema::Pong{hub.nonce, 123});
    tap.now = core::BootTime{tap.now.value() + 6 * core::kSecond};
    tap.session.tick(tap.now);
    CHECK(std::holds_alternative<schema::Ping>(tap.session.take_messages().at(0)));
    CHECK_FALSE(tap.session.must_greet(tap.now));
    tap.now = core::BootTime{tap.now.value() + 10 * core::kSecond};
    CHECK(tap.session.must_greet(tap.now));
}

TEST_CASE("tap: killed between any two bytes of the output it goes on without hole or repeat") {
    const test::TempFolder folder;
    const auto file = folder / "out.jsonl";
    TapHub hub;
    std::string whole;
    {
        TapState state;
        Tapped tap(settings_of_tap(), state, hub, {"store1"});
        tap.give(hub.block("store1", 0, 5));
        whole = tap.session.take_lines();
    }
    const std::size_t first = whole.find('\n') + 1;
    for (std::size_t cut = first; cut <= whole.size(); ++cut) {
        CAPTURE(cut);
        std::filesystem::remove(file);
        TapState state;
        {
            auto output = TapOutput::open(file.string());
            REQUIRE(output.has_value());
            REQUIRE(output->recover(state).has_value());
            REQUIRE(output->write(whole.substr(0, first), state).has_value());
            state.positions[StoreId{"store1"}] = {schema::Epoch{1}, Sequence{1}};
            REQUIRE(cli::save_tap(folder / "feed.json", state).has_value());
            // What follows is written, and never saved.
            TapState lost = state;
            REQUIRE(output->write(whole.substr(first, cut - first), lost).has_value());
        }
        auto loaded = cli::load_tap(folder / "feed.json");
        REQUIRE(loaded.has_value());
        CHECK(*loaded == state);
        auto output = TapOutput::open(file.string());
        REQUIRE(output.has_value());
        REQUIRE(output->recover(*loaded).has_value());
        Tapped tap(settings_of_tap(), *loaded, hub, {"store1"});
        const auto fetches = tap.fetches();
        REQUIRE(fetches.size() == 1);
        const std::uint64_t after = fetches[0].after[0].seq.value();
        if (after < 5) tap.give(hub.block("store1", after, 5));
        REQUIRE(output->write(tap.session.take_lines(), *loaded).has_value());
        const auto text = cli::read_file(file, 1'000'000);
        REQUIRE(text.has_value());
        CHECK(*text == whole);
        CHECK(loaded->bytes == whole.size());
    }
}

TEST_CASE("tap: another output file than last time is only appended to") {
    const test::TempFolder folder;
    TapState state;
    state.positions[StoreId{"store1"}] = {schema::Epoch{1}, Sequence{3}};
    const auto file = folder / "other.jsonl";
    REQUIRE(
        cli::write_file(file, "{\"store\":\"store1\",\"epoch\":1,\"seq\":99}\nhalf").has_value());
    auto output = TapOutput::open(file.string());
    REQUIRE(output.has_value());
    REQUIRE(output->recover(state).has_value());
    CHECK(state.positions[StoreId{"store1"}].after.value() == 3);
    CHECK(cli::read_file(file, 1'000)->ends_with("half"));
}

TEST_CASE("tap: a memory that is no memory is refused, not begun again") {
    const test::TempFolder folder;
    const auto file = folder / "feed.json";
    CHECK(cli::load_tap(file)->positions.empty());
    for (const char* text : {"", "{}", "[1]", "{\"topic\":\"stock\",\"positions\":7}"}) {
        CAPTURE(text);
        REQUIRE(cli::write_file(file, text).has_value());
        const auto loaded = cli::load_tap(file);
        REQUIRE_FALSE(loaded.has_value());
        CHECK(loaded.error().code == schema::Errc::corrupt);
    }
}
