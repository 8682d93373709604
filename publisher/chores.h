#pragma once

#include <string>
#include <vector>

#include "ledger/setting.h"
#include "ledger/state.h"
#include "schema/operation.h"
#include "schema/query.h"

/// What a store has to do by itself to bring official operations to their end, from its own log
/// alone and, where that is not enough, from one answer of its replica. Pure: publisher/rounds.h
/// asks and hands in.
namespace filial::publisher {

/// One customer's business that is not finished.
struct Chore {
    enum class What {
        wait,       ///< Somebody else is waited for.
        verdict,    ///< Everybody has answered: home decides.
        close,      ///< The same, of a closing: the balance has to be read first.
        name_home,  ///< The account came here: the customer's record has to say so.
    };
    What what = What::wait;
    std::string customer;
    std::string text;                  ///< "close of customer ann, round 2".
    std::vector<std::string> awaited;  ///< Living stores whose answer is missing.
    std::string waits_for;             ///< All that is waited for, for people.
    std::vector<std::string> merged;   ///< Whose debts count into the balance too.
};

/// All of them, in the order in which they began. Fails if the own state is damaged.
schema::Result<std::vector<Chore>> chores(const ledger::State& state);

/// What the replica is asked first, if anything: `what` is close or name_home.
schema::Query question_of(const Chore& chore, const schema::StoreId& self);

/// The ticket that does it, once `answer` came to that question; none is needed for a verdict.
/// `stale` where the replica cannot say enough yet.
schema::Result<std::vector<schema::Operation>> operations_of(const Chore& chore,
                                                             const schema::StoreId& self,
                                                             const schema::Answer& answer,
                                                             schema::Timestamp at);

/// What other logs say that he owes, with what this store's own log says of those merged into him.
schema::Result<ledger::Balance> balance_of(const ledger::State& state, const Chore& chore,
                                           const schema::Answer& answer);

}  // namespace filial::publisher
