#include <doctest/doctest.h>

#include <filesystem>

#include "cli/file.h"
#include "cli/json.h"
#include "cli/store_file.h"
#include "core/link/allow_list.h"
#include "core/link/keys.h"
#include "test/support/temp_folder.h"
#include "test/unit/cli/fake_link.h"

using namespace filial;
using cli::Json;

namespace {

Json json_of(Shell& shell, const std::vector<std::string>& args) {
    const int code = shell.run(args);
    INFO(shell.err);
    INFO(shell.out);
    REQUIRE(code == 0);
    return Json::parse(shell.out);
}

}  // namespace

TEST_CASE("hub: a key with any characters of Z85 is found at the end") {
    std::string key;
    for (int i = 0; i < 8; ++i) key += "a=:/=";
    REQUIRE(core::is_curve_key(key));
    const auto hub = cli::parse_hub("head=tcp://h.example:7711=" + key);
    REQUIRE(hub.has_value());
    CHECK(hub->name == "head");
    CHECK(hub->endpoint == "tcp://h.example:7711");
    CHECK(hub->key == key);
    for (const char* bad : {"", "head", "head=tcp://h:1", "=tcp://h:1=x",
                            "tcp://h:1=0000000000000000000000000000000000000000",
                            "head=h:1=0000000000000000000000000000000000000000",
                            "head=tcp://h=0000000000000000000000000000000000000000",
                            "Head=tcp://h:1=0000000000000000000000000000000000000000"}) {
        CAPTURE(bad);
        CHECK_FALSE(cli::parse_hub(bad).has_value());
    }
}

TEST_CASE("init: head office, then a store that names it, and both files are read strictly") {
    const test::TempFolder folder;
    Shell shell;
    const Json head = json_of(shell, {"init", "head", "--broker", "--listen",
                                      "tcp://127.0.0.1:7711", "--dir", folder / "head", "--json"});
    CHECK(head["store"] == "head");
    const std::string key = head["key"];
    CHECK(core::is_curve_key(key));
    CHECK(head["hub"] == "head=tcp://127.0.0.1:7711=" + key);
    const Json store = json_of(shell, {"init", "store1", "--hub", head["hub"], "--listen",
                                       "tcp://*:7712", "--dir", folder / "s1", "--json"});
    CHECK(store["admit"] == "filial admit store1 '" + store["key"].get<std::string>() + "'");
    json_of(shell, {"init", "store2", "--hub", "tcp://127.0.0.1:7711", "--hub-name", "head",
                    "--hub-key", key, "--dir", folder / "s2", "--json"});

    const auto broker = core::load_options(folder / "head/filial.toml", {});
    INFO((broker ? "" : broker.error().message));
    REQUIRE(broker.has_value());
    CHECK(broker->broker.listen == "tcp://127.0.0.1:7711");
    CHECK(core::load_keys(broker->keys_dir())->curve_public == key);
    const auto first = core::load_options(folder / "s1/filial.toml", {});
    INFO((first ? "" : first.error().message));
    REQUIRE(first.has_value());
    CHECK(first->store.value() == "store1");
    CHECK(first->publisher.listen == "tcp://*:7712");
    const auto second = core::load_options(folder / "s2/filial.toml", {});
    REQUIRE(second.has_value());
    for (const auto* options : {&*first, &*second}) {
        REQUIRE(options->hubs.size() == 1);
        CHECK(options->hubs[0].name == "head");
        CHECK(options->hubs[0].endpoint == "tcp://127.0.0.1:7711");
        CHECK(options->hubs[0].key == key);
    }
    CHECK(second->publisher.listen.empty());
}

TEST_CASE("init: what is commented out in a new file is right when it is uncommented") {
    const test::TempFolder folder;
    Shell shell;
    json_of(shell, {"init", "store1", "--dir", folder / "s", "--json"});
    std::string text = cli::store_file_text({"store1", {}, false, ""});
    std::string active;
    std::size_t at = 0;
    while (at < text.size()) {
        const std::size_t end = text.find('\n', at);
        std::string line = text.substr(at, end - at);
        at = end + 1;
        const bool option = line.starts_with("# ") && line.find(" = ") != std::string::npos;
        const bool table = line.starts_with("# [") && !line.starts_with("# [[");
        const bool example =
            line.find("head") != std::string::npos || line.find("store2") != std::string::npos ||
            line.find("\"...\"") != std::string::npos || line.find("sockets") != std::string::npos;
        if ((option || table) && !example) line.erase(0, 2);
        active += line + "\n";
    }
    const std::filesystem::path file = folder / "s/all.toml";
    REQUIRE(cli::write_file(file, active).has_value());
    const auto options = core::load_options(file, {});
    INFO((options ? "" : options.error().message));
    REQUIRE(options.has_value());
    CHECK(options->publisher.queue_tickets == 4'096);
    CHECK(options->subscriber.topics.size() == 3);
    CHECK(options->freshness.stock_us == core::Policy().stock_us);
}

TEST_CASE("init: a store that is there is left alone") {
    const test::TempFolder folder;
    Shell shell;
    const Json first = json_of(shell, {"init", "store1", "--dir", folder / "s", "--json"});
    CHECK(shell.run({"init", "store1", "--dir", folder / "s"}) == 2);
    CHECK(shell.err.find("nothing was changed") != std::string::npos);
    // Ended between the keys and the configuration: the keys stay.
    std::filesystem::remove(folder / "s/filial.toml");
    const Json again = json_of(shell, {"init", "store1", "--dir", folder / "s", "--json"});
    CHECK(again["key"] == first["key"]);
    for (const std::vector<std::string>& bad : {std::vector<std::string>{"init", "Store 1"},
                                                {"init", "s", "--listen", "7711"},
                                                {"init", "s", "--hub", "nonsense"},
                                                {"init", "s", "--hub-name", "head"}}) {
        CHECK(shell.run(bad) == 2);
    }
    CHECK_FALSE(std::filesystem::exists("s"));
}

TEST_CASE("admit: adds, lists and revokes in this folder's list") {
    const test::TempFolder folder;
    Shell shell;
    const Json store = json_of(shell, {"init", "store1", "--dir", folder / "s", "--json"});
    const std::string key = store["key"];
    core::Options options;
    options.store = schema::StoreId{"head"};
    options.data = folder.path();
    shell.context.loaded = options;
    const Json done = json_of(shell, {"admit", "store1", key, "--read", "stock,debts", "--json"});
    CHECK(done["admitted"]["read"] == Json::array({"stock", "debts"}));
    json_of(shell,
            {"admit", "relay1", core::make_keys()->curve_public, "--relay", "--tickets", "--json"});
    const Json list = json_of(shell, {"admit", "--list", "--json"});
    REQUIRE(list["admitted"].size() == 2);
    for (const Json& entry : list["admitted"]) {
        if (entry["store"] == "relay1") CHECK(entry["relay"] == true);
        if (entry["store"] == "store1") CHECK(entry["key"] == key);
    }
    CHECK(shell.run({"admit", "--revoke", "store1"}) == 0);
    CHECK(shell.run({"admit", "--revoke", "store1"}) == 6);
    CHECK(shell.run({"admit", "store3", "short"}) == 2);
    CHECK(shell.run({"admit", "store3"}) == 2);
}
