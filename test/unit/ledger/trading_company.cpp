#include "test/unit/ledger/trading_company.h"

#include <algorithm>
#include <array>
#include <set>

#include "ledger/transit.h"
#include "schema/trade_payloads.h"

namespace filial::test {

using schema::LoggedEvent;
using schema::Operation;
using schema::Position;
using K = schema::OperationKind;

namespace {

constexpr std::array<const char*, 3> kNames{"warehouse", "store1", "store2"};

/// What the goods on the shelf grow by; only of what is done by hand, with goods.
std::int64_t on_the_shelf(const Operation& operation) {
    const std::int64_t quantity = operation.quantity.value();
    return operation.kind == K::sell || operation.kind == K::transfer_send ? -quantity : quantity;
}

bool is_by_hand(K kind) {
    return kind == K::receive || kind == K::sell || kind == K::transfer_send ||
           kind == K::transfer_receive || kind == K::transfer_more;
}

const std::string& sku_of(const Operation& operation) {
    return operation.sku.empty() ? operation.subject : operation.sku;
}

/// The end of the write that the event before `upto` belongs to.
std::size_t whole_write(const StoreLog& store, std::size_t upto) {
    const auto& log = store.log();
    while (upto > 0 && upto < log.size() && log[upto].event.index > 0) ++upto;
    return upto;
}

/// The notice that an event took; an empty store for none.
Position cause_of(const schema::Event& event) {
    if (ledger::is_transfer_step(event.kind)) return step({{}, {}, event}).cause;
    if (event.kind != schema::kNoticeTaken) return {};
    schema::Parser parser;
    const auto taken = schema::decode_notice_taken(parser, event.payload);
    schema::check(taken.has_value(), "a notice that was taken is read");
    return taken->cause;
}

std::size_t index_of(const schema::StoreId& store) {
    const auto found = std::find(kNames.begin(), kNames.end(), store.value());
    return static_cast<std::size_t>(found - kNames.begin());
}

}  // namespace

TradingCompany::TradingCompany(std::uint64_t seed, const ledger::Rules& rules) : random_(seed) {
    for (const char* name : kNames) {
        stores_.push_back({StoreLog(name), 0, {}, {}, std::vector<std::size_t>(kNames.size())});
        stores_.back().log.inputs.rules = rules;
    }
}

void TradingCompany::fail(const std::string& what) {
    if (wrong_.empty()) wrong_ = what;
}

std::size_t TradingCompany::any(std::size_t below) {
    return std::uniform_int_distribution<std::size_t>(0, below - 1)(random_);
}

void TradingCompany::step() {
    Store& store = stores_[any(stores_.size())];
    const std::size_t what = any(100);
    if (what < 50) return operate(store);
    if (what < 75) return deliver(any(stores_.size()), any(stores_.size()), false);
    if (what < 93) {
        const std::size_t more = any(store.log.log().size() - store.acked + 1);
        store.acked = whole_write(store.log, store.acked + more);
        return;
    }
    if (what < 95) return restart(store);
    if (what < 97) return restore(store);
    tell_lost(store);
}

/// Another log's notices, some of them not for the first time.
void TradingCompany::deliver(std::size_t to, std::size_t from, bool all) {
    if (to == from) return;
    Store& receiver = stores_[to];
    const Store& sender = stores_[from];
    std::size_t& read = receiver.read[from];
    const std::size_t again = read - std::min<std::size_t>(read, any(4));
    const std::size_t upto = all ? sender.acked : read + any(sender.acked - read + 1);
    for (std::size_t i = again; i < upto; ++i) {
        const LoggedEvent& logged = sender.log.log()[i];
        if (!schema::is_notice_topic(logged.event.topic)) continue;
        receiver.log.take({sender.log.name(), logged.epoch, logged.seq}, logged.event);
        if (i < read) ++happened_["notice again"];
    }
    read = std::max(read, upto);
}

void TradingCompany::operate(Store& store) {
    const std::string id = "T" + std::to_string(any(6));
    const char* peer = kNames[any(kNames.size())];
    const char* sku = any(8) == 0 ? "b" : "a";
    const std::string quantity = std::to_string(any(30));
    switch (any(8)) {
        case 0:
            return attempt(store, goods(K::receive, sku, std::to_string(any(20) + 1)));
        case 1:
            return attempt(store, goods(K::sell, sku, "1.5"));
        case 2:
        case 3:
            return attempt(store, transfer(K::transfer_send, id, peer, sku, "24"));
        case 4:
            return attempt(store, transfer(K::transfer_receive, id, peer, sku, quantity));
        case 5:
            return attempt(store, transfer(K::transfer_cancel, id, peer));
        case 6:
            return attempt(store, transfer(K::transfer_more, id, peer, sku, "1"));
        default:
            return attempt(
                store, transfer(any(2) == 0 ? K::transfer_correct : K::transfer_write_off, id, "",
                                "", quantity));
    }
}

/// A store whose transfers are not told again yet begins no other ones.
void TradingCompany::attempt(Store& store, const Operation& operation) {
    if (!schema::validate(operation)) return;
    if (!store.lost.empty() && !operation.sku.empty()) return;
    ++operations_;
    if (!hand_in(store, {store.log.next(), operation})) return;
    ++done_;
    // A scanner reads twice: that is no second lorry.
    const bool scanned = operation.kind == K::transfer_receive && any(3) == 0;
    if (scanned && store.log.hand_in({operation})) ++happened_["scan booked twice"];
}

bool TradingCompany::hand_in(Store& store, const Fact& fact) {
    const std::size_t before = store.log.log().size();
    if (!store.log.hand_in({fact.operation})) return false;
    if (is_by_hand(fact.operation.kind)) store.facts[before] = fact;
    return true;
}

void TradingCompany::restart(const Store& store) {
    ++happened_["restart"];
    if (store.log.replayed().all() != store.log.state().all()) {
        fail("a state is not what its log says");
    }
}

void TradingCompany::restore(Store& store) {
    ++happened_["restore"];
    std::vector<Fact> lost;
    for (auto at = store.facts.lower_bound(store.acked); at != store.facts.end();) {
        lost.push_back(at->second);
        at = store.facts.erase(at);
    }
    // What was told again and is lost again happened before what is still to be told.
    store.lost.insert(store.lost.begin(), lost.begin(), lost.end());
    store.log.reopen(store.acked);
    std::fill(store.read.begin(), store.read.end(), std::size_t{0});
}

void TradingCompany::tell_lost(Store& store) {
    for (Fact& fact : store.lost) {
        fact.operation.fact = true;
        if (fact.operation.sku.empty()) fact.operation.document = to_string(fact.id);
        if (!hand_in(store, fact)) fail(to_string(fact.id) + " cannot be told again");
        ++happened_["told again"];
        // Somebody typed it in already, from the paper: a transfer has one number.
        const K kind = fact.operation.kind;
        const bool twice = kind == K::transfer_send || kind == K::transfer_receive;
        if (twice && store.log.hand_in({fact.operation})) ++happened_["told twice"];
    }
    store.lost.clear();
}

void TradingCompany::check_a_cut() {
    Prefixes upto;
    for (const Store& store : stores_) {
        upto.push_back(whole_write(store.log, any(store.log.log().size() + 1)));
    }
    check(upto, false);
    close(upto);
    check(upto, true);
}

/// Lowers the prefixes until every notice that was taken is in them.
void TradingCompany::close(Prefixes& upto) const {
    for (bool closed = false; !closed;) {
        closed = true;
        for (std::size_t s = 0; s < stores_.size(); ++s) {
            const auto& log = stores_[s].log.log();
            std::size_t end = 0;
            for (; end < upto[s]; ++end) {
                const Position cause = cause_of(log[end].event);
                if (!cause.store.value().empty() && cause.seq.value() > upto[index_of(cause.store)])
                    break;
            }
            while (end > 0 && end < log.size() && log[end].event.index > 0) --end;
            closed = closed && end == upto[s];
            upto[s] = end;
        }
    }
}

void TradingCompany::check(const Prefixes& upto, bool closed) {
    check_balance(upto);
    for (std::size_t s = 0; s < stores_.size(); ++s) check_hands(stores_[s], upto[s]);
    if (closed) check_cancellations(upto);
}

/// What is on hand and out, less what came from and went to the world outside: 0 of everything.
void TradingCompany::check_balance(const Prefixes& upto) {
    std::map<std::string, std::int64_t> sums;
    std::map<std::string, std::vector<ledger::SideOf>> transfers;
    for (std::size_t i = 0; i < upto.size(); ++i) {
        const StoreLog& store = stores_[i].log;
        // As a replica keeps them: a side for each life of the store.
        std::map<std::pair<schema::Epoch, std::string>, ledger::TransferSide> sides;
        for (std::size_t at = 0; at < upto[i]; ++at) {
            const LoggedEvent& logged = store.log()[at];
            if (logged.event.kind == schema::kStockMoved) {
                const auto moved = stock(logged);
                // On hand grows by every move, and the world outside gave what no transfer did.
                if (moved.reason == "transfer") sums[logged.event.key] += moved.delta.value();
            }
            if (!ledger::is_transfer_step(logged.event.kind)) continue;
            const auto read = test::step(logged);
            ledger::apply(sides[{logged.epoch, logged.event.key}], logged.event.kind, read,
                          logged.event.at);
            if (logged.event.kind == schema::kTransferWrittenOff) {
                sums[read.sku] += read.quantity.value();
            }
        }
        for (const auto& [life, side] : sides) {
            transfers[life.second].push_back({store.name(), side});
        }
    }
    for (const auto& [id, sides] : transfers) {
        for (const ledger::GoodsOut& out : ledger::goods_out(sides)) {
            sums[out.sku] += out.quantity.value();
        }
    }
    for (const auto& [sku, sum] : sums) {
        if (sum != 0) fail(sku + ": on hand and out are " + std::to_string(sum) + " too much");
    }
}

/// On hand is what was really done, each fact once, with what came back and was corrected.
void TradingCompany::check_hands(const Store& store, std::size_t upto) {
    std::map<std::string, std::int64_t> book, real;
    for (std::size_t at = 0; at < upto; ++at) {
        const LoggedEvent& logged = store.log.log()[at];
        if (logged.event.kind == schema::kStockMoved) {
            book[logged.event.key] += stock(logged).delta.value();
        } else if (logged.event.kind == schema::kTransferTakenBack) {
            real[test::step(logged).sku] += test::step(logged).quantity.value();
        } else if (logged.event.kind == schema::kTransferCorrected) {
            real[test::step(logged).sku] -= test::step(logged).quantity.value();
        }
    }
    std::set<Position> seen;
    for (const auto& [at, fact] : store.facts) {
        if (at >= upto) break;
        if (!seen.insert(fact.id).second) fail(to_string(fact.id) + " is in a log twice");
        real[sku_of(fact.operation)] += on_the_shelf(fact.operation);
    }
    for (const auto& [sku, sum] : book) {
        if (sum == real[sku]) continue;
        fail(store.log.name().value() + " has " + std::to_string(sum) + " of " + sku + ", not " +
             std::to_string(real[sku]));
    }
}

/// Goods come back only behind an agreement, and nobody agrees to what he has received.
void TradingCompany::check_cancellations(const Prefixes& upto) {
    for (std::size_t s = 0; s < stores_.size(); ++s) {
        const std::string& name = stores_[s].log.name().value();
        std::set<std::string> received;
        for (std::size_t at = 0; at < upto[s]; ++at) {
            const schema::Event& event = stores_[s].log.log()[at].event;
            const std::string& id = event.key;
            if (event.kind == schema::kTransferReceived) received.insert(id);
            if (event.kind == schema::kCancelAgreed && received.contains(id)) {
                fail(name + " agreed to cancel " + id + ", which it had received");
            }
            if (event.kind != schema::kTransferTakenBack) continue;
            const Position cause = cause_of(event);
            const std::size_t index = static_cast<std::size_t>(cause.seq.value()) - 1;
            const bool agreed =
                !cause.store.value().empty() &&
                stores_[index_of(cause.store)].log.log()[index].event.kind == schema::kCancelAgreed;
            if (!agreed) fail(name + " took back " + id + " before anybody agreed");
        }
    }
}

void TradingCompany::settle() {
    for (Store& store : stores_) tell_lost(store);
    for (bool news = true; news;) {
        news = false;
        for (Store& store : stores_) store.acked = store.log.log().size();
        for (std::size_t to = 0; to < stores_.size(); ++to) {
            for (std::size_t from = 0; from < stores_.size(); ++from) deliver(to, from, true);
        }
        for (const Store& store : stores_) news = news || store.acked < store.log.log().size();
    }
    for (const Store& store : stores_) restart(store);
    Prefixes whole;
    for (const Store& store : stores_) whole.push_back(store.log.log().size());
    check(whole, true);
}

}  // namespace filial::test
