#include "schema/operation.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <set>
#include <string>

#include "schema/ids.h"
#include "schema/limits.h"

using namespace filial::schema;

namespace {

using K = OperationKind;

/// A well-formed operation of each kind.
Operation good(K kind) {
    const OperationInfo& info = operation_info(kind);
    Operation operation;
    operation.kind = kind;
    operation.subject = "A-1";
    if (!info.peer.empty()) operation.peer = "store2";
    if (info.sku) operation.sku = "85123A";
    if (!info.quantity.empty()) operation.quantity = Quantity{1'000};
    if (info.amount) operation.amount = Money{100};
    if (info.fields) operation.fields = {{"name", "Ana"}};
    if (kind == K::publish) operation.topic = "prices";
    return operation;
}

std::string why(K kind, const std::function<void(Operation&)>& change) {
    Operation operation = good(kind);
    change(operation);
    const auto ok = validate(operation);
    if (ok) return "";
    CHECK(ok.error().code == Errc::invalid);
    return ok.error().message;
}

}  // namespace

TEST_CASE("operation: the table has every kind once, and each finds itself by name") {
    std::set<std::string_view> names;
    std::uint64_t number = 0;
    for (const OperationInfo& row : operation_table()) {
        CAPTURE(row.name);
        CHECK(static_cast<std::uint64_t>(row.kind) > number);
        number = static_cast<std::uint64_t>(row.kind);
        CHECK(names.insert(row.name).second);
        CHECK(operation_from_name(row.name) == row.kind);
        CHECK(&operation_info(row.kind) == &row);
        CHECK(!row.subject.empty());
        // Every operation has these beside its own members.
        for (const char* common : {"op", "at", "fact", "doc"}) CHECK(row.peer != common);
        CHECK(validate(good(row.kind)).has_value());
    }
    CHECK(static_cast<std::uint64_t>(K::publish) == 16);
    CHECK(static_cast<std::uint64_t>(K::close_day) == 36);
    CHECK(static_cast<std::uint64_t>(K::grant) == 40);
    CHECK(static_cast<std::uint64_t>(K::left) == 63);
    CHECK(static_cast<std::uint64_t>(K::grant_refuse) == 64);
    CHECK(static_cast<std::uint64_t>(K::reserve_refuse) == 65);
    CHECK(number == static_cast<std::uint64_t>(K::verdict));
    CHECK(number == 70);
    CHECK(operation_from_name("steal") == K::none);
    CHECK(operation_from_name("") == K::none);
    CHECK(operation_info(static_cast<K>(99)).kind == K::none);
    CHECK(!validate(Operation{}));
}

TEST_CASE("operation: what a kind needs is asked for by its name in files") {
    for (const OperationInfo& row : operation_table()) {
        CAPTURE(row.name);
        const std::string subject(row.subject);
        CHECK(why(row.kind, [](Operation& o) { o.subject.clear(); }) == subject + ": missing");
        CHECK(why(row.kind, [](Operation& o) { o.subject = "\xff"; }) ==
              subject + ": not UTF-8 text");
        CHECK(why(row.kind, [](Operation& o) { o.subject = "a\n"; }) ==
              subject + ": has a control character");
        CHECK(why(row.kind, [](Operation& o) { o.subject = Bytes(kKeyBytesMax + 1, 'a'); }) ==
              subject + ": longer than 256 bytes");
        const bool needs_peer = !row.peer.empty();
        CHECK(why(row.kind, [](Operation& o) { o.peer.clear(); }).empty() == !needs_peer);
        // Who hands in a debt may name the customer's home, and a new home itself.
        const bool reads_peer =
            needs_peer || row.amount || row.kind == K::customer_edit || takes_home_hint(row.kind);
        CHECK(why(row.kind, [](Operation& o) { o.peer = "Not A Store"; }).empty() == !reads_peer);
        CHECK(why(row.kind, [](Operation& o) { o.sku.clear(); }).empty() == !row.sku);
    }
}

TEST_CASE("operation: quantities and amounts are greater than zero where that is meant") {
    for (const OperationInfo& row : operation_table()) {
        CAPTURE(row.name);
        // Of a grant, 0 is all there is, or a grant that only opens the account there.
        constexpr std::array kZero{K::count,
                                   K::transfer_receive,
                                   K::transfer_correct,
                                   K::transfer_write_off,
                                   K::limit,
                                   K::grant,
                                   K::grant_return,
                                   K::grant_recall,
                                   K::reserve,
                                   K::reserve_return,
                                   K::reserve_recall};
        const bool zero_is_said = std::find(kZero.begin(), kZero.end(), row.kind) != kZero.end();
        const bool is_signed = row.kind == K::adjust;
        if (!row.quantity.empty()) {
            const auto with = [&](std::int64_t value) {
                return why(row.kind, [=](Operation& o) { o.quantity = Quantity{value}; });
            };
            CHECK(with(0).empty() == (zero_is_said || is_signed));
            CHECK(with(-1).empty() == is_signed);
            CHECK(with(kAmountMost).empty());
            CHECK(with(-kAmountMost).empty() == is_signed);
            for (const std::int64_t huge :
                 {kAmountMost + 1, -kAmountMost - 1, INT64_MAX, INT64_MIN}) {
                CHECK(!with(huge).empty());
            }
        }
        if (row.amount) {
            const auto with = [&](std::int64_t value) {
                return why(row.kind, [=](Operation& o) { o.amount = Money{value}; });
            };
            CHECK(with(0).empty() == zero_is_said);
            CHECK(!with(-1).empty());
            CHECK(with(kAmountMost).empty());
            CHECK(with(kAmountMost + 1).find("at most 10000000000000.00") != std::string::npos);
            CHECK(!with(INT64_MAX).empty());
            CHECK(!with(INT64_MIN).empty());
        }
    }
}

TEST_CASE("operation: a customer's fields have names, once each, and a size") {
    const auto fields = [](std::vector<std::pair<std::string, std::string>> list) {
        return why(K::customer_edit, [&](Operation& o) { o.fields = list; });
    };
    CHECK(fields({}) == "fields: missing, nothing would change");
    CHECK(fields({{"phone", ""}}).empty());
    CHECK(fields({{"", "x"}}) == "field name: missing");
    CHECK(fields({{"a", "x"}, {"a", "y"}}) == "field a: twice");
    CHECK(fields({{"a", "\xff"}}) == "field a: not UTF-8 text");
    CHECK(fields({{"a", std::string(kTextBytesMax + 1, 'x')}}) ==
          "field a: longer than 1024 bytes");
    std::vector<std::pair<std::string, std::string>> many;
    for (std::size_t i = 0; i < kFieldsMax; ++i) many.emplace_back("f" + std::to_string(i), "x");
    CHECK(fields(many).empty());
    many.emplace_back("last", "x");
    CHECK(fields(many) == "fields: more than 64");
    many.resize(20, {"", ""});
    for (auto& [name, value] : many) value = std::string(kTextBytesMax, 'x');
    CHECK(fields(many) == "fields: longer than 16384 bytes together");
    CHECK(why(K::customer_add, [](Operation& o) { o.fields.clear(); }).empty());
}

TEST_CASE("operation: an application publishes in topics of its own, as much as one event holds") {
    for (const auto topic :
         {kTopicStock, kTopicCustomers, kTopicDebts, kTopicControl, kTopicAccounts}) {
        CHECK(!why(K::publish, [&](Operation& o) { o.topic = topic; }).empty());
    }
    CHECK(!why(K::publish, [](Operation& o) { o.topic = "*"; }).empty());
    CHECK(!why(K::publish, [](Operation& o) { o.topic.clear(); }).empty());
    CHECK(why(K::publish, [](Operation& o) { o.payload = Bytes(kPayloadBytesMax, '\0'); }).empty());
    CHECK(!why(K::publish, [](Operation& o) { o.payload.resize(kPayloadBytesMax + 1); }).empty());
}

TEST_CASE("operation: every document that can be written can be voided") {
    const std::string longest(kKeyBytesMax, 'd');
    CHECK(why(K::sell, [&](Operation& o) { o.document = longest; }).empty());
    CHECK(why(K::void_document, [&](Operation& o) { o.subject = longest; }).empty());
    CHECK(!why(K::sell, [&](Operation& o) { o.document = longest + "d"; }).empty());
}

TEST_CASE("operation: it travels whole, missing members are defaults, unknown kinds are none") {
    Operation operation = good(K::customer_add);
    operation.at = Timestamp{INT64_MAX};
    operation.quantity = Quantity{INT64_MIN};
    operation.amount = Money{INT64_MAX};
    operation.cost = UnitCost{INT64_MIN};
    operation.document = "536365";
    operation.fact = operation.last_value = true;
    operation.payload = Bytes("\x00\xff", 2);
    Parser parser;
    Writer out;
    out.array(3);
    write_operation(out, operation);
    out.array(0).array(1).u64(99);
    const Bytes bytes = out.take();
    auto fields = parser.array(bytes);
    REQUIRE(fields);
    CHECK(read_operation(*fields) == operation);
    CHECK(read_operation(*fields) == Operation{});
    CHECK(read_operation(*fields).kind == K::none);
    CHECK(parser.finish("operations").has_value());
}
