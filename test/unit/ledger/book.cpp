#include "test/unit/ledger/book.h"

#include <algorithm>

#include "schema/result.h"

namespace filial::test {

using schema::RoundFor;

Book::Book(std::vector<std::string> stores, std::vector<Pool> pools)
    : names_(std::move(stores)), pools_(std::move(pools)) {
    stores_.resize(names_.size());
    for (std::size_t s = 0; s < names_.size(); ++s) {
        Store& store = stores_[s];
        store.accounts.resize(pools_.size());
        store.lives.resize(names_.size());
        store.taken.resize(names_.size());
        for (std::size_t p = 0; p < pools_.size(); ++p) {
            store.accounts[p].home = pools_[p].home == names_[s];
        }
    }
}

int Book::store_index(const std::string& name) const {
    const auto found = std::find(names_.begin(), names_.end(), name);
    return found == names_.end() ? -1 : static_cast<int>(found - names_.begin());
}

int Book::pool_index(const std::string& name) const {
    for (std::size_t i = 0; i < pools_.size(); ++i) {
        if (pools_[i].name == name) return static_cast<int>(i);
    }
    return -1;
}

bool Book::lost(const Store& store, Place place) const {
    const Life& life = store.lives[static_cast<std::size_t>(place.store)];
    return life.retired || place.epoch < life.epoch;
}

bool Book::told(const Store& store, Place place) const {
    return place.epoch <= store.lives[static_cast<std::size_t>(place.store)].told;
}

std::int64_t Book::reserve(const Store& store, int pool) const {
    const Account& account = store.accounts[static_cast<std::size_t>(pool)];
    const bool stock = pools_[static_cast<std::size_t>(pool)].stock;
    std::int64_t left = (stock ? account.own : account.limit - account.own) - account.booked;
    for (const auto& [place, out] : account.out) {
        if (!told(store, place)) left -= out;
    }
    return left;
}

std::string Book::add_move(int s, Account& account, int pool, const Item& item) {
    Store& store = stores_[static_cast<std::size_t>(s)];
    const bool stock = pools_[static_cast<std::size_t>(pool)].stock;
    if (item.kind == schema::kStockMoved) {
        account.own += item.amount;
        const bool flagged =
            (item.flags & (schema::kFlagOverCommitted | schema::kFlagBelowZero)) != 0;
        if (flagged) account.flagged += std::abs(item.amount);
        return {};
    }
    Hold& hold = account.holds[{0, item.epoch.value()}];
    if (item.kind == schema::kDebtTold) {
        const bool first = item.cause.store.value().empty();
        // Whose debt moved: one who was merged is told as the one who goes on.
        const int whose = pool_index(store.moved_alone);
        const bool roomed = first && whose < 0;
        if (first && whose >= 0) {
            store.accounts[static_cast<std::size_t>(whose)].unknown += item.amount;
        }
        store.moved_alone.clear();
        account.sent.push_back({store_index(item.peer), item.of_epoch.value(), item.epoch.value(),
                                item.seq.value(), -item.amount, false, 0, false, roomed, true});
        return {};
    }
    store.moved_alone.clear();
    std::string wrong;
    if (item.reason == "charge" && !item.fact() && !stock) {
        if (account.home) {
            if (account.fenced || account.closed || account.blocked) {
                wrong = "home charged an account that is fenced, closed or blocked";
            } else if (item.amount > reserve(store, pool)) {
                wrong = "home charged beyond its reserve";
            }
        } else if (!hold.open) {
            wrong = "a store that holds no grant charged";
        } else if (item.amount > hold.room) {
            wrong = "a holder charged beyond its room";
        }
    }
    account.own += item.amount;
    account.flagged += item.beyond;
    if (account.home) return wrong;
    if (hold.open) {
        hold.room -= item.amount;
    } else {
        account.unknown -= item.amount;
        store.moved_alone = item.key;
    }
    return wrong;
}

std::string Book::add_claim(Account& account, const Item& item) {
    Hold& hold = account.holds[{0, item.epoch.value()}];
    if (item.kind == schema::kClaimMade) {
        account.claims += item.amount;
        account.flagged += item.beyond;
        account.sent.push_back({store_index(item.peer), item.epoch.value(), item.epoch.value(),
                                item.seq.value(), -item.amount, false, 0, false, hold.open, true});
        if (!hold.open) {
            return item.fact() ? "" : "a store without a reserve sold from it";
        }
        hold.room -= item.amount;
        return hold.room < 0 && !item.fact() ? "a store sold beyond its reserve" : "";
    }
    if (item.kind == schema::kClaimBooked) {
        account.booked += item.amount;
        if (item.roomed) {
            take_out(account, {store_index(item.peer), item.of_epoch.value()}, item.amount);
        }
    } else if (item.kind == schema::kClaimShipped) {
        account.booked -= item.amount;
        account.claims -= item.amount;
        account.flagged += item.beyond;
    }
    return {};
}

/// What was written off is in the reserve already.
void Book::take_out(Account& account, Place place, std::int64_t amount) {
    const auto found = account.out.find(place);
    if (found != account.out.end()) found->second -= amount;
}

std::string Book::add_grant(int s, Account& account, const Item& item) {
    Store& store = stores_[static_cast<std::size_t>(s)];
    const int peer = store_index(item.peer);
    const Place place{peer, item.of_epoch.value()};
    Hold& hold = account.holds[{0, item.epoch.value()}];
    const auto send = [&](bool given) {
        account.sent.push_back({peer, item.of_epoch.value(), item.epoch.value(), item.seq.value(),
                                item.amount, given, 0, false, false, false});
    };
    if (item.kind == schema::kGrantGiven) {
        account.out[place] += item.amount;
        send(true);
        if (account.fenced || account.closed || account.blocked) {
            return "home granted a part of an account that is fenced, closed or blocked";
        }
    } else if (item.kind == schema::kGrantBooked) {
        take_out(account, place, item.amount);
    } else if (item.kind == schema::kGrantWrittenOff) {
        account.flagged += std::abs(item.amount);
        account.out.erase(place);
    } else if (item.kind == schema::kGrantTaken) {
        hold.room = (hold.open ? hold.room : 0) + item.amount;
        hold.home = peer;
        hold.open = true;
        store.resolved.insert({store_index(item.cause.store.value()), item.cause.seq.value()});
    } else if (item.kind == schema::kGrantReturned || item.kind == schema::kGrantClosed) {
        send(false);
        if (hold.open && hold.home == peer) {
            hold.room -= item.amount;
            if (item.kind == schema::kGrantClosed) hold.open = false;
        } else if (item.amount != 0) {
            store.resolved.insert({peer, item.cause.seq.value()});
        }
    }
    return !hold.open && hold.room != 0 ? "a closed grant left room behind" : "";
}

void Book::add_account(Account& account, const Item& item) {
    const bool answers = !item.addressee.empty() && item.kind == schema::kRoundRefused;
    if (item.kind == schema::kRoundOpened) {
        account.fenced = true;
        account.closed = false;
    } else if ((item.kind == schema::kRoundCancelled || item.kind == schema::kRoundRefused) &&
               !answers) {
        account.fenced = false;
    } else if (item.kind == schema::kAccountClosed) {
        account.fenced = false;
        account.closed = true;
    } else if (item.kind == schema::kAccountReopened) {
        account.closed = false;
    } else if (item.kind == schema::kAccountBlocked) {
        account.blocked = true;
    } else if (item.kind == schema::kAccountUnblocked) {
        account.blocked = false;
    } else if (item.kind == schema::kAccountHanded) {
        if (item.cause.store.value().empty()) {
            account.home = false;
            account.booked = 0;
            account.limit = 0;
        }
        if (item.addressee.empty()) return;
        account.sent.push_back({store_index(item.addressee), 0, item.epoch.value(),
                                item.seq.value(), -item.debt, false, item.amount, true, false,
                                false});
    } else if (item.kind == schema::kAccountTaken) {
        if (item.purpose == RoundFor::move) {
            account.fenced = account.closed = account.blocked = false;
            account.out.clear();
            account.limit = 0;
        }
        account.home = true;
        account.limit += item.amount;
        account.booked += item.debt;
    }
}

void Book::add_life(int s, const Item& item) {
    Store& store = stores_[static_cast<std::size_t>(s)];
    const auto from = static_cast<std::size_t>(std::max(0, store_index(item.cause.store.value())));
    if (item.taken_kind == schema::kLogOpened || item.taken_kind == schema::kTailTold) {
        Life& life = store.lives[from];
        life.epoch = std::max(life.epoch, item.cause.epoch.value());
        if (item.taken_kind == schema::kTailTold) life.told = item.cause.epoch.value() - 1;
    }
    if (item.taken_kind == schema::kStoreRetired || item.kind == schema::kStoreRetired) {
        store.lives[static_cast<std::size_t>(store_index(item.key))].retired = true;
    }
}

std::string Book::add(const std::string& name, const Item& item) {
    const int s = store_index(name);
    Store& store = stores_[static_cast<std::size_t>(s)];
    if (!item.cause.store.value().empty()) {
        auto& taken = store.taken[static_cast<std::size_t>(store_index(item.cause.store.value()))];
        taken = std::max(taken, {item.cause.epoch.value(), item.cause.seq.value()});
    }
    add_life(s, item);
    const int pool = pool_index(item.key);
    if (pool < 0) return {};
    Account& account = store.accounts[static_cast<std::size_t>(pool)];
    if (item.kind == schema::kLimitSet) {
        account.limit = item.amount;
        account.flagged += item.beyond;
        return {};
    }
    if (item.kind == schema::kDebtApplied) {
        account.booked += item.amount;
        if (item.roomed) {
            take_out(account, {store_index(item.peer), item.of_epoch.value()}, item.amount);
        }
        // Merged at one home: it booked its own move at once.
        const int merged = pool_index(store.moved_alone);
        if (item.cause.store.value().empty() && merged >= 0) {
            store.accounts[static_cast<std::size_t>(merged)].unknown += item.amount;
        }
        return {};
    }
    if (item.kind.rfind("claim.", 0) == 0) return add_claim(account, item);
    if (item.kind.rfind("grant.", 0) == 0) return add_grant(s, account, item);
    if (item.kind.rfind("round.", 0) == 0 || item.kind.rfind("account.", 0) == 0) {
        add_account(account, item);
        return {};
    }
    const bool moves = item.kind == schema::kDebtMoved || item.kind == schema::kDebtTold ||
                       item.kind == schema::kStockMoved;
    return moves ? add_move(s, account, pool, item) : "";
}

bool Book::took(int s, const OnItsWay& sent, int from) const {
    const auto& taken = stores_[static_cast<std::size_t>(s)].taken[static_cast<std::size_t>(from)];
    return taken >= std::pair{sent.log_epoch, sent.seq};
}

void Book::sum(int pool, Sum& sum) const {
    const bool stock = pools_[static_cast<std::size_t>(pool)].stock;
    for (int s = 0; s < static_cast<int>(stores_.size()); ++s) {
        const Store& store = stores_[static_cast<std::size_t>(s)];
        const Account& account = store.accounts[static_cast<std::size_t>(pool)];
        sum.total += stock ? account.claims : account.own;
        sum.flagged += account.flagged;
        sum.add(account.unknown);
        if (!account.home && !stock) sum.add(-account.booked);
        if (account.home) {
            sum.limit += stock ? account.own : account.limit;
            sum.add(reserve(store, pool));
            for (const auto& [place, out] : account.out) {
                if (lost(store, place) && !told(store, place)) sum.add(out);
            }
        }
        for (const auto& [own_epoch, hold] : account.holds) {
            const bool is = hold.home >= 0 && hold.open;
            if (is && !lost(stores_[static_cast<std::size_t>(hold.home)], {s, own_epoch.epoch})) {
                sum.add(hold.room);
            }
        }
        for (const OnItsWay& sent : account.sent) {
            const Store& to = stores_[static_cast<std::size_t>(sent.to)];
            if (sent.given) {
                if (lost(store, {sent.to, sent.epoch}) || to.resolved.contains({s, sent.seq})) {
                    continue;
                }
            } else {
                // What a store does that is given up is not in its room any more.
                const bool given_up = !sent.handed && lost(to, {s, sent.log_epoch});
                const bool debt = sent.moves;
                if (took(sent.to, sent, s) || (given_up ? !debt : sent.roomed)) continue;
            }
            if (sent.handed) sum.limit += sent.limit;
            // What a store that is given up spent comes out of what is unaccounted of it.
            if (sent.roomed) {
                sum.total += sent.amount;
            } else {
                sum.add(sent.amount + sent.limit);
            }
        }
    }
}

/// A verdict waits for whoever could charge: nobody may hold a part of a closed account, or get
/// one that was given before. What lost epochs held is over with them.
std::string Book::holders_of_closed(int pool) const {
    for (int h = 0; h < static_cast<int>(stores_.size()); ++h) {
        const Store& home = stores_[static_cast<std::size_t>(h)];
        const Account& account = home.accounts[static_cast<std::size_t>(pool)];
        if (!account.home || !account.closed) continue;
        for (int s = 0; s < static_cast<int>(stores_.size()); ++s) {
            const Store& holder = stores_[static_cast<std::size_t>(s)];
            for (const auto& [own_epoch, hold] :
                 holder.accounts[static_cast<std::size_t>(pool)].holds) {
                if (!hold.open || hold.home != h || lost(home, {s, own_epoch.epoch})) continue;
                return names_[static_cast<std::size_t>(s)] + " still holds a part";
            }
        }
        for (const OnItsWay& sent : account.sent) {
            if (!sent.given || lost(home, {sent.to, sent.epoch})) continue;
            const Store& to = stores_[static_cast<std::size_t>(sent.to)];
            if (to.resolved.contains({h, sent.seq})) continue;
            return names_[static_cast<std::size_t>(sent.to)] + " still gets a part";
        }
    }
    return {};
}

std::string Book::wrong() const {
    std::map<int, Sum> sums;
    std::map<int, std::string> names;
    for (std::size_t p = 0; p < pools_.size(); ++p) {
        sum(static_cast<int>(p), sums[pools_[p].group]);
        names[pools_[p].group] = pools_[p].name;
        const std::string holds = holders_of_closed(static_cast<int>(p));
        if (!holds.empty()) return pools_[p].name + " is closed, and " + holds;
    }
    for (const auto& [group, sum] : sums) {
        if (sum.total != sum.limit) {
            return names[group] + ": adds up to " + std::to_string(sum.total) + ", not to " +
                   std::to_string(sum.limit);
        }
        if (sum.negative > sum.flagged) {
            return names[group] + ": " + std::to_string(sum.negative) + " is missing, but only " +
                   std::to_string(sum.flagged) + " is flagged";
        }
    }
    return {};
}

}  // namespace filial::test
