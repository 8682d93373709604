#include <doctest/doctest.h>

#include "cli/queue.h"
#include "test/unit/cli/fake_link.h"

using namespace filial;
using cli::Json;
using schema::Message;
using schema::Result;

namespace {

Result<Message> status_of_a_publisher(Message) {
    schema::Status status;
    status.process = "publisher";
    status.store = "store1";
    status.health = "ok";
    status.uptime_us = 90 * 1'000'000;
    status.end = 12;
    status.counters = {{"tickets", 9}};
    schema::Leg leg;
    leg.peer = "broker head";
    leg.direction = "out";
    leg.origin = "store1";
    leg.topics = "*";
    leg.position = 10;
    leg.end = 12;
    leg.depth_events = 2;
    leg.depth_bytes = 300;
    leg.oldest_age_us = 61'000'000;
    leg.next_try_us = 4'000'000;
    status.legs.push_back(leg);
    return Message(status);
}

}  // namespace

TEST_CASE("queue: each leg has its depth, age and next try, and null where that is not known") {
    Shell shell(status_of_a_publisher);
    CHECK(shell.run({"queue", "--json"}) == 0);
    const Json json = Json::parse(shell.out);
    CHECK(json["depth_events"] == 6);
    CHECK(json["processes"]["publisher"]["running"] == true);
    const Json leg = json["legs"][0];
    CHECK(leg["process"] == "publisher");
    CHECK(leg["peer"] == "broker head");
    CHECK(leg["direction"] == "out");
    CHECK(leg["origin"] == "store1");
    CHECK(leg["topics"] == "*");
    CHECK(leg["connected"] == false);
    CHECK(leg["position"] == 10);
    CHECK(leg["end"] == 12);
    CHECK(leg["depth_events"] == 2);
    CHECK(leg["depth_bytes"] == 300);
    CHECK(leg["oldest_age_seconds"] == 61.0);
    CHECK(leg["last_heard_seconds"].is_null());
    CHECK(leg["next_try_seconds"] == 4.0);
    CHECK(leg["note"] == "");
    CHECK(shell.run({"queue"}) == 0);
    CHECK(shell.out.find("broker head") != std::string::npos);
    CHECK(shell.out.find("1 min 1 s") != std::string::npos);
    CHECK(shell.out.find("down, next try in 4 s") != std::string::npos);
}

TEST_CASE("queue: what a tap that is away has not read is listed and not counted") {
    Shell shell([](Message) {
        schema::Status status;
        status.process = "publisher";
        schema::Leg leg;
        leg.direction = "out";
        leg.origin = "store1";
        leg.peer = "store1/subscriber";
        leg.depth_events = 2;
        status.legs.push_back(leg);
        leg.peer = "store1/tap:feed";
        leg.depth_events = 70;
        status.legs.push_back(leg);
        leg.peer = "store1/tap:live";
        leg.connected = true;
        leg.depth_events = 5;
        status.legs.push_back(leg);
        return Message(status);
    });
    CHECK(shell.run({"queue", "--json"}) == 0);
    const Json json = Json::parse(shell.out);  // Three programs say the same here.
    CHECK(json["depth_events"] == 3 * 7);
    CHECK(json["tap_depth_events"] == 3 * 70);
    CHECK(json["legs"][0]["counted"] == true);
    CHECK(json["legs"][1]["counted"] == false);
    CHECK(json["legs"][1]["depth_events"] == 70);
    CHECK(json["legs"][2]["counted"] == true);
    shell.out.clear();
    CHECK(shell.run({"queue"}) == 0);
    CHECK(shell.out.find("21 events wait, 210 more for taps that are away") != std::string::npos);

    shell.out.clear();
    CHECK(shell.run({"receiver", "list", "--json"}) == 0);
    const Json receivers = Json::parse(shell.out)["receivers"];
    CHECK(receivers.size() == 9);
    CHECK(receivers[1]["name"] == "store1/tap:feed");
    CHECK(receivers[1]["tap"] == true);
    CHECK(receivers[1]["depth_events"] == 70);
}

TEST_CASE("receiver: one is removed wherever it is known, and only there") {
    std::vector<std::string> asked;
    Result<Message> answer = Message(schema::Status{});
    Shell shell([&](Message message) -> Result<Message> {
        const auto* forget = std::get_if<schema::Forget>(&message);
        if (forget == nullptr) return Message(schema::Status{});
        asked.push_back(forget->receiver);
        return answer;
    });
    CHECK(shell.run({"receiver", "remove", "store1/tap:feed"}) == 0);
    CHECK(asked == std::vector<std::string>{"store1/tap:feed", "store1/tap:feed"});
    answer = schema::fail(schema::Errc::not_found, "unknown");
    CHECK(shell.run({"receiver", "remove", "store1/tap:feed"}) == 6);
    answer = schema::fail(schema::Errc::refused, "it is connected");
    CHECK(shell.run({"receiver", "remove", "store1/tap:feed"}) == 4);
    Shell nobody;
    CHECK(nobody.run({"receiver", "remove", "store1/tap:feed"}) == 5);
    CHECK(nobody.run({"receiver", "list"}) == 5);
}

TEST_CASE("queue: with no program running the exit code is 5, and each is named") {
    Shell shell;
    CHECK(shell.run({"queue"}) == 5);
    CHECK(shell.out.find("filial-publisher is not running") != std::string::npos);
    CHECK(shell.out.find("filial-subscriber is not running") != std::string::npos);
    CHECK(shell.run({"queue", "--json"}) == 5);
    CHECK(Json::parse(shell.out)["processes"]["subscriber"]["running"] == false);
    CHECK(shell.run({"status", "--json"}) == 5);
    CHECK(Json::parse(shell.out)["processes"].empty());
}

TEST_CASE("status: what a program says of itself") {
    Shell shell(status_of_a_publisher);
    CHECK(shell.run({"status", "--json"}) == 0);
    const Json one = Json::parse(shell.out)["processes"][0];
    CHECK(one["process"] == "publisher");
    CHECK(one["health"] == "ok");
    CHECK(one["end"] == 12);
    CHECK(one["uptime_seconds"] == 90.0);
    CHECK(one["counters"]["tickets"] == 9);
    CHECK(shell.run({"status"}) == 0);
    CHECK(shell.out.find("1 min 30 s") != std::string::npos);
}

TEST_CASE("queue: what is expected to run in a folder is what its configuration is for") {
    const auto expected = [](Shell& shell) {
        shell.context.dial = {};  // As in a folder without sockets.
        shell.run({"queue", "--json"});
        const Json processes = Json::parse(shell.out)["processes"];
        std::string names;
        for (const auto& [name, process] : processes.items()) {
            if (process["expected"] == true) names += name + " ";
        }
        return names;
    };
    Shell store;
    CHECK(expected(store) == "publisher subscriber ");
    Shell broker;
    broker.context.loaded->broker.listen = "tcp://*:7711";
    CHECK(expected(broker) == "broker ");
    CHECK(broker.run({"status"}) == 5);
    CHECK(broker.out.find("filial-publisher") == std::string::npos);
    // A folder for all three, once they have run in it.
    std::filesystem::create_directories(broker.context.loaded->publisher_dir());
    CHECK(expected(broker) == "publisher broker ");
}
