#include "core/link/allow_list.h"

#include <doctest/doctest.h>

#include <thread>

#include "test/unit/net/two_ends.h"

using namespace filial;
using schema::Errc;

TEST_CASE("allow list: a missing file admits nobody") {
    const test::TempFolder folder;
    core::AllowList list(folder / "allow.toml");
    CHECK(list.refresh());
    CHECK(list.all().empty());
    CHECK(list.find_store("store1") == nullptr);
}

TEST_CASE("allow list: what is admitted and revoked is seen at the next refresh") {
    const test::TempFolder folder;
    const auto file = folder / "allow.toml";
    const core::Keys keys = test::make_keys();
    core::AllowList list(file);
    REQUIRE(list.refresh());

    core::Admission entry = test::admission("store1", keys);
    entry.read = {"stock", "debts"};
    entry.tickets = true;
    REQUIRE(core::AllowList::admit(file, entry));
    REQUIRE(list.refresh());
    const core::Admission* found = list.find_key(keys.curve_public);
    REQUIRE(found != nullptr);
    CHECK(found->store == "store1");
    CHECK(found->read == entry.read);
    CHECK(found->publish);
    CHECK_FALSE(found->relay);
    CHECK(found->tickets);

    entry.relay = true;
    REQUIRE(core::AllowList::admit(file, entry));
    REQUIRE(list.refresh());
    CHECK(list.all().size() == 1);
    CHECK(list.find_store("store1")->relay);

    REQUIRE(core::AllowList::revoke(file, "store1"));
    REQUIRE(list.refresh());
    CHECK(list.find_key(keys.curve_public) == nullptr);
    CHECK(list.find_store("store1") == nullptr);
    CHECK(core::AllowList::revoke(file, "store1").error().code == Errc::not_found);
}

TEST_CASE("allow list: a damaged file keeps the last good list and is never written over") {
    const test::TempFolder folder;
    const auto file = folder / "allow.toml";
    const core::Keys keys = test::make_keys();
    core::AllowList list(file);
    REQUIRE(core::AllowList::admit(file, test::admission("store1", keys)));
    REQUIRE(list.refresh());

    folder.write("allow.toml", "[[store]]\nname = \"store2\"\nkey = \"half");
    for (int round = 0; round < 2; ++round) {  // The error stays as long as the damage.
        const auto refreshed = list.refresh();
        REQUIRE_FALSE(refreshed);
        CHECK(refreshed.error().message.find("allow.toml:3") != std::string::npos);
        CHECK(list.find_store("store1") != nullptr);
    }
    CHECK_FALSE(core::AllowList::admit(file, test::admission("store3", keys)));
    CHECK(test::read_file(file).find("half") != std::string::npos);

    std::filesystem::remove(file);
    CHECK(list.refresh());
    CHECK(list.all().empty());
}

TEST_CASE("allow list: what is wrong in it is named with its line") {
    const core::Keys keys = test::make_keys();
    const std::string key = "key = \"" + keys.curve_public + "\"\n";
    const auto message = [](const std::string& text) {
        const auto list = core::AllowList::parse_allow_list(text, "a");
        return list ? std::string() : list.error().message;
    };
    CHECK(message("[[store]]\nname = \"s1\"\n" + key).empty());
    CHECK(message("[[store]]\nname = \"s1\"\nkeys = 1\n").rfind("a:3: keys: unknown key", 0) == 0);
    CHECK(message("[[store]]\nname = \"S\"\n" + key).rfind("a:1: [[store]]: name: ", 0) == 0);
    CHECK(message("[[store]]\nname = \"s\"\nkey = \"x\"\n").rfind("a:1: [[store]]: key: ", 0) == 0);
    CHECK(message("[[store]]\nname = \"s\"\n" + key + "relay = 1\n") ==
          "a:4: relay: it is a number, expected true or false");
    CHECK(message("[[store]]\nname = \"s\"\n" + key + "read = [\"A\"]\n")
              .rfind("a:1: [[store]]: read: topic", 0) == 0);
    CHECK(message("[store]\nname = \"s\"\n").rfind("a:2: store: unknown here", 0) == 0);
    CHECK(message("\nname = \"s\"\n").rfind("a:2: name: unknown here", 0) == 0);
    const std::string one = "[[store]]\nname = \"s\"\n" + key;
    CHECK(message(one + one).rfind("a:4: name: s is here twice", 0) == 0);
    CHECK(message(one + "[[store]]\nname = \"t\"\n" + key).rfind("a:4: key: it is that of s", 0) ==
          0);
}

TEST_CASE("allow list: two stores never share a key") {
    const test::TempFolder folder;
    const core::Keys keys = test::make_keys();
    REQUIRE(core::AllowList::admit(folder / "allow.toml", test::admission("store1", keys)));
    const auto second =
        core::AllowList::admit(folder / "allow.toml", test::admission("store2", keys));
    REQUIRE_FALSE(second);
    CHECK(second.error().code == Errc::invalid);
}

TEST_CASE("allow list: writers at the same time do not lose each other's entries") {
    const test::TempFolder folder;
    const auto file = folder / "allow.toml";
    constexpr int kEach = 20;
    std::vector<core::Admission> entries;
    for (int i = 0; i < 2 * kEach; ++i) {
        entries.push_back(test::admission("store" + std::to_string(i), test::make_keys()));
    }
    const auto admit_from = [&](int first, int& done) {
        for (int i = first; i < first + kEach; ++i) {
            if (core::AllowList::admit(file, entries[static_cast<std::size_t>(i)])) ++done;
        }
    };
    int done_a = 0, done_b = 0;
    std::thread a([&] { admit_from(0, done_a); });
    std::thread b([&] { admit_from(kEach, done_b); });
    a.join();
    b.join();
    CHECK(done_a == kEach);
    CHECK(done_b == kEach);
    core::AllowList list(file);
    CHECK(list.refresh());
    CHECK(list.all().size() == 2 * kEach);
}

TEST_CASE("allow list: control may be read by everybody admitted, other topics as listed") {
    core::Admission entry;
    entry.read = {"stock"};
    CHECK(core::AllowList::may_read(entry, "stock"));
    CHECK(core::AllowList::may_read(entry, "control"));
    CHECK_FALSE(core::AllowList::may_read(entry, "debts"));
    CHECK_FALSE(core::AllowList::may_read(entry, "*"));
    entry.read = {"*"};
    CHECK(core::AllowList::may_read(entry, "debts"));
    entry.read = {};
    CHECK_FALSE(core::AllowList::may_read(entry, "stock"));
    CHECK(core::AllowList::may_read(entry, "control"));
}

TEST_CASE("allow list: accounts may be read by whoever may read debts or customers") {
    const auto may = [](std::vector<std::string> read) {
        core::Admission entry;
        entry.read = std::move(read);
        return core::AllowList::may_read(entry, "accounts");
    };
    CHECK_FALSE(may({}));
    CHECK_FALSE(may({"stock", "control", "prices"}));
    CHECK(may({"stock", "debts"}));
    CHECK(may({"customers"}));
    CHECK(may({"accounts"}));
    CHECK(may({"*"}));
}
