#pragma once

#include <memory>
#include <string>
#include <vector>

#include "test/unit/ledger/store_log.h"
#include "test/unit/subscriber/replica_support.h"

namespace filial::subscriber {

/// Three stores that decide by the ledger, and the replica of one of them. Ann's home is store1.
struct AnnCompany {
    test::StoreLog home{"store1"};
    test::StoreLog holder{"store2"};
    test::StoreLog other{"store3"};
    core::ManualClock clock;
    Folder folder;
    std::unique_ptr<Replica> replica;

    explicit AnnCompany(const std::string& own = "store1") {
        for (test::StoreLog* store : stores()) {
            store->inputs.policy.refuse_beyond_room = true;
            store->done(test::person(schema::OperationKind::customer_add, "ann", "store1", {}));
        }
        replica = open_replica(replica_options(folder, own));
    }

    std::vector<test::StoreLog*> stores() { return {&home, &holder, &other}; }
    void exchange() {
        for (int round = 0; round < 3; ++round) {
            for (test::StoreLog* to : stores()) {
                for (test::StoreLog* from : stores()) to->take_from(*from);
            }
        }
    }
    /// The topics of one store's log up to `upto`; all of it without one.
    void read(const test::StoreLog& store, std::vector<std::string> topics = {"*"},
              std::uint64_t upto = UINT64_MAX) {
        TestLog log(store.name().value());
        for (const auto& logged : store.log()) log.add(logged.event);
        log.epoch = store.next().epoch;
        const std::uint64_t after =
            replica->position(store.name(), topics.front() == "*" ? "control" : topics.front())
                .value();
        take(*replica, log.range(after, std::min<std::uint64_t>(log.size(), upto), topics));
    }
    void read_all() {
        for (const test::StoreLog* store : stores()) read(*store);
    }

    std::vector<schema::AnswerRow> rows(schema::QueryKind kind, const std::string& key = {}) {
        schema::Query query;
        query.kind = kind;
        query.key = key;
        return Asked{clock, *replica, {}}.pages(query);
    }
    schema::AnswerRow account(const std::string& customer = "ann") {
        const auto all = rows(schema::QueryKind::account, customer);
        REQUIRE_FALSE(all.empty());
        return all.front();
    }
    std::vector<schema::AnswerRow> holders() {
        std::vector<schema::AnswerRow> found;
        for (const schema::AnswerRow& row : rows(schema::QueryKind::account, "ann")) {
            if (field(row, "row") == "holder") found.push_back(row);
        }
        return found;
    }
    void limit_and_grant() {
        home.done(test::money(schema::OperationKind::limit, "ann", "100.00"));
        home.done(
            test::with_peer(test::money(schema::OperationKind::grant, "ann", "60.00"), "store2"));
    }
};

}  // namespace filial::subscriber
