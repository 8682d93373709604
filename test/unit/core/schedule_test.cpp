#include "core/schedule.h"

#include <doctest/doctest.h>

#include "core/clock.h"
#include "core/options.h"
#include "test/support/temp_folder.h"

using namespace filial;
using core::CallFacts;
using core::CallPlan;
using core::kSecond;

namespace {

constexpr std::int64_t kMinute = 60 * kSecond;

CallPlan plan_of(const std::vector<std::string>& words) {
    CallPlan plan;
    for (const std::string& word : words) {
        const auto read = core::parse_call_word(plan, word);
        REQUIRE_MESSAGE(read, read.error().message);
    }
    return plan;
}

CallFacts at(int hour, int minute, std::int64_t day = 100) {
    CallFacts facts;
    facts.now = {day, hour * 60 + minute};
    return facts;
}

}  // namespace

TEST_CASE("N5: schedule: what is written is read, and what is no time to call is refused") {
    CHECK(plan_of({"always"}).standing);
    CHECK_FALSE(plan_of({"asked"}).standing);
    const CallPlan plan = plan_of({"every 30m", "at 19:30", "at 07:05", "depth 500", "age 6h"});
    CHECK(core::call_words(plan) ==
          std::vector<std::string>{"every 30m", "at 19:30", "at 07:05", "depth 500", "age 6h"});
    for (const char* wrong :
         {"", "sometimes", "at 25:00", "at 7:30", "at noon", "every", "every 0s", "every 5",
          "depth 0", "depth -1", "depth many", "age", "at 24:01"}) {
        CAPTURE(wrong);
        CallPlan none;
        CHECK_FALSE(core::parse_call_word(none, wrong));
    }
    CHECK(core::hours_text(core::parse_hours("18:00-06:30").value()) == "18:00-06:30");
    for (const char* wrong : {"", "18:00", "18:00-18:00", "18-19", "18:00-19:60"}) {
        CAPTURE(wrong);
        CHECK_FALSE(core::parse_hours(wrong));
    }
}

TEST_CASE("N5: schedule: a leg that is standing, or called on need only, is never due by itself") {
    CallFacts facts = at(12, 0);
    facts.waiting_events = 1'000'000;
    facts.oldest_age_us = std::int64_t{365} * 86'400 * kSecond;
    CHECK(core::call_due(plan_of({"always"}), facts).empty());
    CHECK(core::call_due(plan_of({"asked"}), facts).empty());
}

TEST_CASE("N5: schedule: every so often, counted from the call before") {
    const CallPlan plan = plan_of({"every 30m"});
    CallFacts facts = at(12, 0);
    CHECK(core::call_due(plan, facts) == "every 30m");  // Never called.
    facts.since_done_us = 30 * kMinute - 1;
    CHECK(core::call_due(plan, facts).empty());
    facts.since_done_us = 30 * kMinute;
    CHECK(core::call_due(plan, facts) == "every 30m");
}

TEST_CASE("N5: schedule: at a time of day once, and what was slept through is made up for") {
    const CallPlan plan = plan_of({"at 19:30", "at 07:00"});
    CallFacts facts = at(19, 29);
    facts.done = core::LocalTime{100, 7 * 60};
    facts.since_done_us = 12 * 60 * kMinute;
    CHECK(core::call_due(plan, facts).empty());
    facts.now.minute = 19 * 60 + 30;
    CHECK(core::call_due(plan, facts) == "at 19:30");
    facts.done = facts.now;
    CHECK(core::call_due(plan, facts).empty());
    facts.now = {101, 6 * 60 + 59};
    CHECK(core::call_due(plan, facts).empty());
    facts.now = {101, 9 * 60};  // Switched on late.
    CHECK(core::call_due(plan, facts) == "at 07:00");
    facts.done = facts.now;
    CHECK(core::call_due(plan, facts).empty());
    facts.now = {104, 6 * 60};  // Off for days: one call makes up for all.
    CHECK_FALSE(core::call_due(plan, facts).empty());
    facts.done = facts.now;
    CHECK(core::call_due(plan, facts).empty());
    // A clock that was set back makes no call twice.
    facts.now = {104, 5 * 60};
    CHECK(core::call_due(plan, facts).empty());
}

TEST_CASE("N5: schedule: when enough waits, or something has waited long, but not at once again") {
    const CallPlan plan = plan_of({"depth 500", "age 6h"});
    CallFacts facts = at(12, 0);
    facts.since_done_us = 60 * kMinute;
    facts.waiting_events = 499;
    facts.oldest_age_us = 6 * 60 * kMinute - 1;
    CHECK(core::call_due(plan, facts).empty());
    facts.waiting_events = 500;
    CHECK(core::call_due(plan, facts) == "500 events wait");
    facts.waiting_events = 1;
    facts.oldest_age_us += 1;
    CHECK(core::call_due(plan, facts) == "an event waits for more than 6h");
    facts.since_done_us = core::kCallPause - 1;  // What a call could not take waits a while.
    CHECK(core::call_due(plan, facts).empty());
    CHECK(core::call_due(plan_of({"depth 500"}), at(12, 0)).empty());
}

TEST_CASE("N5: schedule: nothing is due outside of its hours, which may go over midnight") {
    CallPlan plan = plan_of({"every 1m"});
    plan.hours = {core::parse_hours("22:00-06:00").value(),
                  core::parse_hours("12:00-13:00").value()};
    const auto due = [&](int hour, int minute) {
        return !core::call_due(plan, at(hour, minute)).empty();
    };
    CHECK(due(22, 0));
    CHECK(due(0, 0));
    CHECK(due(5, 59));
    CHECK_FALSE(due(6, 0));
    CHECK_FALSE(due(11, 59));
    CHECK(due(12, 30));
    CHECK_FALSE(due(13, 0));
    CHECK_FALSE(due(21, 59));
    CallPlan standing;
    standing.hours = plan.hours;
    CHECK(core::is_open(standing, 23 * 60));
    CHECK_FALSE(core::is_open(standing, 7 * 60));
    CHECK(core::is_open(CallPlan(), 7 * 60));
}

TEST_CASE("N5: schedule: a call that failed is tried again, later each time, up to an hour") {
    const CallPlan plan = plan_of({"at 19:30"});
    CallFacts facts = at(19, 31);
    facts.done = core::LocalTime{99, 19 * 60 + 30};
    const std::int64_t minutes[] = {1, 2, 4, 8, 16, 32, 60, 60, 60};
    for (const std::int64_t pause : minutes) {
        ++facts.failures;
        CAPTURE(facts.failures);
        facts.since_try_us = pause * kMinute - 1;
        CHECK(core::call_due(plan, facts).empty());
        facts.since_try_us = pause * kMinute;
        CHECK(core::call_due(plan, facts) == "at 19:30");
    }
    facts.failures = 1'000'000;
    CHECK_FALSE(core::call_due(plan, facts).empty());
}

TEST_CASE(
    "N5: options: when a leg is up, how fast it may be, and how calls go, are read strictly") {
    const test::TempFolder folder;
    const std::string hub = "store = \"a\"\n[[hub]]\nname = \"head\"\nendpoint = \"ipc:///x\"\n";
    const auto load = [&](const std::string& text) {
        return core::load_options(folder.write("f.toml", text), {});
    };
    const auto options = load(hub + R"(calls = ["at 19:30", "depth 500"]
hours = "18:00-23:00"
rate = "4KiB"
[sync]
link_up = "pon head"
link_down = "poff head"
link_up_within = "90s"
budget = "5m"
first = ["debts"]
)");
    REQUIRE_MESSAGE(options, options.error().message);
    CHECK(options->has_calls());
    const core::Remote& head = options->hubs.front();
    CHECK(core::call_words(head.calls) == std::vector<std::string>{"at 19:30", "depth 500"});
    CHECK(head.calls.hours == std::vector<core::Hours>{{18 * 60, 23 * 60}});
    CHECK(head.rate == 4'096);
    CHECK(options->sync.link_up == "pon head");
    CHECK(options->sync.link_up_within_us == 90 * kSecond);
    CHECK(options->sync.link_down_within_us == 20 * kSecond);
    CHECK(options->sync.budget_us == 300 * kSecond);
    CHECK(options->sync.first == std::vector<std::string>{"debts"});
    REQUIRE(load(hub));
    CHECK_FALSE(load(hub)->has_calls());

    const auto refused = [&](const std::string& text) {
        const auto read = load(hub + text);
        return read ? std::string() : read.error().message;
    };
    CHECK(refused("calls = \"sometimes\"\n").find(":5: hub.calls: ") != std::string::npos);
    CHECK(refused("calls = [\"always\", \"at 19:30\"]\n").find("stands alone") !=
          std::string::npos);
    CHECK(refused("calls = 5\n").find("hub.calls: expected") != std::string::npos);
    CHECK(refused("hours = [\"8-9\"]\n").find("hub.hours: ") != std::string::npos);
    CHECK(refused("rate = \"10\"\n").find("hub.rate: expected") != std::string::npos);
    CHECK(refused("[sync]\nlink_up = \"x\"\n").find("sync.link_down: missing") !=
          std::string::npos);
    CHECK(refused("[sync]\nlink_up_within = \"0s\"\n").find("out of range") != std::string::npos);
}
