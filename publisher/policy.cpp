#include "publisher/policy.h"
#include "schema/planted.h"

namespace filial::publisher {
namespace {

ledger::TopUp top_up_of(const core::TopUpPart& part) {
    ledger::TopUp top_up;
    top_up.on = part.on;
    top_up.low_water = part.low_water;
    top_up.target = part.target;
    top_up.keep_back = part.keep_back;
    return top_up;
}

}  // namespace

ledger::Rules rules_of_this_build() {
    ledger::Rules rules;
    using schema::Bug;
    rules.a_payment_counts_once = !schema::planted(Bug::payment_counts_twice);
    rules.a_notice_counts_once = !schema::planted(Bug::notice_counts_twice);
    rules.a_reversal_takes_room = !schema::planted(Bug::reversal_frees_room);
    rules.only_a_holder_frees_room = !schema::planted(Bug::anybody_frees_room);
    rules.closed_is_closed = !schema::planted(Bug::closed_is_charged);
    rules.a_recall_returns_room = !schema::planted(Bug::recall_loses_room);
    rules.a_cut_limit_counts = !schema::planted(Bug::cut_limit_unseen);
    rules.grants_fit_the_reserve = !schema::planted(Bug::grants_beyond_reserve);
    rules.charges_fit_the_room = !schema::planted(Bug::charges_beyond_room);
    rules.grants_end_with_their_epoch = !schema::planted(Bug::old_grants_spent);
    return rules;
}

ledger::Policy policy_of(const core::Options& options) {
    ledger::Policy policy;
    policy.refuse_beyond_room = options.limits.refuse;
    policy.credit = top_up_of(options.limits.credit);
    policy.stock = top_up_of(options.limits.stock);
    return policy;
}

}  // namespace filial::publisher
