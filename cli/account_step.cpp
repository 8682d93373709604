#include "cli/account_step.h"

#include <algorithm>
#include <thread>

#include "cli/account.h"
#include "cli/heard.h"
#include "cli/pages.h"
#include "schema/payloads.h"

namespace filial::cli {

using schema::AnswerRow;
using schema::Operation;
using schema::Query;
using schema::QueryKind;

namespace {

using K = schema::OperationKind;

/// The replica reads the publisher's log at once; five seconds are for a busy machine.
constexpr int kTries = 100;
constexpr std::chrono::milliseconds kPause{50};

enum class Shown {
    yes,  ///< The replica holds the own log up to there.
    not_yet,
    silent,  ///< It does not answer, or keeps nothing of this store.
};

/// Waits a little for it.
Shown is_shown(Context& context, const std::string& self, schema::Sequence last) {
    auto link = context.connect(Process::subscriber);
    if (!link) return Shown::silent;
    Query query;
    query.kind = QueryKind::reached;
    for (int i = 0; i < kTries; ++i) {
        bool known = false;
        bool there = false;
        const auto asked = ask_pages(**link, query, [&](const AnswerRow& row) {
            if (row.store != self) return;
            known = true;
            there = row.value >= static_cast<std::int64_t>(last.value());
        });
        if (!asked || !known) return Shown::silent;
        if (there) return Shown::yes;
        std::this_thread::sleep_for(kPause);
    }
    return Shown::not_yet;
}

/// What is known after the operation; empty where the replica cannot say it.
struct Known {
    std::string self;
    Heard heard;
    std::optional<AccountRows> account;

    std::string home() const { return account ? field_of(account->account, "home") : ""; }
    bool is_elsewhere() const { return !home().empty() && home() != self; }
    bool holds() const {
        const auto here = [&](const schema::AnswerRow& row) { return row.store == self; };
        return account && std::any_of(account->holders.begin(), account->holders.end(), here);
    }
    std::string wait(const std::string& store) const { return waiting_for(heard, {{store}, {}}); }
    std::string wait_all() const { return account ? waiting_for(heard, account->awaited()) : ""; }
};

bool is_about_account(K kind) {
    switch (kind) {
        case K::limit:
        case K::grant:
        case K::grant_return:
        case K::grant_recall:
        case K::grant_ask:
        case K::grant_write_off:
        case K::close_account:
        case K::move_home:
        case K::merge:
        case K::round_verdict:
        case K::round_cancel:
        case K::reopen_account:
        case K::block_customer:
        case K::unblock_customer:
            return true;
        default:
            return false;
    }
}

Known known_after(Context& context, const Operation& operation, const schema::Accepted& accepted) {
    Known known;
    const auto options = context.options();
    if (!options) return known;
    known.self = (*options)->store.value();
    const Shown shown = is_shown(context, known.self, accepted.last);
    if (shown == Shown::silent) return known;
    if (const auto heard = heard_stores(context)) known.heard = *heard;
    if (shown != Shown::yes || !is_about_account(operation.kind)) return known;
    if (auto rows = account_rows(context, operation.subject)) known.account = std::move(*rows);
    return known;
}

std::string see(const Operation& operation) { return "`filial account " + operation.subject + "`"; }

/// A round that this store opened, or asked the customer's home for.
std::string round_step(const Operation& operation, const Known& known, const std::string& what) {
    if (known.is_elsewhere()) {
        return "Next: " + known.home() + ", the customer's home, " + what + "; " +
               known.wait(known.home()) + "; `filial rounds` shows it there.";
    }
    if (!known.account) {
        return "Next: every store that may charge him answers; `filial rounds` says who is waited "
               "for.";
    }
    const std::string waiting = known.wait_all();
    if (waiting.empty()) {
        return "Next: nobody else may charge him, so nobody is waited for; the verdict follows, " +
               see(operation) + " shows it.";
    }
    return "Next: " + known.self + " " + what +
           ", once every store that may charge him has "
           "answered; " +
           waiting + "; `filial round cancel " + operation.subject + "` gives up.";
}

/// A limit that was cut below what is owed and given away.
std::string cut_limit_step(const Operation& operation, const Known& known) {
    WaitsFor holders;
    if (known.account) {
        for (const AnswerRow& row : known.account->holders) {
            if (row.value > 0) holders.stores.push_back(row.store);
        }
    }
    const std::string waiting = waiting_for(known.heard, holders);
    return "Next: what other stores hold of it is asked back, as far as the limit is short; " +
           (waiting.empty() ? "" : waiting + "; ") + see(operation) + " shows what is left.";
}

std::string block_step(const Operation& operation, const Known& known) {
    if (known.is_elsewhere()) {
        return "Next: " + known.home() + ", the customer's home, blocks him; " +
               known.wait(known.home()) + "; until then stores that hold a part may charge him.";
    }
    const std::string waiting = known.wait_all();
    if (!known.account) {
        return "Next: what other stores hold is asked back; until they answer they may charge him, "
               "`filial account " +
               operation.subject + "` says who.";
    }
    if (waiting.empty()) {
        return "Next: nothing, nobody holds a part of his limit and nobody is waited for; `filial "
               "unblock-customer " +
               operation.subject + "` takes it back.";
    }
    return "Next: what other stores hold is asked back, and until they answer they may charge "
           "him; " +
           waiting + ".";
}

/// A round given up, an account opened again, a block taken back: what else may stand in the way.
std::string free_again_step(const Operation& operation, const Known& known) {
    const auto says = [&](const char* name, const char* value) {
        return known.account && field_of(known.account->account, name) == value;
    };
    if (says("blocked", "yes")) {
        return "Next: nothing; he stays blocked until `filial unblock-customer " +
               operation.subject + "`.";
    }
    if (says("standing", "closed")) {
        return "Next: nothing; his account stays closed until `filial reopen-account " +
               operation.subject + "`.";
    }
    if (says("standing", "round")) {
        const std::string waiting = known.wait_all();
        return "Next: the round under way goes on" + (waiting.empty() ? "" : "; " + waiting) +
               "; `filial round cancel " + operation.subject + "` gives it up.";
    }
    return "Next: nothing; he may be charged at his home again, and elsewhere once `filial grant` "
           "gives a part of his limit.";
}

std::string verdict_step(const Operation& operation, const Known& known) {
    if (!known.account || known.account->notes.empty()) {
        return "Next: " + see(operation) + " shows the verdict.";
    }
    const AnswerRow& last = known.account->notes.back();
    const std::string& kind = field_of(last, "kind");
    if (kind == "account.closed") {
        return "Next: nothing, the account is closed; `filial reopen-account " + operation.subject +
               "` opens it again.";
    }
    if (kind == "round.refused") {
        return "Next: it is not done, he " + field_of(last, "reason") + "; " + see(operation) +
               " lists what is booked where.";
    }
    return "Next: " + field_of(last, "peer") + " takes it over; " +
           known.wait(field_of(last, "peer")) + ".";
}

std::string part_step(const Operation& operation, const Known& known) {
    const std::string& peer = operation.peer;
    switch (operation.kind) {
        case K::grant:
        case K::reserve:
            return "Next: " + peer +
                   " may spend it as soon as it has it, and can be asked for it "
                   "back with `filial recall`; " +
                   known.wait(peer) + ".";
        case K::grant_recall:
        case K::reserve_recall:
            return "Next: " + peer + " hands back what it has not spent by then; " +
                   known.wait(peer) + ".";
        case K::grant_return:
            if (known.account && !known.holds()) {
                return "Next: nothing, no part of his limit is held here; what was refused is no "
                       "task any more.";
            }
            return "Next: " + (known.home().empty() ? "the customer's home" : known.home()) +
                   " has it in its reserve again once it has heard of it" +
                   (known.home().empty() ? "" : "; " + known.wait(known.home())) + ".";
        case K::reserve_return:
            return "Next: it may be sold by " + peer + " again once that has heard of it; " +
                   known.wait(peer) + ".";
        case K::grant_ask: {
            const std::string home = known.home().empty() ? peer : known.home();
            return "Next: " + (home.empty() ? "his home" : home) +
                   " gives it by its policy, or a person there does (`filial tasks`)" +
                   (home.empty() ? "" : "; " + known.wait(home)) + ".";
        }
        case K::reserve_ask:
            return "Next: " + peer +
                   " gives it by its policy, or a person there does (`filial "
                   "tasks`); " +
                   known.wait(peer) + ".";
        case K::grant_refuse:
        case K::reserve_refuse:
            return "Next: " + peer + " is told, and its `filial tasks` says why; " +
                   known.wait(peer) + ".";
        default:
            return "Next: nothing, it is free again here; should " + peer +
                   " turn up after all, what it spent is taken from the reserve.";
    }
}

std::string standing_step(const Operation& operation, const Known& known) {
    switch (operation.kind) {
        case K::close_account:
            return round_step(operation, known,
                              "closes the account if nothing is owed, or says why not");
        case K::move_home:
            return round_step(operation, known, "hands him over to " + operation.peer);
        case K::merge:
            return round_step(operation, known, "merges him");
        case K::block_customer:
            return block_step(operation, known);
        case K::round_verdict:
            return verdict_step(operation, known);
        case K::round_cancel:
        case K::reopen_account:
        case K::unblock_customer:
            return free_again_step(operation, known);
        default:
            return part_step(operation, known);
    }
}

std::string other_step(const Operation& operation, const Known& known) {
    switch (operation.kind) {
        case K::sell_reserved:
            return "Next: " + operation.peer + " ships it with `filial ship " + operation.subject +
                   " " + to_string(operation.quantity) + " --for " + known.self + "`; " +
                   known.wait(operation.peer) + ".";
        case K::ship:
            return "Next: nothing; " + operation.peer + " hears that it is on its way.";
        case K::retire_store:
            return "Next: every store hears of it; what " + operation.subject +
                   " held is unaccounted until `filial grant write-off` at each home, whose "
                   "`filial tasks` names it.";
        case K::leave:
            return "Next: this store hands its customers over to " + operation.peer +
                   " and gives back what it holds; `filial status` names what waits, and head "
                   "office ends with `filial retire-store " +
                   operation.subject + "`.";
        case K::left:
            return "Next: head office ends with `filial retire-store " + operation.subject + "`.";
        default:
            return "Next: every home has what this store held before in its reserve again, once it "
                   "has heard of it; `filial account CUSTOMER` shows it.";
    }
}

}  // namespace

std::string next_account_step(Context& context, const Operation& operation,
                              const schema::Accepted& accepted) {
    const bool cut =
        operation.kind == K::limit && (accepted.flags & schema::kFlagOverCommitted) != 0;
    if (!cut && (operation.kind < K::grant || operation.kind > K::reserve_refuse)) return "";
    const Known known = known_after(context, operation, accepted);
    if (cut) return cut_limit_step(operation, known);
    switch (operation.kind) {
        case K::sell_reserved:
        case K::ship:
        case K::retire_store:
        case K::tail_told:
        case K::leave:
        case K::left:
            return other_step(operation, known);
        default:
            return standing_step(operation, known);
    }
}

}  // namespace filial::cli
