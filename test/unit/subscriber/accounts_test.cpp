#include <doctest/doctest.h>

#include <random>
#include <set>

#include "ledger/debts.h"
#include "ledger/room.h"
#include "subscriber/account_reader.h"
#include "test/unit/subscriber/ann_company.h"

using namespace filial;
using namespace filial::subscriber;
using schema::AnswerRow;
using schema::GrantOf;
using schema::QueryKind;
using schema::StoreId;
using K = schema::OperationKind;

namespace {

/// What the store's own state says of its pot, as far as a replica shows it.
std::string pot_text(const ledger::Pot& pot) {
    std::string text = std::to_string(static_cast<int>(pot.standing)) +
                       (pot.blocked ? " blocked" : "") + (pot.review ? " review" : "") +
                       " booked " + std::to_string(pot.booked) + " round " +
                       std::to_string(pot.rounds) + " " + pot.peer + " " + pot.into;
    for (const ledger::Share& share : pot.shares) {
        text += " " + share.store + "/" + std::to_string(share.epoch.value()) + " " +
                std::to_string(share.out) + " " + std::to_string(share.recalls);
    }
    for (const ledger::Amount& each : pot.requests) {
        text += " asks " + each.store + " " + std::to_string(each.amount);
    }
    for (const ledger::Amount& each : pot.claims) {
        text += " claims " + each.store + " " + std::to_string(each.amount);
    }
    return text;
}

/// The replica's view of ann against the logs' own states.
void check_against_logs(AnnCompany& c) {
    const auto record = c.replica->read().customer("ann");
    REQUIRE(record);
    const auto view = c.replica->accounts().credit(*record, c.replica->stores());
    REQUIRE(view);
    for (const test::StoreLog* store : c.stores()) {
        const auto pot = ledger::read_pot(store->state(), GrantOf::credit, "ann");
        REQUIRE(pot);
        if (view->owner == store->name().value()) {
            CHECK(pot_text(view->pot) == pot_text(*pot));
            CHECK(view->pot.limit == pot->limit);
            const auto reserve = ledger::reserve(store->state(), GrantOf::credit, "ann", *pot);
            REQUIRE(reserve);
            CHECK(view->reserve == *reserve);
        }
        const auto room = ledger::read_room(store->state(), GrantOf::credit, {}, "ann");
        REQUIRE(room);
        const auto left =
            ledger::room_left(store->state(), GrantOf::credit, "ann", *room, store->next().epoch);
        REQUIRE(left);
        if (!*left || room->home != view->owner) continue;
        const auto part = std::find_if(view->parts.begin(), view->parts.end(), [&](const auto& p) {
            return p.store == store->name() && p.epoch == room->epoch;
        });
        REQUIRE(part != view->parts.end());
        CHECK(part->room == *left);
    }
}

}  // namespace

TEST_CASE("N1: a replica shows limit, reserve, rooms and what is on its way by each log") {
    AnnCompany c;
    c.limit_and_grant();
    c.read_all();
    CHECK(c.account().second == 10'000);
    CHECK(field(c.account(), "reserve") == "4000");
    REQUIRE(c.holders().size() == 1);
    CHECK(c.holders()[0].value == 6'000);
    CHECK(field(c.holders()[0], "open") == "no");  // On its way.

    c.exchange();
    c.holder.done(test::money(K::charge, "ann", "20.00"));
    c.read_all();
    CHECK(c.account().value == 2'000);
    CHECK(c.holders()[0].value == 6'000);
    CHECK(c.holders()[0].second == 4'000);
    CHECK(field(c.account(), "at:store2") == "2000");
    check_against_logs(c);
    check_sums(*c.replica);

    c.replica.reset();
    c.replica = open_replica(replica_options(c.folder, "store1"));
    CHECK(c.holders()[0].second == 4'000);
}

TEST_CASE("S43: who was given a part of the limit may charge until home has booked it as closed") {
    AnnCompany c;
    const auto holders = [&](const std::string& home = "store1") {
        return *c.replica->accounts().holders(home, "ann");
    };
    CHECK(holders().empty());
    CHECK(holders("").empty());
    c.limit_and_grant();
    c.home.done(test::with_peer(test::money(K::grant, "ann", "10.00"), "store3"));
    c.read_all();
    CHECK(holders() == std::set<std::string>{"store2", "store3"});
    // All of it came back, but the grant is open.
    c.exchange();
    c.other.done(test::money(K::grant_return, "ann", "10.00"));
    c.exchange();
    c.read_all();
    CHECK(c.account().second == 10'000);
    CHECK(field(c.account(), "reserve") == "4000");
    CHECK(holders() == std::set<std::string>{"store2", "store3"});
    c.home.done(test::about(K::block_customer, "ann"));
    c.read_all();
    CHECK(holders() == std::set<std::string>{"store2", "store3"});
    // Both have closed it, and home has booked one.
    c.holder.take_from(c.home);
    c.other.take_from(c.home);
    c.home.take_from(c.holder);
    c.read_all();
    CHECK(holders() == std::set<std::string>{"store3"});
    c.home.take_from(c.other);
    CHECK(holders() == std::set<std::string>{"store3"});
    c.read(c.home);
    CHECK(holders().empty());
    CHECK(holders("store2").empty());
}

TEST_CASE("S43: a store that will not come back is known by the log that says so") {
    AnnCompany c;
    const auto retired = [&] {
        return *c.replica->accounts().retired({StoreId{"store1"}, StoreId{"store2"}});
    };
    c.read_all();
    CHECK(retired().empty());
    c.home.done(test::as_fact(test::about(K::retire_store, "store3")));
    CHECK(retired().empty());
    c.read(c.home);
    CHECK(retired() == std::set<StoreId>{StoreId{"store3"}});
}

TEST_CASE(
    "N1: whatever three stores decide, and in whatever order a replica reads their topics, it "
    "shows what their own states say") {
    std::mt19937_64 random(7);
    for (int story = 0; story < 40; ++story) {
        AnnCompany c;
        c.limit_and_grant();
        for (int step = 0; step < 40; ++step) {
            test::StoreLog& store = *c.stores()[random() % 3];
            const std::string peer = "store" + std::to_string(1 + random() % 3);
            const std::string amount = std::to_string(1 + random() % 60) + ".00";
            using test::about, test::money, test::with_peer, test::as_fact;
            const std::vector<schema::Operation> choices{
                money(K::charge, "ann", amount),
                as_fact(money(K::charge, "ann", amount)),
                money(K::pay, "ann", amount),
                money(K::limit, "ann", amount),
                with_peer(money(K::grant, "ann", amount), peer),
                with_peer(money(K::grant_recall, "ann", "0.00"), peer),
                money(K::grant_return, "ann", "0.00"),
                money(K::grant_ask, "ann", amount),
                about(K::block_customer, "ann"),
                about(K::unblock_customer, "ann"),
                about(K::move_home, "ann", peer),
                about(K::close_account, "ann"),
                about(K::round_verdict, "ann"),
                about(K::round_cancel, "ann"),
                about(K::reopen_account, "ann"),
            };
            (void)store.hand_in({choices[random() % choices.size()]});  // May be refused.
            if (random() % 3 == 0) c.stores()[random() % 3]->take_from(*c.stores()[random() % 3]);
            test::StoreLog& shown = *c.stores()[random() % 3];
            std::vector<std::string> topics{"control", "accounts", "debts", "customers", "stock"};
            if (random() % 2 == 0) c.read(shown, {topics[random() % topics.size()]});
        }
        for (const test::StoreLog* store : c.stores()) {
            for (const char* topic : {"stock", "control", "accounts", "customers", "debts"}) {
                c.read(*store, {topic});
            }
        }
        CAPTURE(story);
        check_against_logs(c);
        check_sums(*c.replica);
    }
}

TEST_CASE("S19: a blocked customer shows as blocked with his data and his debt, at every store") {
    AnnCompany c("store3");
    c.limit_and_grant();
    c.exchange();
    c.read_all();
    const auto row = [&](QueryKind kind) {
        return Asked{c.clock, *c.replica, {}}.row(kind, "ann");
    };
    CHECK(field(row(QueryKind::customer), "blocked") == "(none)");
    c.home.done(test::about(K::block_customer, "ann"));
    c.read_all();
    CHECK(field(row(QueryKind::customer), "blocked") == "yes");
    CHECK(field(row(QueryKind::debt), "blocked") == "yes");
    CHECK(field(c.account(), "blocked") == "yes");
    CHECK(field(c.holders()[0], "waits") == "yes");
    c.exchange();
    c.home.done(test::about(K::unblock_customer, "ann"));
    c.read_all();
    CHECK(field(row(QueryKind::customer), "blocked") == "(none)");
    CHECK(c.holders().empty());
}

TEST_CASE("N1: room of a store that lost its log is unaccounted until it is written off") {
    AnnCompany c;
    c.limit_and_grant();
    c.exchange();
    c.read_all();
    c.holder.reopen(c.holder.log().size());
    c.exchange();
    c.read_all();
    CHECK(field(c.account(), "unaccounted") == "6000");
    CHECK(field(c.account(), "reserve") == "4000");
    const auto tasks = c.rows(QueryKind::account_tasks);
    REQUIRE(tasks.size() == 1);
    CHECK(field(tasks[0], "task") == "unaccounted");
    CHECK(tasks[0].value == 6'000);
    check_against_logs(c);
    c.home.done(test::about(K::grant_write_off, "ann", "store2"));
    c.read_all();
    CHECK(field(c.account(), "unaccounted") == "0");
    CHECK(field(c.account(), "reserve") == "10000");
    CHECK(c.rows(QueryKind::account_tasks).empty());
}

TEST_CASE("N1: what a lost epoch told again is not out, whichever topic is read first") {
    for (const char* first : {"control", "accounts"}) {
        CAPTURE(first);
        AnnCompany c;
        c.limit_and_grant();
        c.exchange();
        c.read_all();
        c.holder.done(test::money(K::charge, "ann", "20.00"));
        c.holder.reopen(c.holder.log().size() - 2);  // Nobody ever had the charge.
        c.exchange();
        c.holder.done(test::as_fact(test::money(K::charge, "ann", "20.00")));
        c.holder.done(test::about(K::tail_told, "store2"));
        c.exchange();
        c.read(c.home, {first});
        c.read(c.holder, {"control"});  // With the new epoch's record.
        for (const test::StoreLog* store : c.stores()) {
            for (const char* topic : {"control", "accounts", "debts", "customers", "stock"}) {
                c.read(*store, {topic});
            }
        }
        CHECK(field(c.account(), "unaccounted") == "0");
        CHECK(field(c.account(), "reserve") == "8000");
        check_against_logs(c);
    }
}

TEST_CASE("N3: limit and home follow a customer who moves, before his registration says so") {
    AnnCompany c("store3");
    c.limit_and_grant();
    c.exchange();
    c.holder.done(test::money(K::charge, "ann", "20.00"));
    c.home.done(test::about(K::move_home, "ann", "store3"));
    c.exchange();
    c.home.done(test::about(K::round_verdict, "ann"));
    c.read_all();
    CHECK(c.account().store == "store3");
    c.exchange();
    c.read_all();
    CHECK(c.account().second == 10'000);
    CHECK(c.account().value == 2'000);
    CHECK(field(c.account(), "reserve") == "8000");
    check_against_logs(c);
    c.other.done(test::money(K::limit, "ann", "70.00"));
    c.read_all();
    CHECK(Asked{c.clock, *c.replica, {}}.row(QueryKind::debt, "ann").second == 7'000);
    check_sums(*c.replica);
}

TEST_CASE("N6: an own payment is pending until home's log has booked it, not only received it") {
    AnnCompany c("store2");
    c.home.done(test::money(K::limit, "ann", "100.00"));
    c.home.done(test::money(K::charge, "ann", "40.00"));
    c.holder.done(test::money(K::pay, "ann", "40.00"));
    c.read_all();
    const auto pending = [&] {
        return Asked{c.clock, *c.replica, {}}.row(QueryKind::debt, "ann").pending;
    };
    CHECK(pending() == -4'000);
    TestLog log("store1");
    core::HeldMark mark = log.mark(c.clock, 1);
    mark.mark.applied.push_back(
        {StoreId{"store2"}, schema::Epoch{1}, {{"debts", schema::Sequence{99}}}});
    c.replica->marked(mark, "broker head");
    CHECK(pending() == -4'000);
    c.exchange();
    c.read_all();
    CHECK(pending() == 0);
    CHECK(c.replica->counters().at("debts_pending") == 0);
}

TEST_CASE(
    "N6: a payment that a former home passes on is pending until the new home has booked it") {
    AnnCompany c("store2");
    c.home.done(test::money(K::limit, "ann", "100.00"));
    c.home.done(test::about(K::move_home, "ann", "store3"));
    c.home.done(test::about(K::round_verdict, "ann"));
    c.holder.done(test::money(K::pay, "ann", "40.00"));
    c.home.take_from(c.holder);
    c.read_all();
    const auto pending = [&] {
        return Asked{c.clock, *c.replica, {}}.row(QueryKind::debt, "ann").pending;
    };
    CHECK(pending() == -4'000);
    c.replica.reset();
    c.replica = open_replica(replica_options(c.folder, "store2"));
    c.exchange();
    c.read_all();
    CHECK(pending() == 0);
}

TEST_CASE("N1: a replica of a version that folded nothing loads every log again") {
    AnnCompany c;
    c.limit_and_grant();
    c.read_all();
    c.replica.reset();
    {
        auto store = ReplicaStore::open(replica_options(c.folder).store);
        REQUIRE(store);
        const auto write = (*store)->begin();
        write->put("v", std::string("\0\0\0\1", 4));
        REQUIRE((*store)->write(*write, true));
    }
    c.replica = open_replica(replica_options(c.folder));
    CHECK(c.replica->reached().empty());
    check_sums(*c.replica);
    c.read_all();
    CHECK(field(c.account(), "reserve") == "4000");
    check_sums(*c.replica);
}

TEST_CASE(
    "N11: what a merged customer owes shows with whom he was merged into, and is nobody's task") {
    AnnCompany c;
    c.home.done(test::person(K::customer_add, "bob", "store1", {}));
    c.home.done(test::money(K::limit, "bob", "50.00"));
    c.home.done(test::money(K::charge, "bob", "27.00"));
    c.home.done(test::money(K::limit, "ann", "100.00"));
    c.home.done(test::money(K::charge, "ann", "11.00"));
    auto merge = test::about(K::merge, "bob", "store1");
    merge.fields = {{"into", "ann"}};
    c.home.done(merge);
    c.home.done(test::about(K::round_verdict, "bob"));
    c.exchange();
    c.read_all();
    const auto row = [&](QueryKind kind, const char* who) {
        return Asked{c.clock, *c.replica, {}}.row(kind, who);
    };
    CHECK(c.account().value == 1'100);
    CHECK(field(c.account(), "merged:bob") == "2700");
    CHECK(field(c.account(), "reserve") == "11200");
    CHECK(field(row(QueryKind::debt, "ann"), "merged:bob") == "2700");
    CHECK(field(row(QueryKind::customer, "ann"), "merged:bob") == "(none)");
    CHECK(field(row(QueryKind::debt, "bob"), "account") == "merged into ann");
    CHECK(c.rows(QueryKind::account_tasks).empty());
    CHECK(field(c.account("bob"), "standing") == "merged");
    CHECK(field(c.account("bob"), "reserve") == "0");
    CHECK(c.account("bob").value == 2'700);
}

TEST_CASE("S18: who is over the limit together with a merged customer is listed, alone he is not") {
    AnnCompany c;
    c.home.done(test::person(K::customer_add, "bob", "store1", {}));
    c.home.done(test::money(K::limit, "bob", "50.00"));
    c.home.done(test::money(K::charge, "bob", "27.00"));
    c.home.done(test::money(K::limit, "ann", "100.00"));
    c.home.done(test::money(K::charge, "ann", "11.00"));
    auto merge = test::about(K::merge, "bob", "store1");
    merge.fields = {{"into", "ann"}};
    c.home.done(merge);
    c.home.done(test::about(K::round_verdict, "bob"));
    schema::Query query;
    query.kind = QueryKind::list_debts;
    query.filter = schema::kOverLimit;
    const auto over = [&](const std::string& limit) {
        c.home.done(test::money(K::limit, "ann", limit));
        c.exchange();
        c.read_all();
        return Asked{c.clock, *c.replica, {}}.pages(query, 1);
    };
    CHECK(over("38.00").empty());
    const auto found = over("37.99");
    REQUIRE(found.size() == 1);
    CHECK(found[0].key == "ann");
    CHECK(found[0].value == 1'100);
    CHECK(field(found[0], "merged:bob") == "2700");
}
