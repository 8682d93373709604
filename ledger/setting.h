#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "schema/amounts.h"
#include "schema/ids.h"

/// What a decision may use beside the store's own log: a written policy, and for verdicts what the
/// shell has read at known positions. Data, so that the same log and the same inputs decide alike.
namespace filial::ledger {

/// When a holder asks home for more room by itself, and what home answers by itself. Cents, or
/// thousandths for reserved stock.
struct TopUp {
    bool on = false;             ///< Off: home keeps requests until a person grants or refuses.
    std::int64_t low_water = 0;  ///< A holder asks as soon as a charge leaves less than this.
    std::int64_t target = 0;     ///< It asks to have this much; or, where that is more, as much as
                                 ///< it used since it was granted the last time.
    std::int64_t keep_back = 0;  ///< What home keeps of its reserve for itself.
};

struct Policy {
    /// A charge beyond the store's own room is refused unless it is entered as a fact. Off for
    /// shops that keep no limits: it is booked and flagged then.
    bool refuse_beyond_room = true;
    TopUp credit;
    TopUp stock;
};

/// What the other stores' logs say that a customer owes, and how far they were read.
struct Balance {
    schema::Money elsewhere;             ///< Sum of their contributions, in cents.
    std::vector<schema::Position> upto;  ///< Everything of these logs up to here is in it.
    std::vector<std::pair<std::string, schema::Money>> by_store{};  ///< Its parts, for people.
};

/// The rules whose absence the property test has to notice. All of them hold; only tests switch one
/// off.
struct Rules {
    bool only_a_holder_frees_room = true;
    bool grants_end_with_their_epoch = true;
    bool a_notice_counts_once = true;
    bool a_payment_counts_once = true;
    bool a_reversal_takes_room = true;
    bool verdicts_wait = true;
    bool an_answer_counts_for_its_round = true;
    bool closed_is_closed = true;
    bool a_fence_stops_grants = true;
    bool a_recall_returns_room = true;
    bool a_cut_limit_counts = true;
    bool lost_room_stays_unaccounted = true;
    bool grants_fit_the_reserve = true;
    bool charges_fit_the_room = true;
    bool a_verdict_reads_the_balance = true;
    bool a_new_home_knows_the_debt = true;
    bool a_receipt_counts_once = true;
    bool only_agreement_brings_goods_back = true;
    bool a_receipt_beats_its_cancellation = true;
};

struct Inputs {
    Policy policy;
    std::map<std::string, Balance, std::less<>> balances;  ///< By customer; for verdicts only.
    Rules rules;
};

/// Who decides, in which epoch, with what.
struct Setting {
    /// With the inputs of a store without any configuration.
    Setting(const schema::StoreId& store, schema::Epoch in_epoch = schema::Epoch{1});  // NOLINT
    /// `with` must outlive it.
    Setting(const schema::StoreId& store, schema::Epoch in_epoch, const Inputs& with)
        : self(store), epoch(in_epoch), inputs(with) {}

    const schema::StoreId& self;
    schema::Epoch epoch;
    const Inputs& inputs;

    const Policy& policy() const { return inputs.policy; }
    const Rules& rules() const { return inputs.rules; }
};

}  // namespace filial::ledger
