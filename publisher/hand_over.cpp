#include "publisher/hand_over.h"

#include <algorithm>

#include "ledger/debts.h"
#include "ledger/leaving.h"
#include "ledger/pot.h"
#include "ledger/room.h"

namespace filial::publisher {

using schema::Bytes;
using schema::GrantOf;
using schema::Operation;
using schema::OperationKind;
using schema::Result;

namespace {

/// Keys looked at in one turn, so that a store of many customers stays lively.
constexpr std::size_t kKeysATurn = 200;
/// Named in the status; the others come up when these are done.
constexpr std::size_t kNamedMost = 20;

constexpr std::string_view kRooms = "room/";
constexpr std::string_view kAccounts = "pot/c/";
constexpr std::string_view kCustomers = "customer/";
constexpr std::string_view kStock = "pot/s/";

Operation made(OperationKind kind, const std::string& subject, const std::string& peer) {
    Operation operation;
    operation.kind = kind;
    operation.subject = subject;
    operation.peer = peer;
    return operation;
}

/// "room/c/ann" or "room/s/store7/tea", without a name's slash: a store has none.
struct RoomKey {
    explicit RoomKey(const Bytes& key) : of(key[5] == 'c' ? GrantOf::credit : GrantOf::stock) {
        const std::string rest = key.substr(7);
        const std::size_t slash = of == GrantOf::stock ? rest.find('/') : std::string::npos;
        if (slash != std::string::npos) place = rest.substr(0, slash);
        id = slash == std::string::npos ? rest : rest.substr(slash + 1);
    }
    GrantOf of;
    std::string place;
    std::string id;
};

std::string why_not_handed(const ledger::Pot& pot) {
    if (pot.standing == ledger::Standing::fenced) return "its round is not decided yet";
    if (pot.blocked) return "it is blocked: a person has to unblock it (unblock-customer)";
    return {};
}

}  // namespace

void HandOver::start_again() {
    part_ = Part::rooms;
    after_.clear();
    waits_.clear();
}

void HandOver::wait_for(const std::string& what, const std::string& why) {
    if (waits_.size() < kNamedMost) waits_.emplace_back(what, why);
}

void HandOver::refused(const Operation& operation, const std::string& why) {
    wait_for(std::string(schema::operation_info(operation.kind).name) + " of " + operation.subject,
             why);
}

Result<void> HandOver::look_at(const Outbox& outbox, const Bytes& key,
                               std::vector<Operation>& found) {
    if (part_ == Part::rooms) {
        const RoomKey name(key);
        const auto room = ledger::read_room(outbox, name.of, name.place, name.id);
        if (!room) return tl::unexpected(room.error());
        const auto left = ledger::room_left(outbox, name.of, name.id, *room, outbox.epoch());
        if (!left) return tl::unexpected(left.error());
        if (left->value_or(0) <= 0) return {};
        const bool credit = name.of == GrantOf::credit;
        found.push_back(made(credit ? OperationKind::grant_return : OperationKind::reserve_return,
                             name.id, credit ? std::string() : room->home));
        return {};
    }
    if (part_ == Part::customers) {
        // One without a limit, of whom no other store ever told anything, has no account yet.
        const std::string id = key.substr(kCustomers.size());
        const auto view = ledger::credit_view(outbox, {self_, outbox.epoch()}, id);
        if (!view) return tl::unexpected(view.error());
        const bool alone = view->is_home && !view->pot.known;
        if (alone) found.push_back(made(OperationKind::move_home, id, heir_));
        return {};
    }
    const bool credit = part_ == Part::accounts;
    const std::string id = key.substr(credit ? kAccounts.size() : kStock.size());
    const auto pot = ledger::read_pot(outbox, credit ? GrantOf::credit : GrantOf::stock, id);
    if (!pot) return tl::unexpected(pot.error());
    if (!credit) {
        for (const ledger::Share& share : pot->shares) {
            if (share.out > 0) wait_for("stock of " + id, share.store + " has a part reserved");
        }
        for (const ledger::Amount& claim : pot->claims) {
            wait_for("stock of " + id, claim.store + " sold a part that is not shipped");
        }
        return {};
    }
    const bool here = pot->known && (pot->standing == ledger::Standing::open ||
                                     pot->standing == ledger::Standing::fenced);
    if (!here) return {};
    const std::string why = why_not_handed(*pot);
    if (!why.empty()) {
        wait_for("customer " + id, why);
    } else {
        found.push_back(made(OperationKind::move_home, id, heir_));
    }
    return {};
}

Result<std::vector<Operation>> HandOver::next(const Outbox& outbox, schema::Timestamp at) {
    std::vector<Operation> found;
    const auto leaving = ledger::leaving(outbox);
    if (!leaving) return tl::unexpected(leaving.error());
    heir_ = leaving->heir;
    done_ = leaving->done;
    if (heir_.empty() || part_ == Part::done) return found;
    const std::string_view prefix = part_ == Part::rooms       ? kRooms
                                    : part_ == Part::accounts  ? kAccounts
                                    : part_ == Part::customers ? kCustomers
                                                               : kStock;
    const auto keys = outbox.keys(prefix, after_, kKeysATurn);
    if (!keys) return tl::unexpected(keys.error());
    for (const Bytes& key : *keys) {
        if (found.size() >= kHandOverMost) break;
        if (const auto ok = look_at(outbox, key, found); !ok) return tl::unexpected(ok.error());
        after_ = key;
    }
    if (keys->empty()) {
        after_.clear();
        part_ = static_cast<Part>(static_cast<int>(part_) + 1);
        if (part_ == Part::done && waits_.empty() && !done_) {
            found.push_back(made(OperationKind::left, self_.value(), {}));
        }
    }
    for (Operation& operation : found) operation.at = at;
    return found;
}

std::vector<std::string> HandOver::waiting() const {
    std::vector<std::string> lines;
    if (heir_.empty() || done_) return lines;
    for (const auto& [what, why] : waits_) {
        lines.push_back("leaving for " + heir_ + ": " + what + ": " + why);
    }
    if (lines.empty()) lines.push_back("leaving for " + heir_ + ": being handed over");
    return lines;
}

}  // namespace filial::publisher
