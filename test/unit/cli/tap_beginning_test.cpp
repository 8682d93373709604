#include "cli/tap_beginning.h"

#include <doctest/doctest.h>

#include "cli/tap_session.h"

using namespace filial;
using cli::TapBeginning;
using cli::TapPosition;
using cli::TapSettings;
using schema::Sequence;
using schema::StoreId;

namespace {

using Positions = std::map<StoreId, TapPosition>;

TapSettings of_topic(const std::string& topic) {
    TapSettings settings;
    settings.topic = topic;
    return settings;
}

schema::Mark mark(const std::string& store, std::uint64_t end, std::uint64_t of_stock) {
    schema::Mark mark;
    mark.store = StoreId{store};
    mark.end = Sequence{end};
    if (of_stock > 0) mark.ends.push_back({"stock", Sequence{of_stock}});
    return mark;
}

Positions known(std::initializer_list<std::pair<std::string, std::uint64_t>> positions) {
    Positions all;
    for (const auto& [store, after] : positions) {
        all[StoreId{store}] = {schema::Epoch{1}, Sequence{after}};
    }
    return all;
}

/// Why it waits after the marks of two logs, whose stock ends at 7 and at 9.
std::string waits(const TapSettings& settings, const Positions& positions) {
    TapBeginning beginning(settings, positions);
    CHECK(beginning.waits() == "");
    beginning.marked(mark("store1", 20, 7));
    beginning.marked(mark("store2", 30, 9));
    return beginning.waits();
}

}  // namespace

TEST_CASE("tap: one line says where it begins") {
    TapSettings settings = of_topic("stock");
    CHECK(TapBeginning(settings, {}).begins() == "begins with event 1 of each log");
    settings.store = "store1";
    settings.from = 40;
    CHECK(TapBeginning(settings, {}).begins() == "begins with event 40 of store1");
    settings.from.reset();
    settings.live = true;
    CHECK(TapBeginning(settings, {}).begins() ==
          "begins now, where the newest mark of each log says that it ends");
}

TEST_CASE("tap: what is remembered under its name counts, and that it does is said") {
    TapSettings settings = of_topic("stock");
    CHECK(TapBeginning(settings, known({{"store1", 3}, {"store2", 4}})).begins() ==
          "goes on behind 3 of store1, 4 of store2");
    settings.from = 99;
    CHECK(TapBeginning(settings, known({{"store2", 4}})).begins() ==
          "goes on behind 4 of store2; only a log that is new to this name begins with event 99 of "
          "each log");
    settings.from.reset();
    const auto many = known({{"a", 1}, {"b", 1}, {"c", 1}, {"d", 1}, {"e", 1}, {"f", 1}});
    CHECK(TapBeginning(settings, many).begins().ends_with("1 of e and in 1 more logs"));
}

TEST_CASE("tap: who waits for a position or a topic that is not there yet is told") {
    TapSettings settings = of_topic("stock");
    CHECK(waits(settings, {}) == "");
    settings.from = 9;
    CHECK(waits(settings, {}) == "");
    settings.from = 10;
    CHECK(waits(settings, {}) ==
          "the last event of topic stock is 7 at store1, 9 at store2, below 10; waiting for that "
          "one");
    CHECK(waits(settings, known({{"store2", 4}})) == "");
    settings.live = true;
    CHECK(waits(settings, {}) == "");
    CHECK(waits(of_topic("stok"), {}) ==
          "no store has an event of topic stok yet; waiting for the first one");
    settings = of_topic("*");
    settings.from = 31;
    CHECK(waits(settings, {}).starts_with("the last event of topic * is 20 at store1, 30 at"));
}
