#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "schema/operation.h"
#include "test/sim/plan.h"
#include "test/sim/process.h"
#include "test/unit/ledger/book.h"

namespace filial::sim {

/// What people do: drawn so that the few customers, goods and stores meet often.
class Operations {
  public:
    Operations(const Plan& plan, Random& random, std::vector<std::unique_ptr<Machine>>& machines,
               std::vector<std::string> stores);

    /// What a till of `machine` hands in next.
    std::vector<schema::Operation> ticket(const Machine& machine);
    /// What every store does first: customers are made known.
    std::vector<schema::Operation> beginning(const std::string& store);
    const std::vector<test::Book::Pool>& pools() const { return pools_; }

  private:
    schema::Operation operation(const Machine& machine);
    schema::Operation money(const Machine& machine);
    schema::Operation grant(const Machine& machine);
    schema::Operation reserved(const Machine& machine);
    schema::Operation account(const Machine& machine);
    schema::Operation goods(const Machine& machine);
    schema::Operation transfer(const Machine& machine);
    std::string any_customer() { return pools_[random_.below(3)].name; }
    std::string any_store() { return random_.pick(stores_); }
    const std::string& home_of(const std::string& customer);

    struct Transfer {
        std::string id, from, to, sku;
        schema::Quantity quantity;
    };
    const Plan& plan_;
    Random& random_;
    std::vector<std::unique_ptr<Machine>>& machines_;
    std::vector<std::string> stores_;
    std::vector<test::Book::Pool> pools_;
    std::vector<Transfer> transfers_;
    std::uint64_t documents_ = 0;
};

/// A publisher's state as it stands on its disk.
class DiskState : public ledger::State {
  public:
    explicit DiskState(const SimJournal& disk) : disk_(disk) {}
    std::optional<schema::Bytes> get(schema::ByteView key) const override;
    void put(schema::ByteView, schema::Bytes) override {}
    void erase(schema::ByteView) override {}

  private:
    const SimJournal& disk_;
};

}  // namespace filial::sim
