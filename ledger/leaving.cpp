#include "ledger/leaving.h"

#include "ledger/grants.h"
#include "ledger/lives.h"
#include "ledger/stock.h"

namespace filial::ledger {

using schema::Errc;
using schema::Event;
using schema::fail;
using schema::Operation;
using schema::OperationKind;
using schema::Result;

namespace {

constexpr std::string_view kLeavingKey = "leaving";

std::vector<Event> one(std::string_view kind, const Operation& operation, std::string_view peer,
                       schema::Epoch epoch) {
    schema::GrantStep step;
    step.peer = peer;
    step.epoch = epoch;
    return {grant_event(kind, operation.at, operation.subject, {}, step)};
}

Result<std::vector<Event>> decide_retire(const State& state, const Setting& setting,
                                         const Operation& operation) {
    const std::string& store = operation.subject;
    if (store == setting.self.value()) {
        return fail(Errc::refused, store +
                                       " is this store: hand in `leave` here, another one has to "
                                       "say that it is no more");
    }
    const auto lives = Lives::read(state);
    if (!lives) return tl::unexpected(lives.error());
    if (lives->of(store).retired) {
        return fail(Errc::refused, store + " is retired already: nobody waits for it");
    }
    if (!lives->of(store).left && !is_fact(operation)) {
        return fail(Errc::refused,
                    store +
                        " has not handed over what it holds: hand in `leave` there and wait "
                        "until it is done; if it will not come back, retire it as a fact "
                        "(--fact), and what it holds is unaccounted");
    }
    return one(schema::kStoreRetired, operation, store, {});
}

Result<std::vector<Event>> decide_leave(const State& state, const Setting& setting,
                                        const Operation& operation) {
    const std::string& store = operation.subject;
    if (store != setting.self.value()) {
        return fail(Errc::refused, store + " is another store: say it there");
    }
    const auto known = leaving(state);
    if (!known) return tl::unexpected(known.error());
    if (operation.kind == OperationKind::left) {
        if (known->heir.empty() || known->done) {
            return fail(
                Errc::refused,
                store + (known->done ? " has left already" : " is not leaving: say `leave` first"));
        }
        return one(schema::kStoreLeft, operation, known->heir, setting.epoch);
    }
    if (operation.peer == store) {
        return fail(Errc::refused, store + " is this store: name another one that goes on");
    }
    return one(schema::kStoreLeaving, operation, operation.peer, setting.epoch);
}

}  // namespace

Result<std::vector<Event>> decide_life(const State& state, const Setting& setting,
                                       const Operation& operation) {
    if (operation.kind == OperationKind::retire_store) {
        return decide_retire(state, setting, operation);
    }
    if (operation.kind != OperationKind::tail_told) return decide_leave(state, setting, operation);
    if (operation.subject != setting.self.value() || setting.epoch.value() < 2) {
        return fail(Errc::refused, operation.subject +
                                       " lost no log that this store could tell "
                                       "again: say it at the store that did");
    }
    return one(schema::kTailTold, operation, operation.subject,
               schema::Epoch{setting.epoch.value() - 1});
}

Result<Leaving> leaving(const State& state) {
    Leaving known;
    const auto value = state.get(kLeavingKey);
    if (!value) return known;
    auto fields = parser().array(*value);
    if (!fields) return fail("own state of leaving", fields.error());
    known.heir = fields->str();
    known.done = fields->boolean();
    const auto done = parser().finish("own state of leaving");
    if (!done) return tl::unexpected(done.error());
    return known;
}

Result<void> apply_leaving(State& state, const Event& event) {
    const auto step = schema::decode_grant_step(parser(), event.payload);
    if (!step) return tl::unexpected(step.error());
    schema::Writer out;
    out.array(2).str(step->peer).boolean(event.kind == schema::kStoreLeft);
    state.put(kLeavingKey, out.take());
    return {};
}

bool is_leaving_kind(std::string_view kind) {
    return kind == schema::kStoreLeaving || kind == schema::kStoreLeft;
}

}  // namespace filial::ledger
