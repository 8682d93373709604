// A replica that takes neither debts nor customers, beside everything that stores tell each other.
#include <doctest/doctest.h>

#include "schema/verdict_payload.h"
#include "test/unit/subscriber/ann_company.h"

using namespace filial;
using namespace filial::subscriber;
using schema::Query;
using schema::QueryKind;
using schema::Sequence;
using K = schema::OperationKind;

namespace {

constexpr const char* kZebra = "zebra-4711";  // A customer whose name stands nowhere else.

schema::Operation verdict_about(const std::string& topic, const std::string& key) {
    schema::StoreVerdict said;
    said.cause = {schema::StoreId{"store2"}, schema::Epoch{1}, Sequence{1}};
    said.topic = topic;
    said.finding = "no-room-" + topic;
    said.text = "look at " + key;
    schema::Operation operation = test::about(K::verdict, key, "store2");
    operation.payload = schema::encode(said);
    return operation;
}

/// Every kind of news that stores have of a customer and of goods, each of them taken.
void trade(AnnCompany& c) {
    c.home.done(test::person(K::customer_add, kZebra, "store1", {{"country", "Zanzibar"}}));
    c.home.done(test::money(K::limit, kZebra, "100.00"));
    c.home.done(test::with_peer(test::money(K::grant, kZebra, "60.00"), "store2"));
    c.home.done(test::goods(K::receive, "tea", "50"));
    c.home.done(test::with_peer(test::goods(K::reserve, "tea", "20"), "store2"));
    c.home.done(test::transfer(K::transfer_send, "T1", "store3", "tea", "5"));
    c.exchange();
    c.holder.done(test::money(K::charge, kZebra, "25.00"));
    c.holder.done(test::money(K::pay, kZebra, "5.00"));
    c.other.done(test::with_peer(test::money(K::grant_ask, kZebra, "3.00"), "store1"));
    c.other.done(test::with_peer(test::as_fact(test::money(K::charge, kZebra, "2.00")), "store1"));
    c.home.done(test::about(K::block_customer, kZebra));
    c.exchange();
    c.home.done(test::about(K::unblock_customer, kZebra));
    c.home.done(verdict_about("debts", kZebra));
    c.home.done(verdict_about("stock", "tea"));
    c.home.done(test::about(K::close_account, kZebra));
    c.exchange();
}

bool names_him(schema::ByteView bytes) {
    return bytes.find(kZebra) != schema::ByteView::npos ||
           bytes.find("Zanzibar") != schema::ByteView::npos;
}

/// Rows of both maps that have a byte of him.
std::size_t rows_about_him(const Replica& replica) {
    std::size_t count = 0;
    const auto look = [&](schema::ByteView key, schema::ByteView value) {
        count += names_him(key) || names_him(value) ? 1 : 0;
        return true;
    };
    REQUIRE(replica.kept().scan("", {}, look));
    REQUIRE(replica.kept().scan_received("", {}, look));
    return count;
}

}  // namespace

TEST_CASE("S35: a subscriber of stock alone has no byte of a customer whom all stores speak of") {
    AnnCompany c("store9");
    trade(c);
    c.read_all();
    CHECK(rows_about_him(*c.replica) > 0);

    Folder folder;
    const auto stock = open_replica(replica_options(folder, "store9", {"stock"}));
    for (const test::StoreLog* store : c.stores()) {
        TestLog log(store->name().value());
        for (const auto& logged : store->log()) log.add(logged.event);
        // Even from a sender that sends more than it was asked for.
        take(*stock, log.all());
        for (const char* topic : {"stock", "control"}) {
            CHECK(stock->position(log.store(), topic) == Sequence{log.size()});
        }
        CHECK(stock->position(log.store(), "accounts") == Sequence{0});
        CHECK(stock_of(*stock, log, "tea") == stock_of(*c.replica, log, "tea"));
    }
    CHECK(rows_about_him(*stock) == 0);
    CHECK(stock->parked().nothing());
    check_sums(*stock);
}

TEST_CASE("S35: of stock alone, a question about credit is refused, and one about goods is not") {
    AnnCompany c("store9");
    trade(c);
    c.replica.reset();
    c.replica = open_replica(replica_options(c.folder, "store9", {"stock"}));
    c.read_all();
    const Asked asked{c.clock, *c.replica, {}};
    for (const QueryKind kind :
         {QueryKind::debt, QueryKind::customer, QueryKind::account, QueryKind::list_rounds,
          QueryKind::list_grants, QueryKind::list_requests, QueryKind::account_tasks}) {
        CAPTURE(static_cast<int>(kind));
        Query query;
        query.kind = kind;
        query.key = kZebra;
        const auto answer = asked.ask(query);
        REQUIRE_FALSE(answer);
        CHECK(answer.error().code == schema::Errc::not_held);
    }
    Query grants;
    grants.kind = QueryKind::list_grants;
    CHECK(asked.ask(grants).error().message ==
          "topic accounts is not subscribed here, since neither debts nor customers are; control, "
          "stock are");
    grants.topic = "stock";
    const auto rows = asked.pages(grants, 1);
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].key == "tea");
    CHECK(rows[0].value == 20'000);
    for (const QueryKind kind : {QueryKind::list_requests, QueryKind::account_tasks}) {
        grants.kind = kind;
        CHECK(asked.pages(grants).empty());
    }
    // How far its logs are is said of a topic that it takes.
    Query reached;
    reached.kind = QueryKind::reached;
    CHECK(asked.ask(reached).error().code == schema::Errc::not_held);
    reached.topic = "control";
    CHECK(asked.pages(reached).size() == 3);
    const auto verdicts = asked.pages(QueryKind::verdicts);
    REQUIRE(verdicts.size() == 1);
    CHECK(verdicts[0].key == "tea");
}

TEST_CASE("S35: who may not read of customers is told nothing of them in lists over many topics") {
    AnnCompany c("store9");
    trade(c);
    c.read_all();
    const core::Policy policy;
    const Answers answers(*c.replica, c.clock, policy);
    const auto goods = [](const std::string& topic) {
        return topic == "stock" || topic == "control";
    };
    for (const QueryKind kind : {QueryKind::verdicts, QueryKind::findings, QueryKind::flagged}) {
        CAPTURE(static_cast<int>(kind));
        Query query;
        query.kind = kind;
        const auto all = answers.answer(query);
        const auto some = answers.answer(query, goods);
        REQUIRE(all);
        REQUIRE(some);
        const auto about_him = [](const schema::Answer& answer) {
            return std::count_if(answer.rows.begin(), answer.rows.end(), [](const auto& row) {
                const bool told =
                    std::any_of(row.fields.begin(), row.fields.end(),
                                [](const auto& field) { return names_him(field.second); });
                return told || names_him(row.key);
            });
        };
        CHECK(about_him(*some) == 0);
        if (kind != QueryKind::verdicts) continue;
        CHECK(about_him(*all) > 0);
        REQUIRE(some->rows.size() == 1);
        CHECK(some->rows.front().key == "tea");
    }
}
