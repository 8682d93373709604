#include "core/options.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test/support/temp_folder.h"

using namespace filial;
using schema::Errc;

namespace {

constexpr const char* kKey = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID";

/// The message with which a file of this text is refused; "" if it is taken.
std::string refused(const test::TempFolder& folder, const std::string& text) {
    const auto options = core::load_options(folder.write("f.toml", text), {});
    if (options) return "";
    CHECK(options.error().code == Errc::invalid);
    const std::string prefix = (folder / "f.toml").string() + ":";
    const std::string& message = options.error().message;
    return message.rfind(prefix, 0) == 0 ? message.substr(prefix.size()) : message;
}

bool begins(const std::string& text, const std::string& with) { return text.rfind(with, 0) == 0; }

}  // namespace

TEST_CASE("options: a file with everything is read whole") {
    const test::TempFolder folder;
    const auto file = folder.write("filial.toml", std::string(R"(store = "store1"
data = "state"
sockets = "/run/filial"
[[hub]]
name = "head"
endpoint = "tcp://head.example:5700"
key = ")") + kKey + R"("
[[peer]]
name = "store2"
endpoint = "ipc:///run/store2.sock"
[publisher]
listen = "tcp://*:5701"
mark_every = "500ms"
queue_tickets = 77
[subscriber]
listen = "tcp://[::1]:*"
topics = ["stock"]
stores = ["store1", "store2"]
own_publisher = false
[broker]
listen = "tcp://10.0.0.1:5700"
keep = "60d"
tap_keep = "90s"
tap_quota = "3MiB"
[freshness]
stock = "2h"
customers = "90s"
debts = "official"
other = "1d"
credit-check = "5m"
[limits]
beyond_room = "flag"
credit_top_up = true
credit_low_water = "10.00"
credit_target = "50.00"
credit_keep_back = "100.50"
stock_target = "1.5"
[central]
store = "store7"
publisher = "tcp://far:5701"
subscriber = "ipc:///run/far.sock"
key = ")" + std::string(kKey) + R"("
[disk]
reserve = "4MiB"
[log]
level = "debug"
format = "json"
)");
    const auto options = core::load_options(file, {});
    REQUIRE_MESSAGE(options, options.error().message);
    CHECK(options->file == file);
    CHECK(options->store.value() == "store1");
    CHECK(options->data == folder / "state");
    CHECK(options->publisher_socket() == "ipc:///run/filial/publisher.sock");
    CHECK(options->allow_file() == folder / "state" / "allow.toml");
    REQUIRE(options->hubs.size() == 1);
    CHECK(options->hubs[0].endpoint == "tcp://head.example:5700");
    CHECK(options->hubs[0].key == kKey);
    REQUIRE(options->peers.size() == 1);
    CHECK(options->peers[0].name == "store2");
    CHECK(options->publisher.listen == "tcp://*:5701");
    CHECK(options->publisher.mark_every_us == 500'000);
    CHECK(options->publisher.queue_tickets == 77);
    CHECK(options->subscriber.listen == "tcp://[::1]:*");
    CHECK(options->subscriber.topics == std::vector<std::string>{"stock"});
    CHECK(options->subscriber.stores.size() == 2);
    CHECK_FALSE(options->subscriber.own_publisher);
    CHECK(options->broker.listen == "tcp://10.0.0.1:5700");
    CHECK(options->broker.keep_us == std::int64_t{60} * 86'400 * 1'000'000);
    CHECK(options->broker.tap_keep_us == 90'000'000);
    CHECK(options->broker.tap_quota_bytes == 3u << 20);
    CHECK(options->freshness.stock_us == std::int64_t{7'200} * 1'000'000);
    CHECK(options->freshness.customers_us == 90'000'000);
    CHECK(options->freshness.debts_us == -1);
    CHECK_FALSE(options->limits.refuse);
    CHECK(options->limits.credit.on);
    CHECK(options->limits.credit.low_water == 1'000);
    CHECK(options->limits.credit.target == 5'000);
    CHECK(options->limits.credit.keep_back == 10'050);
    CHECK_FALSE(options->limits.stock.on);
    CHECK(options->limits.stock.target == 1'500);
    CHECK(options->freshness.credit_check_us == 300'000'000);
    CHECK(options->is_central());
    CHECK(options->books_at().value() == "store7");
    CHECK(options->central.publisher == "tcp://far:5701");
    CHECK(options->central.subscriber == "ipc:///run/far.sock");
    CHECK(options->central.key == kKey);
    CHECK(options->disk_reserve_bytes == std::uint64_t{4} << 20);
    CHECK(options->log_level == core::Level::debug);
    CHECK(options->log_json);
}

TEST_CASE("S3: central mode is read strictly, and needs all of what it needs") {
    const test::TempFolder folder;
    const std::string head = "store = \"kiosk\"\n[central]\n";
    const std::string ipc = "publisher = \"ipc:///p\"\nsubscriber = \"ipc:///s\"\n";
    CHECK(refused(folder, head + "store = \"store7\"\n" + ipc) == "");
    CHECK(refused(folder, head + ipc).find("central.store: missing") != std::string::npos);
    CHECK(refused(folder, head + "store = \"store7\"\npublisher = \"ipc:///p\"\n")
              .find("central.subscriber: missing") != std::string::npos);
    CHECK(refused(folder, head + "store = \"store7\"\npublisher = \"tcp://far:1\"\n"
                                 "subscriber = \"tcp://far:2\"\n")
              .find("central.key: missing") != std::string::npos);
    CHECK(begins(refused(folder, head + "publisher = \"tcp://far\"\n"), "3: central.publisher: "));
    CHECK(begins(refused(folder, head + "key = \"short\"\n"), "3: central.key: "));
    CHECK(begins(refused(folder, head + "broker = \"x\"\n"), "3: central.broker: "));
}

TEST_CASE("options: what is wrong is named with its line, its key and what is expected") {
    const test::TempFolder folder;
    CHECK(begins(refused(folder, "store = \"a\"\nstroe = \"b\"\n"), "2: stroe: unknown option, "));
    CHECK(begins(refused(folder, "store = \"A B\"\n"), "1: store: store name \"A B\""));
    CHECK(refused(folder, "store = 5\n") == "1: store: it is a number, expected a store's name");
    CHECK(begins(refused(folder, "store = \"a\"\n\n[publisher]\nlisten = \"tcp://\"\n"),
                 "4: publisher.listen: \"tcp://\" is no endpoint, expected tcp://ADDRESS:PORT"));
    CHECK(begins(refused(folder, "[publisher]\nlisten = \"tcp://*:70000\"\n"),
                 "2: publisher.listen: "));
    CHECK(begins(refused(folder, "[publisher]\nlisten = \"ipc:///x\"\n"), "2: publisher.listen: "));
    CHECK(begins(refused(folder, "[publisher]\nmark_every = \"5 s\"\n"),
                 "2: publisher.mark_every: \"5 s\" is no time, expected a time from"));
    CHECK(begins(refused(folder, "[publisher]\nmark_every = \"official\"\n"),
                 "2: publisher.mark_every: \"official\" is out of range"));
    CHECK(begins(refused(folder, "[publisher]\nqueue_tickets = 0\n"),
                 "2: publisher.queue_tickets: 0 is out of range"));
    CHECK(begins(refused(folder, "[subscriber]\ntopics = \"stock\"\n"),
                 "2: subscriber.topics: it is text, expected a list of topics"));
    CHECK(begins(refused(folder, "[subscriber]\nstores = [\"*\", \"a\"]\n"),
                 "2: subscriber.stores: "));
    CHECK(begins(refused(folder, "[subscriber]\ntopics = [1, 2]\n"), "2: topics: expected text"));
    CHECK(begins(refused(folder, "[subscriber]\nown_publisher = \"yes\"\n"),
                 "2: subscriber.own_publisher: it is text, expected true or false"));
    CHECK(begins(refused(folder, "[limits]\nbeyond_room = \"ask\"\n"),
                 "2: limits.beyond_room: \"ask\" is neither, expected \"refuse\" or \"flag\""));
    CHECK(begins(refused(folder, "[limits]\nroom = 1\n"), "2: limits.room: unknown option, "));
    CHECK(begins(refused(folder, "[limits]\ncredit_target = \"1.234\"\n"),
                 "2: limits.credit_target: "));
    CHECK(begins(refused(folder, "[limits]\nstock_low_water = \"-1\"\n"),
                 "2: limits.stock_low_water: it is below zero, expected a quantity"));
    CHECK(refused(folder,
                  "store = \"a\"\n[limits]\nstock_top_up = true\nstock_low_water = "
                  "\"5\"\nstock_target = \"4\"\n")
              .find("limits.stock_target: expected more than 0") != std::string::npos);
    CHECK(begins(refused(folder, "[freshness]\nstock = \"soon\"\n"),
                 "2: freshness.stock: \"soon\" is no time"));
    CHECK(
        begins(refused(folder, "[freshness]\nstock = \"99999999999d\"\n"), "2: freshness.stock: "));
    CHECK(begins(refused(folder, "[log]\nlevel = \"loud\"\n"),
                 "2: log.level: \"loud\" is no level, expected"));
    CHECK(begins(refused(folder, "[log]\nformat = \"xml\"\n"), "2: log.format: \"xml\""));
    CHECK(
        begins(refused(folder, "store = \"a\"\n[tables]\nx = 1\n"), "2: [tables]: unknown table"));
    CHECK(begins(refused(folder, "store = \"a\"\nx = 1.5\n"), "2: x: expected text"));
    CHECK(begins(refused(folder, "store = \"a\"\nstore = \"b\"\n"), "2: "));
    CHECK(begins(refused(folder, "store = \n"), "1: "));
    CHECK(refused(folder, "[log]\nlevel = \"info\"\n").find("store: missing") != std::string::npos);
}

TEST_CASE("options: a hub or peer that cannot be dialled is refused with its line") {
    const test::TempFolder folder;
    const std::string head = "store = \"a\"\n[[hub]]\nname = \"head\"\n";
    CHECK(begins(refused(folder, head + "endpoint = \"head:5700\"\n"), "4: hub.endpoint: "));
    CHECK(begins(refused(folder, head + "endpoint = \"tcp://head:5700\"\n"), "2: hub.key: "));
    CHECK(begins(refused(folder, head + "endpoint = \"tcp://head:5700\"\nkey = \"short\"\n"),
                 "5: hub.key: "));
    CHECK(begins(refused(folder, head + "port = 1\n"), "4: hub.port: unknown option"));
    CHECK(begins(refused(folder, head + "endpoint = 1\n"), "4: hub.endpoint: it is a number"));
    CHECK(begins(refused(folder, "[hub]\nname = \"head\"\n"), "1: hub: there may be several"));
    const std::string twice =
        head + "endpoint = \"ipc:///a\"\n[[hub]]\nname = \"head\"\n" + "endpoint = \"ipc:///b\"\n";
    CHECK(begins(refused(folder, twice), "5: hub.name: head is here twice"));
}

TEST_CASE("options: a hub's line and the events in a block are read, within their limits") {
    const test::TempFolder folder;
    const std::string head = "store = \"a\"\n[[hub]]\nname = \"head\"\nendpoint = \"ipc:///a\"\n";
    const auto hub = [&](const std::string& more) {
        const auto options = core::load_options(folder.write("f.toml", head + more), {});
        REQUIRE_MESSAGE(options, options.error().message);
        return options->hubs.at(0);
    };
    CHECK(hub("").line == "auto");
    CHECK(hub("").block_events == 0);
    for (const std::string line : {"auto", "fast", "dear"}) {
        CHECK(hub("line = \"" + line + "\"\n").line == line);
    }
    CHECK(hub("block_events = 0\n").block_events == 0);
    CHECK(hub("block_events = 65536\n").block_events == 65'536);
    CHECK(begins(refused(folder, head + "line = \"slow\"\n"), "5: hub.line: \"slow\""));
    CHECK(begins(refused(folder, head + "line = 1\n"), "5: hub.line: it is a number"));
    for (const std::string events : {"-1", "65537", "\"many\"", "1.5"}) {
        CAPTURE(events);
        CHECK(begins(refused(folder, head + "block_events = " + events + "\n"), "5: "));
    }
}

TEST_CASE("options: a missing file says what to do") {
    const test::TempFolder folder;
    const auto options = core::load_options(folder / "none.toml", {});
    REQUIRE_FALSE(options);
    CHECK(options.error().code == Errc::invalid);
    CHECK(options.error().message.find("none.toml") != std::string::npos);
    CHECK(options.error().message.find("filial init") != std::string::npos);
}

TEST_CASE("options: local sockets get a short folder of ours where the data's name is too long") {
    const test::TempFolder folder;
    const std::string text = "store = \"a\"\ndata = \"" + std::string(120, 'd') + "\"\n";
    const auto options = core::load_options(folder.write("f.toml", text), {});
    REQUIRE_MESSAGE(options, options.error().message);
    const std::string sockets = options->sockets.string();
    CHECK(begins(sockets, "/tmp/filial-"));
    CHECK(options->subscriber_socket().size() <= core::kSocketPathMax + 6);
    CHECK(core::load_options(folder / "f.toml", {})->sockets == options->sockets);

    // The name may be anybody's in /tmp: one that others can enter is not used.
    REQUIRE(::mkdir(sockets.c_str(), 0755) == 0);
    ::chmod(sockets.c_str(), 0755);
    const auto open_to_all = core::load_options(folder / "f.toml", {});
    ::rmdir(sockets.c_str());
    REQUIRE_FALSE(open_to_all);
    CHECK(open_to_all.error().message.find("open to others") != std::string::npos);

    const std::string set = "store = \"a\"\nsockets = \"/" + std::string(100, 's') + "\"\n";
    const auto too_long = core::load_options(folder.write("g.toml", set), {});
    REQUIRE_FALSE(too_long);
    CHECK(too_long.error().message.find("g.toml:2: sockets: ") != std::string::npos);
}

TEST_CASE("options: durations read back as the text they are written in") {
    CHECK(core::parse_duration_us("90s").value() == 90'000'000);
    CHECK(core::duration_text(90'000'000) == "90s");
    CHECK(core::duration_text(core::parse_duration_us("1d").value()) == "1d");
    CHECK(core::duration_text(core::parse_duration_us("250ms").value()) == "250ms");
    CHECK(core::duration_text(core::parse_duration_us("official").value()) == "official");
    CHECK(core::duration_text(core::parse_duration_us("0s").value()) == "0ms");
    for (const char* wrong : {"", "s", "5", "5 s", "-5s", "5w", "9999999999999999s", "4000d"}) {
        CAPTURE(wrong);
        CHECK(core::parse_duration_us(wrong).error().code == Errc::invalid);
    }
}

TEST_CASE("options: sizes are read with their unit and written in the largest that fits") {
    const std::pair<const char*, std::uint64_t> sizes[] = {{"0", 0},
                                                           {"4097", 4'097},
                                                           {"512KiB", 512 << 10},
                                                           {"64MiB", 64 << 20},
                                                           {"1024GiB", 1ULL << 40}};
    for (const auto& [text, bytes] : sizes) {
        CAPTURE(text);
        const auto parsed = core::parse_size(text);
        REQUIRE(parsed);
        CHECK(*parsed == bytes);
        CHECK(core::size_text(bytes) == text);
    }
    for (const char* bad :
         {"", "MiB", "64MB", "64 MiB", "-1", "1025GiB", "1e3", "auto", "99999999999999999999"}) {
        CAPTURE(bad);
        CHECK_FALSE(core::parse_size(bad));
    }
}
