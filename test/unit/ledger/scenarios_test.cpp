// The cross-store scenarios with their numbers, each under many orders of what the stores do, of
// the news between them and of the delivery to a replica, all of which keep each log's own order,
// with repeats and with restarts in between.
#include <doctest/doctest.h>

#include <random>

#include "test/unit/ledger/telling.h"
#include "test/unit/ledger/view.h"

using namespace filial;
using namespace filial::test;
using K = schema::OperationKind;

namespace {

/// Orders of delivery; test/parts/ledger asks for 1,000.
const unsigned kOrders = interleavings(60);

schema::Operation when(schema::Operation operation, const std::string& at) {
    operation.at = *schema::parse_timestamp(at);
    return operation;
}

using Stores = std::vector<const StoreLog*>;

/// Delivers all of the logs in an order of this seed to a new replica, `on_the_way` at every whole
/// ticket of it.
template <class OnTheWay>
View deliver(const Stores& stores, unsigned seed, OnTheWay on_the_way) {
    std::mt19937_64 random(seed);
    const auto any = [&](std::size_t below) {
        return std::uniform_int_distribution<std::size_t>(0, below - 1)(random);
    };
    View view;
    const auto waits = [&] {
        Stores some;
        for (const StoreLog* store : stores) {
            if (view.held(*store) < store->log().size()) some.push_back(store);
        }
        return some;
    };
    for (Stores left = waits(); !left.empty(); left = waits()) {
        const StoreLog& store = *left[any(left.size())];
        const std::size_t held = view.held(store);
        const std::size_t from = held - std::min(held, any(3));
        std::size_t upto = held + 1 + any(store.log().size() - held);
        while (upto < store.log().size() && store.log()[upto].event.index > 0) ++upto;
        view.take(store, from, upto);
        if (any(3) == 0) view.take(store, from, upto);
        if (any(4) == 0) view.restart();
        on_the_way(view);
    }
    return view;
}

/// These logs, in many orders of delivery; `at_the_end` when the replica has all.
template <class AtTheEnd>
void in_any_order(const Stores& stores, AtTheEnd at_the_end) {
    for (unsigned seed = 1; seed <= kOrders; ++seed) {
        CAPTURE(seed);
        at_the_end(deliver(stores, seed, [](View&) {}));
    }
}

/// What `tell` tells, in many orders of everything.
template <class Tell, class OnTheWay, class AtTheEnd>
void told_in_any_order(Tell tell, OnTheWay on_the_way, AtTheEnd at_the_end) {
    for (unsigned seed = 1; seed <= kOrders; ++seed) {
        CAPTURE(seed);
        Telling telling(seed);
        tell(telling);
        at_the_end(deliver(telling.stores(), seed, on_the_way), telling);
    }
}

constexpr auto kNothing = [](View&) {};

/// Goods are on a shelf, on their way, or sold: at every moment, whatever has come so far.
auto nothing_lost_of(const std::string& sku) {
    return [sku](View& view) {
        CHECK(view.stock_everywhere(sku) + view.out_sum(sku) == view.sold(sku));
    };
}

}  // namespace

TEST_CASE("scenario 5: one customer changed by three stores on one day comes out the same") {
    const std::string day = "2010-12-01T";
    const auto elsewhere = [](const char* amount, const char* document) {
        return with_peer(money(K::charge, "13777", amount, document), "store2");
    };
    const Script script{
        {"store2",
         {when(person(K::customer_add, "13777", "store2", {{"country", "United Kingdom"}}),
               day + "16:01:00Z"),
          when(money(K::limit, "13777", "2000.00"), day + "16:01:00Z"),
          when(money(K::charge, "13777", "497.00", "536577"), day + "16:13:00Z"),
          when(money(K::limit, "13777", "2200.00"), day + "16:19:00Z")}},
        {"store5", {when(elsewhere("1132.80", "536584"), day + "16:19:00Z")}},
        {"store8", {when(elsewhere("315.96", "536579"), day + "16:11:00Z")}}};
    const auto tell = [&](Telling& t) {
        t.play(script);
        t.settle();
        CHECK(t.reserve("store2", "13777") == "254.24");
    };
    told_in_any_order(tell, kNothing, [](const View& view, Telling&) {
        CHECK(view.debt("13777") == "1945.76");
        CHECK(view.customer("13777").home_store() == "store2");
    });
}

TEST_CASE("scenario 6: a late log changes no winner, and the value that lost is listed") {
    StoreLog store11("store11"), home("store12");
    const auto edit = [](const std::string& country, const std::string& day) {
        return when(person(K::customer_edit, "12431", "", {{"country", country}}),
                    day + "T12:00:00Z");
    };
    home.done(when(person(K::customer_add, "12431", "store12", {{"country", "Australia"}}),
                   "2010-12-01T10:00:00Z"));
    store11.done(edit("Belgium", "2011-02-17"));
    home.done(edit("Australia", "2011-02-27"));
    store11.done(edit("Belgium", "2011-10-10"));
    home.done(edit("Australia", "2011-11-04"));
    in_any_order({&home, &store11}, [](const View& view) {
        const auto field = view.customer("12431").fields.at(0);
        CHECK(field.shown() == "Australia");
        CHECK(field.conflict());
        REQUIRE(field.values.size() == 2);
        CHECK(field.values[1].value == "Belgium");
        CHECK(field.values[1].position.store.value() == "store11");
    });

    // Settled by somebody who saw both; an edit that had not seen it is a new conflict.
    StoreLog settler("store1"), late("store11b");
    View all;
    for (const StoreLog* store : {&store11, &home}) all.take(*store, 0, store->log().size());
    schema::SeenWrites seen{{{"country", {}}}};
    const ledger::MergedCustomer shown = all.customer("12431");
    for (const auto& value : shown.fields.at(0).values) {
        seen.fields[0].writes.push_back(value.position);
    }
    auto resolve = edit("Austria", "2011-11-05");
    resolve.kind = K::customer_resolve;
    resolve.payload = schema::encode(seen);
    settler.done(resolve);
    late.done(edit("Brazil", "2011-01-01"));
    in_any_order({&home, &store11, &settler}, [](const View& view) {
        CHECK_FALSE(view.customer("12431").fields.at(0).conflict());
        CHECK(view.customer("12431").fields.at(0).shown() == "Austria");
    });
    in_any_order({&home, &store11, &settler, &late}, [](const View& view) {
        CHECK(view.customer("12431").fields.at(0).conflict());
        CHECK(view.customer("12431").fields.at(0).shown() == "Austria");
    });
}

TEST_CASE("N11: settled differently at two places is one conflict of the two settlements") {
    StoreLog one("store1"), two("store2"), left("store3"), right("store4");
    one.done(person(K::customer_edit, "c", "", {{"name", "Ana"}}));
    two.done(person(K::customer_edit, "c", "", {{"name", "Anna"}}));
    const schema::SeenWrites seen{{{"name",
                                    {{one.name(), schema::Epoch{1}, schema::Sequence{1}},
                                     {two.name(), schema::Epoch{1}, schema::Sequence{1}}}}}};
    for (StoreLog* store : {&left, &right}) {
        auto resolve =
            person(K::customer_resolve, "c", "", {{"name", store == &left ? "Ana" : "Anna"}});
        resolve.payload = schema::encode(seen);
        store->done(resolve);
    }
    in_any_order({&one, &two, &left, &right}, [](const View& view) {
        const auto field = view.customer("c").fields.at(0);
        REQUIRE(field.values.size() == 2);
        CHECK(field.values[0].position.store.value() == "store4");
        CHECK(field.values[1].position.store.value() == "store3");
    });
}

TEST_CASE("scenario 7: stock and goods in transit add up to what was sold, at every moment") {
    const std::map<std::string, std::string> sold{{"store1", "4"},  {"store2", "2"},
                                                  {"store3", "48"}, {"store5", "20"},
                                                  {"store6", "40"}, {"store8", "1"}};
    Script evening, all;
    for (const auto& [name, quantity] : sold) {
        evening[name].push_back(goods(K::sell, "22423", quantity));
    }
    for (const char* name : {"store3", "store5", "store6"}) {
        evening["warehouse"].push_back(
            transfer(K::transfer_send, std::string("T-") + name, name, "22423", sold.at(name)));
    }
    const auto sent = [&](Telling& t) {
        t.play(evening);
        CHECK(t.at("warehouse").hand("22423") == "-108");
        t.settle();
    };
    told_in_any_order(sent, nothing_lost_of("22423"), [](const View& view, Telling&) {
        CHECK(view.stock("warehouse", "22423") == "-108");
        CHECK(view.out_sum("22423") == 108'000);
        CHECK(view.stock_everywhere("22423") == -223'000);  // In the stores -115.
    });
    // The lorry may be there before the data: each store's own order is all that is given.
    all = evening;
    for (const char* name : {"store3", "store5", "store6"}) {
        all[name].push_back(transfer(K::transfer_receive, std::string("T-") + name, "warehouse",
                                     "22423", sold.at(name)));
    }
    const auto received = [&](Telling& t) {
        t.play(all);
        t.settle();
    };
    told_in_any_order(received, nothing_lost_of("22423"), [](const View& view, Telling&) {
        for (const char* name : {"store3", "store5", "store6"}) {
            CHECK(view.stock(name, "22423") == "0");
        }
        CHECK(view.out("22423") == "");
        CHECK(view.stock_everywhere("22423") == -115'000);
    });
}

TEST_CASE("scenario 7: goods scanned after their cancellation was agreed are found, never both") {
    const std::string id = "T2010-12-01-1-21213";
    const Script cancelled{{"warehouse",
                            {transfer(K::transfer_send, id, "store1", "21213", "24"),
                             transfer(K::transfer_cancel, id, "store1")}},
                           {"store1", {}}};
    const Script scanned{
        {"store1", {transfer(K::transfer_receive, id, "warehouse", "21213", "24")}}};
    const Script settled{{"warehouse", {transfer(K::transfer_correct, id, "", "", "24")}}};
    const auto found = [&](Telling& t) {
        t.play(cancelled);
        t.settle();
        t.play(scanned);
        t.settle();
    };
    told_in_any_order(found, nothing_lost_of("21213"), [&](const View& view, Telling&) {
        CHECK(view.stock("store1", "21213") == "24");
        CHECK(view.stock("warehouse", "21213") == "0");
        CHECK(view.out("21213") == id + " found -24");
    });
    const auto corrected = [&](Telling& t) {
        found(t);
        t.play(settled);
        t.settle();
    };
    told_in_any_order(corrected, nothing_lost_of("21213"), [](const View& view, Telling&) {
        CHECK(view.stock("warehouse", "21213") == "-24");
        CHECK(view.out("21213") == "");
    });
    // Scanned before the request came: the receipt stands, and the goods are there once as well.
    const auto crossing = [&](Telling& t) {
        t.play({{"warehouse", {cancelled.at("warehouse")[0]}}, {"store1", {}}});
        t.play({{"warehouse", {cancelled.at("warehouse")[1]}}, {"store1", scanned.at("store1")}},
               "store1");
        t.settle();
    };
    told_in_any_order(crossing, nothing_lost_of("21213"), [](const View& view, Telling&) {
        CHECK(view.stock("store1", "21213") == "24");
        CHECK(view.stock("warehouse", "21213") == "-24");
        CHECK(view.out("21213") == "");
    });
}

TEST_CASE("scenario 8: goods returned to another store travel home for thirteen days") {
    const std::string id = "R2010-12-22-5-3-22943";
    const std::string day = "2010-12-22T";
    const Script returned{
        {"store3",
         {when(person(K::customer_add, "14944", "store3", {}), day + "13:13:00Z"),
          when(money(K::limit, "14944", "1750.00"), day + "13:13:00Z")}},
        {"store5",
         {when(goods(K::return_goods, "22943", "8", "C539830"), day + "13:13:00Z"),
          when(with_peer(money(K::credit_note, "14944", "39.60", "C539830"), "store3"),
               day + "13:13:00Z"),
          when(transfer(K::transfer_send, id, "store3", "22943", "8"), day + "22:00:00Z")}}};
    const Script arrived{{"store3",
                          {when(transfer(K::transfer_receive, id, "store5", "22943", "8"),
                                "2011-01-04T09:00:00Z")}}};
    const auto travels = [&](Telling& t) {
        t.play(returned);
        t.settle();
        CHECK(t.reserve("store3", "14944") == "1789.60");
    };
    told_in_any_order(travels, kNothing, [&](const View& view, Telling&) {
        CHECK(view.stock("store5", "22943") == "0");
        CHECK(view.out("22943") == id + " on the way 8");
        CHECK(view.debt("14944") == "-39.60");
    });
    const auto is_home = [&](Telling& t) {
        t.play(returned);
        t.play(arrived);
        t.settle();
    };
    told_in_any_order(is_home, kNothing, [](const View& view, Telling&) {
        CHECK(view.stock("store3", "22943") == "8");
        CHECK(view.stock("store5", "22943") == "0");
        CHECK(view.out("22943") == "");
    });
}

TEST_CASE("scenario 9: a store that was cut off for days changes nothing but when it is known") {
    Script script;
    for (int day = 0; day < 4; ++day) {
        const std::string id = "T" + std::to_string(day);
        script["warehouse"].push_back(transfer(K::transfer_send, id, "store7", "85123A", "20"));
        script["store7"].push_back(goods(K::sell, "85123A", "25"));
        script["store7"].push_back(transfer(K::transfer_receive, id, "warehouse", "85123A", "20"));
        script["store1"].push_back(goods(K::sell, "85123A", "1"));
    }
    for (unsigned seed = 1; seed <= kOrders; ++seed) {
        CAPTURE(seed);
        Telling t(seed);
        t.play(script, "store7");
        const Stores others{&t.at("warehouse"), &t.at("store1")};
        const View meanwhile = deliver(others, seed, kNothing);
        CHECK(meanwhile.stock("store7", "85123A") == "never moved");
        CHECK(meanwhile.out_sum("85123A") == 80'000);
        CHECK(t.at("store7").hand("85123A") == "-20");
        // Its line is back: the notices of four days come, in both directions.
        t.settle();
        const View view = deliver(t.stores(), seed, nothing_lost_of("85123A"));
        CHECK(view.stock("store7", "85123A") == "-20");
        CHECK(view.stock("store1", "85123A") == "-4");
        CHECK(view.stock("warehouse", "85123A") == "-80");
        CHECK(view.out("85123A") == "");
    }
}

TEST_CASE("scenario 10: twin lines are two sales, and one event that comes twice is one") {
    StoreLog store2("store2");
    store2.done(when(goods(K::sell, "22111", "1", "536409"), "2010-12-01T11:45:00Z"));
    store2.done(when(goods(K::sell, "22114", "3", "536409"), "2010-12-01T11:45:00Z"));
    store2.done(when(goods(K::sell, "22111", "1", "536409"), "2010-12-01T11:45:00Z"));
    in_any_order({&store2}, [](const View& view) { CHECK(view.stock("store2", "22111") == "-2"); });
}
