#pragma once

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "ledger/register.h"
#include "ledger/transit.h"
#include "schema/trade_payloads.h"
#include "test/unit/ledger/store_log.h"

namespace filial::test {

/// What a replica makes of the logs, by the ledger's own folds: contributions by log.
class View {
  public:
    /// Takes one range of a log, as it comes: what was taken before counts once.
    void take(const StoreLog& store, std::size_t from, std::size_t upto) {
        std::size_t& held = held_[store.name()];
        REQUIRE(from <= held);
        for (; held < upto; ++held) apply(store.name(), store.log()[held]);
    }
    std::size_t held(const StoreLog& store) { return held_[store.name()]; }

    /// Ends and starts: what is kept is what was written.
    void restart() {
        schema::Parser parser;
        for (auto& [id, sides] : transfers_) {
            for (auto& [store, side] : sides) {
                side = *ledger::decode_transfer_side(parser, ledger::encode(side));
            }
        }
        for (auto& [id, parts] : customers_) {
            for (auto& [store, part] : parts) {
                part = *ledger::decode_customer_part(parser, ledger::encode(part));
            }
        }
    }

    std::string stock(const std::string& store, const std::string& sku) const {
        const auto at = stock_.find({schema::StoreId{store}, sku});
        return at == stock_.end() ? "never moved" : to_string(schema::Quantity{at->second});
    }
    std::int64_t stock_everywhere(const std::string& sku) const {
        std::int64_t sum = 0;
        for (const auto& [name, quantity] : stock_) {
            if (name.second == sku) sum += quantity;
        }
        return sum;
    }
    /// Of all stores: what was sold of it, below zero.
    std::int64_t sold(const std::string& sku) const {
        const auto at = sold_.find(sku);
        return at == sold_.end() ? 0 : at->second;
    }
    std::string debt(const std::string& customer) const {
        std::int64_t sum = 0;
        for (const auto& [name, cents] : debts_) {
            if (name.second == customer) sum += cents;
        }
        return to_string(schema::Money{sum});
    }
    ledger::MergedCustomer customer(const std::string& customer) const {
        std::vector<ledger::PartOf> parts;
        const auto at = customers_.find(customer);
        if (at == customers_.end()) return {};
        for (const auto& [store, part] : at->second) {
            parts.push_back({store, schema::Epoch{1}, part});
        }
        return ledger::merge(parts);
    }
    /// "T1 on the way 108, ..."; of one article.
    std::string out(const std::string& sku) const {
        std::string text;
        for (const auto& [id, goods] : goods_out()) {
            if (goods.sku != sku) continue;
            text += (text.empty() ? "" : ", ") + id + " " + std::string(name_of(goods.state)) +
                    " " + to_string(goods.quantity);
        }
        return text;
    }
    std::int64_t out_sum(const std::string& sku) const {
        std::int64_t sum = 0;
        for (const auto& [id, goods] : goods_out()) {
            if (goods.sku == sku) sum += goods.quantity.value();
        }
        return sum;
    }

  private:
    std::vector<std::pair<std::string, ledger::GoodsOut>> goods_out() const {
        std::vector<std::pair<std::string, ledger::GoodsOut>> all;
        for (const auto& [id, sides] : transfers_) {
            std::vector<ledger::SideOf> list;
            for (const auto& [store, side] : sides) list.push_back({store, side});
            for (const auto& goods : ledger::goods_out(list)) all.emplace_back(id, goods);
        }
        return all;
    }

    void apply(const schema::StoreId& store, const schema::LoggedEvent& logged) {
        const schema::Event& event = logged.event;
        schema::Parser parser;
        if (event.kind == schema::kStockMoved) {
            const auto moved = test::stock(logged);
            stock_[{store, event.key}] += moved.delta.value();
            if (moved.reason == "sale") sold_[event.key] += moved.delta.value();
        } else if (event.kind == schema::kDebtMoved) {
            debts_[{store, event.key}] += test::debt(logged).delta.value();
        } else if (event.topic == schema::kTopicCustomers) {
            ledger::apply(customers_[event.key][store], {store, logged.epoch, logged.seq}, event.at,
                          test::customer(logged));
        } else if (ledger::is_transfer_step(event.kind)) {
            ledger::apply(transfers_[event.key][store], event.kind, step(logged), event.at);
        }
    }

    std::map<schema::StoreId, std::size_t> held_;
    std::map<std::pair<schema::StoreId, std::string>, std::int64_t> stock_;
    std::map<std::string, std::int64_t> sold_;
    std::map<std::pair<schema::StoreId, std::string>, std::int64_t> debts_;
    std::map<std::string, std::map<schema::StoreId, ledger::CustomerPart>> customers_;
    std::map<std::string, std::map<schema::StoreId, ledger::TransferSide>> transfers_;
};

}  // namespace filial::test
