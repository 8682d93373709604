#include <doctest/doctest.h>

#include "cli/json_operation.h"
#include "schema/limits.h"

using filial::cli::OperationDefaults;
using filial::cli::parse_operations;
using filial::cli::parse_ticket;
using filial::schema::Operation;
using filial::schema::OperationKind;
using filial::schema::Timestamp;

namespace {

const OperationDefaults kDefaults{Timestamp{1'000'000}, "D1", false};

Operation one(const std::string& json) {
    const auto parsed = parse_operations(json, kDefaults);
    INFO(json);
    INFO((parsed ? "" : parsed.error().message));
    REQUIRE(parsed.has_value());
    REQUIRE(parsed->size() == 1);
    return parsed->front();
}

std::string why_not(const std::string& json) {
    const auto parsed = parse_operations(json, kDefaults);
    INFO(json);
    REQUIRE_FALSE(parsed.has_value());
    return parsed.error().message;
}

}  // namespace

TEST_CASE("operation: every operation of the retail data is read with all its members") {
    const Operation sell = one(R"({"at":"2010-12-01T09:32:00Z","op":"sell","sku":"22114",)"
                               R"("qty":"48","doc":"536376#83"})");
    CHECK(sell.kind == OperationKind::sell);
    CHECK(sell.subject == "22114");
    CHECK(sell.quantity.value() == 48'000);
    CHECK(sell.document == "536376#83");
    CHECK(to_string(sell.at) == "2010-12-01T09:32:00Z");

    CHECK(one(R"({"op":"return","sku":"A","qty":"1"})").kind == OperationKind::return_goods);
    CHECK(one(R"({"op":"adjust","sku":"A","delta":"-7"})").quantity.value() == -7'000);
    CHECK(one(R"({"op":"receive","sku":"A","qty":"1.5"})").quantity.value() == 1'500);
    CHECK(one(R"({"op":"count","sku":"A","qty":"0"})").kind == OperationKind::count);

    const Operation add = one(R"({"op":"customer-add","customer":"13047","home":"store8",)"
                              R"("fields":{"country":"United Kingdom","phone":"1"}})");
    CHECK(add.kind == OperationKind::customer_add);
    CHECK(add.peer == "store8");
    REQUIRE(add.fields.size() == 2);
    CHECK(add.fields[0] == std::pair<std::string, std::string>("country", "United Kingdom"));

    CHECK(one(R"({"op":"customer-edit","customer":"1","fields":{"a":"b"}})").kind ==
          OperationKind::customer_edit);
    CHECK(one(R"({"op":"limit","customer":"1","amount":"3500.00"})").amount.value() == 350'000);
    CHECK(one(R"({"op":"charge","customer":"1","amount":"278.73"})").amount.value() == 27'873);
    CHECK(one(R"({"op":"credit-note","customer":"1","amount":"4.65"})").kind ==
          OperationKind::credit_note);
    CHECK(one(R"({"op":"pay","customer":"1","amount":"149.99"})").kind == OperationKind::pay);

    const Operation send =
        one(R"({"op":"transfer-send","transfer":"T1","to":"store6","sku":"22653","qty":"20"})");
    CHECK(send.subject == "T1");
    CHECK(send.peer == "store6");
    CHECK(send.sku == "22653");
    CHECK(
        one(R"({"op":"transfer-receive","transfer":"T1","from":"w","sku":"A","qty":"14"})").peer ==
        "w");
    CHECK(one(R"({"op":"transfer-cancel","transfer":"T1","to":"store1"})").peer == "store1");

    const Operation reversed = one(R"({"op":"void","doc":"536365"})");
    CHECK(reversed.kind == OperationKind::void_document);
    CHECK(reversed.subject == "536365");
    CHECK(reversed.document.empty());

    const Operation publish = one(R"({"op":"publish","topic":"prices","key":"A","payload":"2.95",)"
                                  R"("last_value":true})");
    CHECK(publish.topic == "prices");
    CHECK(publish.payload == "2.95");
    CHECK(publish.last_value);
    CHECK(one(R"({"op":"publish","topic":"p","key":"A","payload_base64":"AAE="})").payload ==
          std::string("\0\1", 2));
}

TEST_CASE("operation: what a line does not say comes from the defaults") {
    const Operation plain = one(R"({"op":"sell","sku":"A","qty":"1"})");
    CHECK(plain.at == kDefaults.at);
    CHECK(plain.document == "D1");
    CHECK_FALSE(plain.fact);
    const Operation fact = one(R"({"op":"charge","customer":"A","amount":"1","fact":true})");
    CHECK(fact.fact);
    // A line of an import is a record of what happened, unless it says something of its own.
    const OperationDefaults recorded{Timestamp{1'000'000}, "", false, true};
    CHECK(parse_operations(R"({"op":"sell","sku":"A","qty":"1"})", recorded)->at(0).recorded);
    for (const char* said : {"true", "false"}) {
        const std::string line =
            std::string(R"({"op":"sell","sku":"A","qty":"1","fact":)") + said + "}";
        CHECK_FALSE(parse_operations(line, recorded)->at(0).recorded);
    }
}

TEST_CASE("S42: who is registered without a home is at home at the store that books it") {
    const OperationDefaults at_store3{Timestamp{1'000'000}, "", false, true, "store3"};
    const auto home = [&](const std::string& members) {
        const auto parsed =
            parse_operations(R"({"op":"customer-add","customer":"A")" + members + "}", at_store3);
        return parsed ? parsed->at(0).peer : parsed.error().message;
    };
    CHECK(home("") == "store3");
    CHECK(home(R"(,"home":"store8")") == "store8");
    CHECK(home(R"(,"home":"")").find("home: ") == 0);
    // An edit changes no home, and a debt of an import names none.
    const auto edit =
        parse_operations(R"([{"op":"customer-edit","customer":"A","fields":{"name":"Ana"}},)"
                         R"({"op":"pay","customer":"A","amount":"1"}])",
                         at_store3);
    REQUIRE(edit.has_value());
    CHECK(edit->at(0).peer.empty());
    CHECK(edit->at(1).peer.empty());
}

TEST_CASE("operation: amounts are exact, as text and as numbers") {
    CHECK(one(R"({"op":"sell","sku":"A","qty":"1.5"})").quantity.value() == 1'500);
    CHECK(one(R"({"op":"sell","sku":"A","qty":1.5})").quantity.value() == 1'500);
    CHECK(one(R"({"op":"sell","sku":"A","qty":"0.005"})").quantity.value() == 5);
    CHECK(one(R"({"op":"sell","sku":"A","qty":0.005})").quantity.value() == 5);
    CHECK(one(R"({"op":"pay","customer":"A","amount":40})").amount.value() == 4'000);
    CHECK(one(R"({"op":"pay","customer":"A","amount":0.10})").amount.value() == 10);
    CHECK(one(R"({"op":"pay","customer":"A","amount":10000000000000.00})").amount.value() ==
          filial::schema::kAmountMost);
    for (const char* amount :
         {"\"1.234\"", "\"1e3\"", "1e3", "\"\"", "\"12,50\"", "\" 1\"", "0.001", "\"abc\"", "true",
          "null", "\"0\"", "\"-1\"", "10000000000000.01", "92233720368547758.08", "[1]", "{}"}) {
        CAPTURE(amount);
        why_not(R"({"op":"pay","customer":"A","amount":)" + std::string(amount) + "}");
    }
    CHECK(why_not(R"({"op":"sell","sku":"A","qty":"0.0005"})").find("at most 3 decimals") !=
          std::string::npos);
}

TEST_CASE("operation: a bad line says what is wrong with it") {
    const auto says = [](const std::string& json, const std::string& text) {
        const std::string why = why_not(json);
        INFO(why);
        CHECK(why.find(text) != std::string::npos);
    };
    says(R"({"op":"sell","sku":"A","qty":"1","colour":"red"})", "colour: sell has no such member");
    says(R"({"op":"sell","sku":"A"})", "qty: missing");
    says(R"({"op":"sell","qty":"1"})", "sku: missing");
    says(R"({"op":"charge","customer":"A"})", "amount: missing");
    says(R"({"op":"customer-add","customer":"A","fields":{}})", "home: missing");
    says(R"({"op":"transfer-send","transfer":"T","to":"b","qty":"1"})", "sku: missing");
    says(R"({"op":"sell","sku":"A","qty":"1","qty":"2"})", "qty: stands there twice");
    says(R"({"op":"steal","sku":"A"})", "there is no such operation");
    says(R"({"sku":"A"})", "op: missing");
    says(R"({"op":"sell","sku":5,"qty":"1"})", "sku: expected text in quotes");
    says(R"({"op":"sell","sku":"A","qty":"1","at":"yesterday"})", "at: ");
    says(R"({"op":"sell","sku":"A","qty":"1","fact":"yes"})", "fact: expected true or false");
    says(R"({"op":"customer-edit","customer":"A","fields":{"x":1}})", "field x: expected text");
    says(R"({"op":"customer-edit","customer":"A","fields":{"x":{}}})", "not a value here");
    says(R"({"op":"publish","topic":"stock","key":"A","payload":"x"})", "the product's own");
    says(R"({"op":"publish","topic":"p","key":"A","payload_base64":"%"})", "not base64");
    says(R"({"op":"sell","sku":"A","qty":"1")", "not JSON at character");
    says(R"({"op":"sell","sku":"A","qty":"1"} x)", "not JSON at character");
    says("42", "expected an object");
    says("[]", "no operation in it");
    says("", "not JSON");
    says(R"([{"op":"sell","sku":"A","qty":"1"},{"op":"sell","sku":"A","qty":"x"}])",
         "operation 2: ");
    says(R"([[{"op":"sell","sku":"A","qty":"1"}]])", "an array is not a value here");
}

TEST_CASE("operation: an array is the operations of one ticket, in their order") {
    const auto parsed = parse_operations(
        R"([{"op":"sell","sku":"A","qty":"1"},{"op":"charge","customer":"C","amount":"2"}])",
        kDefaults);
    REQUIRE(parsed.has_value());
    REQUIRE(parsed->size() == 2);
    CHECK((*parsed)[0].kind == OperationKind::sell);
    CHECK((*parsed)[1].kind == OperationKind::charge);
}

TEST_CASE("operation: more than 500 operations are no ticket") {
    std::string json = "[";
    for (int i = 0; i < 501; ++i) {
        json += (i ? "," : "") + std::string(R"({"op":"sell","sku":"A","qty":"1"})");
    }
    CHECK(why_not(json + "]").find("more than 500") != std::string::npos);
}

TEST_CASE("ticket file: an array, one operation over several lines, or one a line") {
    const auto array =
        parse_ticket("\n [{\"op\":\"sell\",\n\"sku\":\"A\",\"qty\":\"1\"}]\n", kDefaults);
    REQUIRE(array.has_value());
    CHECK(array->front().place == "operation 1, line 2");
    CHECK(parse_ticket("{\"op\":\"sell\",\n\"sku\":\"A\",\"qty\":\"1\"}", kDefaults).has_value());

    const auto lines = parse_ticket(
        "{\"op\":\"sell\",\"sku\":\"A\",\"qty\":\"1\"}\n\n{\"op\":\"sell\",\"sku\":\"B\",\"qty\":"
        "\"1\"}\n",
        kDefaults);
    REQUIRE(lines.has_value());
    REQUIRE(lines->size() == 2);
    CHECK((*lines)[1].place == "line 3");

    const auto bad = parse_ticket(
        "{\"op\":\"sell\",\"sku\":\"A\",\"qty\":\"1\"}\n{\"op\":\"sell\",\"sku\":\"B\"}\n",
        kDefaults);
    REQUIRE_FALSE(bad.has_value());
    CHECK(bad.error().message == "line 2: qty: missing");
    CHECK_FALSE(parse_ticket(" \n", kDefaults).has_value());
}
