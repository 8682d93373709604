// What a call does and when it is over; what is kept of it.
#include <doctest/doctest.h>

#include "cli/call_progress.h"
#include "cli/call_record.h"
#include "core/options.h"

using namespace filial;
using cli::CallBudget;
using cli::CallProgress;
using cli::Process;
using core::kSecond;
using schema::CallState;
using schema::Need;
using End = CallProgress::End;

namespace {

CallState state_of(bool connected, bool settled, std::uint64_t bytes_in = 0,
                   std::uint64_t events_in = 0) {
    CallState state;
    schema::CallLeg leg;
    leg.remote = "head";
    leg.up = true;
    leg.connected = connected;
    leg.settled = settled;
    leg.bytes_in = bytes_in;
    leg.events_in = events_in;
    leg.note = connected ? "" : "nobody answers";
    state.legs = {leg};
    return state;
}

const Need kStock{"stock", "store1"};

CallState with_need(CallState state, bool met) {
    state.needs = {{kStock, met, true, {}, 0, true}};
    return state;
}

}  // namespace

TEST_CASE("N5: budget and needs: what is written is read, and nothing else") {
    CallBudget budget{kSecond, 5};
    REQUIRE(cli::parse_budget(budget, "90s,300KB"));
    CHECK(budget.us == 90 * kSecond);
    CHECK(budget.bytes == 300'000);
    CallBudget bytes{kSecond, 0};
    REQUIRE(cli::parse_budget(bytes, "2MB"));
    CHECK(bytes.us == kSecond);
    CHECK(bytes.bytes == 2'000'000);
    for (const char* wrong :
         {"90", "0s", "KB", "1GB", "90s;1KB", "-1s", "99999999999999999999KB"}) {
        CAPTURE(wrong);
        CallBudget none;
        CHECK_FALSE(cli::parse_budget(none, wrong));
    }
    CHECK(cli::parse_need("stock:store1").value() == kStock);
    CHECK(cli::parse_need("debts").value() == Need{"debts", ""});
    for (const char* wrong : {"", ":store1", "stock:", "stock:Store 1", "Stock"}) {
        CAPTURE(wrong);
        CHECK_FALSE(cli::parse_need(wrong));
    }
}

TEST_CASE("S25: a call: what is needed comes alone, before this store's log takes part") {
    CallProgress call({kStock}, {}, 0);
    CHECK_FALSE(call.publisher_too());
    call.hear(Process::subscriber, with_need(state_of(false, false), false), 1);
    CHECK_FALSE(call.publisher_too());
    CHECK(call.over(2) == End::none);
    call.hear(Process::subscriber, with_need(state_of(true, false), true), 3);
    CHECK(call.publisher_too());
    call.hear(Process::publisher, state_of(true, false), 4);
    // It stays in the call, whatever is needed later.
    call.hear(Process::subscriber, with_need(state_of(true, false), false), 5);
    CHECK(call.publisher_too());
    CHECK(call.over(6) == End::none);
}

TEST_CASE("N5: a call is complete when both programs say that all is durable at both ends") {
    CallProgress call({}, {}, 0);
    call.hear(Process::subscriber, state_of(true, true), 1);
    CHECK(call.over(2) == End::none);
    call.hear(Process::publisher, state_of(true, false), 3);
    CHECK(call.over(4) == End::none);
    call.hear(Process::publisher, state_of(true, true), 5);
    CHECK(call.over(6) == End::complete);
    // A program that does not run is not waited for, and one alone is enough.
    CallProgress half({}, {}, 0);
    half.hear(Process::subscriber, state_of(true, true), 1);
    half.silent(Process::publisher, "not there");
    CHECK(half.over(2) == End::complete);
    half.silent(Process::subscriber, "not there");
    CHECK(half.over(2) == End::unreachable);
}

TEST_CASE("N5: a call ends with its budget of time or bytes, and says what it cost") {
    CallProgress call({}, {20 * kSecond, 10'000}, 0);
    call.hear(Process::subscriber, state_of(true, false, 50'000, 70), 1);  // Of earlier calls.
    CHECK(call.bytes_left() == 5'000);
    call.hear(Process::subscriber, state_of(true, false, 54'000, 100), 2);
    CHECK(call.bytes_left() == 3'000);
    CHECK(call.over(3) == End::none);
    CHECK(call.over(20 * kSecond) == End::budget);
    // Started again in the middle: it counts from 0.
    call.hear(Process::subscriber, state_of(true, false, 1'000, 20), 4);
    CHECK(call.cost().bytes_in == 5'000);
    CHECK(call.cost().events_in == 50);
    call.hear(Process::subscriber, state_of(true, false, 5'600, 25), 5);
    CHECK(call.over(6) == End::budget);
    CHECK(call.bytes_left() >= 1);  // 0 would be no limit.
}

TEST_CASE("N5: a call ends when nobody is reached, or nothing comes any more") {
    CallProgress call({}, {600 * kSecond, 0}, 0);
    call.hear(Process::subscriber, state_of(false, false), 1);
    CHECK(call.over(cli::kCallReach - 1) == End::none);
    CHECK(call.over(cli::kCallReach) == End::unreachable);
    CHECK(call.not_reached() ==
          std::vector<std::pair<std::string, std::string>>{{"head", "nobody answers"}});
    call.hear(Process::subscriber, state_of(true, false, 10), 50 * kSecond);
    CHECK(call.over(cli::kCallReach) == End::none);
    CHECK(call.over(50 * kSecond + cli::kCallStall - 1) == End::none);
    CHECK(call.over(50 * kSecond + cli::kCallStall) == End::stalled);
    call.hear(Process::subscriber, state_of(true, false, 20), 90 * kSecond);
    CHECK(call.over(95 * kSecond) == End::none);
}

TEST_CASE("N5: what is kept of a call reads back as written, and damage is no call") {
    core::ManualClock clock;
    cli::CallRecord record;
    record.began = cli::Moment::now(clock);
    clock.advance(12 * kSecond);
    record.ended = cli::Moment::now(clock);
    record.failures = 3;
    record.outcome = "failed";
    record.error = "link_up failed";
    record.cost = {1, 2, 3, 4, 5, 6, 7};
    CHECK(cli::parse_call_record(cli::call_record_text(record)).value() == record);
    record.done = record.began;
    const std::string text = cli::call_record_text(record);
    CHECK(cli::parse_call_record(text).value() == record);
    for (std::size_t size = 0; size + 2 < text.size(); ++size) {
        CHECK_FALSE(cli::parse_call_record(text.substr(0, size)));
    }
    // Measured while the machine runs, by the wall's clock after a restart.
    clock.set_wall(schema::Timestamp{0});
    CHECK(record.began.since_us(clock) == 12 * kSecond);
    const auto facts = cli::call_facts(record, clock);
    CHECK(facts.since_done_us == 12 * kSecond);
    CHECK(facts.failures == 3);
    clock.reboot("boot-2");
    clock.set_wall(schema::Timestamp{record.began.wall.value() + 99 * kSecond});
    CHECK(record.began.since_us(clock) == 99 * kSecond);
    clock.set_wall(schema::Timestamp{0});
    CHECK(record.began.since_us(clock) == 0);
}
