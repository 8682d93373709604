#include <doctest/doctest.h>

#include "subscriber/answers.h"
#include "test/unit/subscriber/replica_support.h"

using namespace filial;
using namespace filial::subscriber;
using schema::Query;
using schema::QueryKind;

namespace {

std::string values_told(const std::vector<schema::AnswerRow>& rows) {
    std::string text;
    for (const auto& row : rows) {
        text += row.key + "@" + row.store + " " + field(row, "field") + "=" + field(row, "value") +
                (field(row, "shown") == "yes" ? "* " : " ") + field(row, "store") + "/" +
                field(row, "seq") + (field(row, "twice") == "yes" ? " twice" : "") + "\n";
    }
    return text;
}

Query inbox(const std::string& store, const std::string& customer = {}, std::uint64_t filter = 0) {
    Query query;
    query.kind = QueryKind::conflicts;
    query.store = store;
    query.key = customer;
    query.filter = filter;
    return query;
}

}  // namespace

TEST_CASE("N11: the home's inbox has every value of a conflict, the shown one first") {
    TestLog store11("store11"), store12("store12");
    store12.customer("12431", "store12", "Australia", 20);
    store12.customer("12432", "store12", "Peru", 20);
    store11.add(
        "customers", schema::kCustomerEdited, "12431",
        schema::encode(schema::CustomerChanged{"", {{"country", "Belgium", {}, 0, {}}}, {}}), 10);
    const core::ManualClock clock;
    for (const bool later_first : {true, false}) {
        CAPTURE(later_first);
        Folder folder;
        const auto replica = open_replica(replica_options(folder));
        take(*replica, (later_first ? store12 : store11).all());
        take(*replica, (later_first ? store11 : store12).all());
        const Asked asked{clock, *replica, {}};
        CHECK(values_told(asked.pages(inbox("store12"), 1)) ==
              "12431@store12 country=Australia* store12/1\n"
              "12431@store12 country=Belgium store11/1\n");
        CHECK(asked.pages(inbox("store11")).empty());
        CHECK(asked.pages(inbox("")).size() == 2);
        CHECK(values_told(asked.pages(inbox("", "12432", schema::kEveryValue))) ==
              "12432@store12 country=Peru* store12/2\n");
        CHECK(asked.pages(inbox("", "12432")).empty());
    }
}

TEST_CASE("N11: one person registered at two stores is listed as that") {
    TestLog store1("store1"), store2("store2");
    store1.customer("c", "store1", "", 10);
    store2.customer("c", "store2", "", 20);
    Folder folder;
    const core::ManualClock clock;
    const auto replica = open_replica(replica_options(folder));
    for (const TestLog* log : {&store1, &store2}) take(*replica, log->all());
    CHECK(values_told(Asked{clock, *replica, {}}.pages(inbox("store2"))) ==
          "c@store2 home=store2* store2/1 twice\n"
          "c@store2 home=store1 store1/1 twice\n");
}
