#include <doctest/doctest.h>
#include <stdlib.h>

#include "core/options.h"
#include "test/support/temp_folder.h"

using namespace filial;

namespace {

/// A variable of the environment for the length of a scope.
class Variable {
  public:
    Variable(const char* name, const std::string& value) : name_(name) {
        ::setenv(name, value.c_str(), 1);
    }
    ~Variable() { ::unsetenv(name_); }
    Variable(const Variable&) = delete;
    Variable& operator=(const Variable&) = delete;

  private:
    const char* name_;
};

constexpr const char* kFile =
    "store = \"store1\"\n[publisher]\nlisten = \"tcp://*:5701\"\nmark_every = \"5s\"\n";

std::string origin_of(const core::Options& options, const std::string& name) {
    for (const auto& option : core::option_origins(options)) {
        if (option.name == name) return option.value + " from " + option.origin;
    }
    return "no such option";
}

}  // namespace

TEST_CASE("options: the environment wins over the file and a flag over the environment") {
    const test::TempFolder folder;
    const auto file = folder.write("filial.toml", kFile);
    const Variable listen("FILIAL_PUBLISHER_LISTEN", "tcp://*:6001");
    const Variable topics("FILIAL_SUBSCRIBER_TOPICS", "stock, debts");
    const Variable store("FILIAL_STORE", "store2");
    const auto options = core::load_options(file, {{"store", "store3"}});
    REQUIRE_MESSAGE(options, options.error().message);
    CHECK(options->publisher.listen == "tcp://*:6001");
    CHECK(options->subscriber.topics == std::vector<std::string>{"stock", "debts"});
    CHECK(options->store.value() == "store3");
    CHECK(options->publisher.mark_every_us == 5'000'000);
}

TEST_CASE("options: every option tells its value and where it came from") {
    const test::TempFolder folder;
    const auto file = folder.write("filial.toml", kFile + std::string("[[hub]]\nname = \"head\"\n"
                                                                      "endpoint = \"ipc:///h\"\n"));
    const Variable queue("FILIAL_PUBLISHER_QUEUE_TICKETS", "10");
    const auto options = core::load_options(file, {{"log.format", "json"}});
    REQUIRE_MESSAGE(options, options.error().message);
    const std::string at = file.string();
    CHECK(origin_of(*options, "store") == "\"store1\" from " + at + ":1");
    CHECK(origin_of(*options, "publisher.mark_every") == "\"5s\" from " + at + ":4");
    CHECK(origin_of(*options, "publisher.queue_tickets") ==
          "10 from FILIAL_PUBLISHER_QUEUE_TICKETS");
    CHECK(origin_of(*options, "log.format") == "\"json\" from flag log.format");
    CHECK(origin_of(*options, "subscriber.stores") == "[\"*\"] from default");
    CHECK(origin_of(*options, "subscriber.own_publisher") == "true from default");
    CHECK(origin_of(*options, "hub head") == "ipc:///h  from " + at + ":5");
}

TEST_CASE("options: a bad variable or flag is refused by its own name") {
    const test::TempFolder folder;
    const auto file = folder.write("filial.toml", kFile);
    const auto message = [&](const core::Overrides& flags) {
        const auto options = core::load_options(file, flags);
        return options ? std::string() : options.error().message;
    };
    {
        const Variable queue("FILIAL_PUBLISHER_QUEUE_TICKETS", "many");
        CHECK(message({}).rfind("FILIAL_PUBLISHER_QUEUE_TICKETS: \"many\" is no number", 0) == 0);
    }
    {
        const Variable own("FILIAL_SUBSCRIBER_OWN_PUBLISHER", "1");
        CHECK(message({}).rfind("FILIAL_SUBSCRIBER_OWN_PUBLISHER: \"1\"", 0) == 0);
    }
    CHECK(message({{"publisher.listen", "nowhere"}})
              .rfind("flag publisher.listen: \"nowhere\" is no endpoint", 0) == 0);
    CHECK(message({{"publisher.listn", "x"}})
              .rfind("flag: publisher.listn: unknown option, expected publisher.listen", 0) == 0);
    CHECK(message({}).empty());
}

TEST_CASE("options: a variable that looks like an option and is none is a warning, not an error") {
    const test::TempFolder folder;
    const Variable slip("FILIAL_PUBLISHER_LISTN", "tcp://*:1");
    const auto options = core::load_options(folder.write("filial.toml", kFile), {});
    REQUIRE_MESSAGE(options, options.error().message);
    CHECK(options->publisher.listen == "tcp://*:5701");
    REQUIRE(options->warnings.size() == 1);
    CHECK(options->warnings[0].rfind("environment FILIAL_PUBLISHER_LISTN: names no option", 0) ==
          0);
}

TEST_CASE("options: variables that are not options are left alone") {
    const test::TempFolder folder;
    const Variable config("FILIAL_CONFIG", (folder / "named.toml").string());
    const Variable bin("FILIAL_BIN", "/usr/bin");
    const Variable test_only("FILIAL_TEST_ANYTHING", "1");
    const auto options = core::load_options(folder.write("filial.toml", kFile), {});
    REQUIRE(options);
    CHECK(options->warnings.empty());
    CHECK(core::default_options_file() == folder / "named.toml");
}

TEST_CASE("options: without a file the environment is enough") {
    const Variable store("FILIAL_STORE", "store9");
    const auto options = core::load_options("", {{"data", "relative"}});
    REQUIRE_MESSAGE(options, options.error().message);
    CHECK(options->store.value() == "store9");
    CHECK(options->file.empty());
    CHECK(options->data == std::filesystem::current_path() / "relative");
}
