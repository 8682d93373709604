#include "cli/event_json.h"

#include <doctest/doctest.h>

#include "schema/grant_payloads.h"

using namespace filial;
using cli::Json;

namespace {

Json said(std::string_view kind, schema::Bytes payload) {
    schema::Event event;
    event.topic = schema::kTopicControl;
    event.kind = kind;
    event.payload = std::move(payload);
    schema::Parser parser;
    return cli::payload_json(event, parser);
}

}  // namespace

TEST_CASE("events: a part of a limit is money, a part of goods is a quantity") {
    schema::GrantStep step;
    step.peer = "store2";
    step.epoch = schema::Epoch{2};
    step.amount = 6'000;
    step.cause = {schema::StoreId{"store2"}, schema::Epoch{2}, schema::Sequence{9}};
    Json json = said(schema::kGrantGiven, encode(step));
    CHECK(json["of"] == "credit");
    CHECK(json["amount"] == "60.00");
    CHECK(json["cause"]["seq"] == 9);
    CHECK(!json.contains("qty"));
    CHECK(!json.contains("beyond"));
    step.of = schema::GrantOf::stock;
    step.flags = schema::kFlagNoRoom;
    step.beyond = 1'500;
    json = said(schema::kClaimMade, encode(step));
    CHECK(json["of"] == "stock");
    CHECK(json["qty"] == "6");
    CHECK(json["beyond"] == "1.5");
    CHECK(json["flags"] == Json::array({"no_room"}));
    for (const auto kind : {schema::kStoreRetired, schema::kTailTold, schema::kGrantWrittenOff}) {
        CHECK(said(kind, encode(step)).is_object());
    }
    CHECK(said(schema::kGrantGiven, "no payload").is_null());
}

TEST_CASE("events: debts at home and steps of an account say what they did") {
    schema::DebtTold told;
    told.peer = "store1";
    told.delta = schema::Money{-2'580};
    told.reason = "payment";
    told.document = "B1";
    told.flags = schema::kFlagPaidTwice;
    for (const auto kind : {schema::kDebtTold, schema::kDebtApplied}) {
        const Json json = said(kind, encode(told));
        CHECK(json["amount"] == "-25.80");
        CHECK(json["cause"].is_null());
        CHECK(json["doc"] == "B1");
        CHECK(json["flags"] == Json::array({"paid_twice"}));
    }
    schema::AccountStep step;
    step.round = 4;
    step.purpose = schema::RoundFor::merge;
    step.into = "14911";
    step.debt = schema::Money{500};
    step.acks = {{schema::StoreId{"store3"}, schema::Epoch{1}, schema::Sequence{77}}};
    for (const auto kind : {schema::kRoundOpened, schema::kAccountHanded, schema::kRoundAsked}) {
        const Json json = said(kind, encode(step));
        CHECK(json["purpose"] == "merge");
        CHECK(json["into"] == "14911");
        CHECK(json["peer"].is_null());
        CHECK(json["debt"] == "5.00");
        CHECK(json["answers"][0]["store"] == "store3");
    }
}
