#include "ledger/register.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>

using namespace filial;
using ledger::CustomerPart;
using ledger::MergedCustomer;
using ledger::PartOf;
using schema::CustomerChanged;
using schema::CustomerField;
using schema::Epoch;
using schema::Position;
using schema::Sequence;
using schema::StoreId;
using schema::Timestamp;

namespace {

Position at(const std::string& store, std::uint64_t seq) {
    return {StoreId{store}, Epoch{1}, Sequence{seq}};
}

CustomerChanged edit(const std::string& value, std::vector<Position> seen = {}) {
    CustomerField field;
    field.name = "country";
    field.value = value;
    field.seen = std::move(seen);
    return {"", {field}, {}};
}

/// The logs of several stores, folded each on its own as a replica does.
struct Logs {
    std::map<std::string, CustomerPart> parts;
    void apply(const Position& position, std::int64_t time, const CustomerChanged& changed) {
        ledger::apply(parts[position.store.value()], position, Timestamp{time}, changed);
    }
    std::vector<PartOf> list() const {
        std::vector<PartOf> all;
        for (const auto& [store, part] : parts) all.push_back({StoreId{store}, Epoch{1}, part});
        return all;
    }
    MergedCustomer merged() const { return ledger::merge(list()); }
};

/// What a merge says, as one text: values in their order.
std::string told(const MergedCustomer& merged) {
    std::string text = merged.home ? merged.home->shown() : "";
    for (const auto& field : merged.fields) {
        text += "|" + field.name + (field.conflict() ? "!" : "");
        for (const auto& value : field.values) {
            text += "," + schema::to_string(value.position) + "=" + value.value;
        }
    }
    return text;
}

}  // namespace

TEST_CASE("register: an edit replaces the writes that it names and no others") {
    Logs logs;
    logs.apply(at("store11", 1), 10, edit("Belgium"));
    logs.apply(at("store12", 1), 20, edit("Australia"));
    REQUIRE(logs.merged().fields.size() == 1);
    CHECK(logs.merged().fields[0].conflict());
    CHECK(logs.merged().fields[0].shown() == "Australia");

    logs.apply(at("store12", 2), 15, edit("France", {at("store12", 1), at("store11", 1)}));
    CHECK_FALSE(logs.merged().fields[0].conflict());
    CHECK(logs.merged().fields[0].shown() == "France");
}

TEST_CASE("S13: two stores that change a customer on one day are a conflict, and nothing is lost") {
    Logs logs;
    logs.apply(at("store1", 1), 10, edit("old"));
    logs.apply(at("store2", 1), 20, edit("new at 2", {at("store1", 1)}));
    logs.apply(at("store3", 1), 30, edit("new at 3", {at("store1", 1)}));
    const auto field = logs.merged().fields.at(0);
    CHECK(field.conflict());
    CHECK(field.shown() == "new at 3");
    REQUIRE(field.values.size() == 2);
    CHECK(field.values[1].value == "new at 2");
}

TEST_CASE("register: the same value written twice is no conflict") {
    Logs logs;
    logs.apply(at("store1", 1), 10, edit("Belgium"));
    logs.apply(at("store2", 1), 20, edit("Belgium"));
    CHECK_FALSE(logs.merged().fields.at(0).conflict());
}

TEST_CASE("register: an edit may come before the write that it replaces") {
    Logs late;
    late.apply(at("store2", 1), 20, edit("new", {at("store1", 1)}));
    CHECK(late.merged().fields.at(0).shown() == "new");
    late.apply(at("store1", 1), 90, edit("old"));
    CHECK(late.merged().fields.at(0).shown() == "new");
    CHECK_FALSE(late.merged().fields.at(0).conflict());
}

TEST_CASE("register: registered at two stores, both homes are kept and the later one is shown") {
    Logs logs;
    logs.apply(at("store1", 1), 10, {"store1", {}, {}});
    logs.apply(at("store2", 1), 20, {"store2", {}, {}});
    const auto home = logs.merged().home;
    REQUIRE(home);
    CHECK(home->conflict());
    CHECK(home->shown() == "store2");
    // A store that names another home later has changed its own word, not the other's.
    logs.apply(at("store2", 2), 30, {"store1", {}, {}});
    CHECK_FALSE(logs.merged().home->conflict());
    CHECK(logs.merged().home_store() == "store1");
}

TEST_CASE("register: a sealed field is kept apart from a public one of the same name") {
    CustomerField sealed;
    sealed.name = "country";
    sealed.value = "\x01\x02";
    sealed.key_id = 7;
    Logs logs;
    logs.apply(at("store1", 1), 10, edit("Belgium"));
    logs.apply(at("store1", 2), 10, {"", {}, {sealed}});
    REQUIRE(logs.merged().fields.size() == 2);
    CHECK_FALSE(logs.merged().fields[0].sealed);
    CHECK(logs.merged().fields[1].sealed);
    CHECK(logs.merged().fields[1].values.front().key_id == 7);
}

TEST_CASE("register: a part is read back as it was written") {
    Logs logs;
    logs.apply(at("store1", 3), 10, edit("a", {at("store9", 2)}));
    logs.apply(at("store1", 4), 11, {"store1", {}, {}});
    const CustomerPart& part = logs.parts.at("store1");
    schema::Parser parser;
    const auto bytes = ledger::encode(part);
    const auto read = ledger::decode_customer_part(parser, bytes);
    REQUIRE(read);
    CHECK(*read == part);
    for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
        CHECK_FALSE(ledger::decode_customer_part(parser, bytes.substr(0, cut)));
    }
}

TEST_CASE("register: the result does not depend on the order in which the stores' logs come") {
    std::mt19937 random(4711);
    const auto below = [&](std::size_t bound) { return random() % bound; };
    for (int round = 0; round < 200; ++round) {
        CAPTURE(round);
        // Each store edits what it has seen of the others at that moment: any subset of the writes.
        std::map<std::string, std::vector<std::pair<Position, CustomerChanged>>> logs;
        std::map<Position, std::int64_t> times;
        std::vector<Position> written;
        for (int i = 0; i < 12; ++i) {
            const std::string store = "store" + std::to_string(1 + below(4));
            auto& log = logs[store];
            std::vector<Position> seen;
            for (const Position& position : written) {
                if (below(2) == 0) seen.push_back(position);
            }
            const Position position = at(store, log.size() + 1);
            CustomerChanged changed = edit("v" + std::to_string(below(6)), seen);
            if (below(4) == 0) changed.home = "store" + std::to_string(1 + below(4));
            log.emplace_back(position, changed);
            times[position] = static_cast<std::int64_t>(below(5));  // Clocks are wrong and equal.
            written.push_back(position);
        }
        std::string first;
        for (int order = 0; order < 6; ++order) {
            std::map<std::string, std::size_t> next;
            Logs replica;
            std::vector<std::string> left;
            for (const auto& [store, log] : logs) left.insert(left.end(), log.size(), store);
            std::shuffle(left.begin(), left.end(), random);
            for (const std::string& store : left) {
                const auto& [position, changed] = logs.at(store)[next[store]++];
                replica.apply(position, times.at(position), changed);
            }
            auto parts = replica.list();
            std::shuffle(parts.begin(), parts.end(), random);
            const std::string text = told(ledger::merge(parts));
            if (order == 0) first = text;
            CHECK(text == first);
        }
    }
}

TEST_CASE("N3: a home that moved is no second one, in any order and by any clock") {
    CustomerChanged moved{"store2", {}, {}};
    moved.home_seen = {at("store1", 1)};
    for (const bool news_first : {true, false}) {
        CAPTURE(news_first);
        Logs logs;
        const auto registered = [&] { logs.apply(at("store1", 1), 900, {"store1", {}, {}}); };
        if (!news_first) registered();
        logs.apply(at("store2", 1), 10, moved);
        if (news_first) registered();
        REQUIRE(logs.merged().home);
        CHECK(logs.merged().home_store() == "store2");
        CHECK_FALSE(logs.merged().home->conflict());
        filial::schema::Parser parser;
        const CustomerPart& part = logs.parts["store2"];
        const auto again = ledger::decode_customer_part(parser, ledger::encode(part));
        REQUIRE(again);
        CHECK(*again == part);
    }
}
