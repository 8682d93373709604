#include "ledger/flags.h"

#include "ledger/accounts.h"
#include "ledger/claims.h"
#include "ledger/grants.h"
#include "ledger/transit.h"
#include "schema/grant_payloads.h"

namespace filial::ledger {

using schema::Event;
using schema::Parser;
using schema::Result;

namespace {

/// What home finds out itself when it books what another store told it. Not that it does not know
/// the customer: his registration, or his limit, may be on its way there.
constexpr std::uint64_t kFoundAtHome =
    schema::kFlagAfterClose | schema::kFlagPaidTwice | schema::kFlagGivenUp;

template <class Payload>
Result<std::uint64_t> flags_in(const Result<Payload>& payload) {
    if (!payload) return tl::unexpected(payload.error());
    return payload->flags;
}

/// Without what stands flagged elsewhere: beside it in the same write, or in the log of the store
/// whose news it takes.
Result<std::uint64_t> flags_in_notices(Parser& parser, const Event& event) {
    const std::string& kind = event.kind;
    if (is_transfer_step(kind))
        return flags_in(schema::decode_transfer_step(parser, event.payload));
    if (kind == schema::kNoticeTaken) {
        return flags_in(schema::decode_notice_taken(parser, event.payload));
    }
    if (is_grant_kind(kind) || is_claim_kind(kind)) {
        const bool repeats = kind == schema::kGrantBooked || kind == schema::kClaimBooked ||
                             kind == schema::kClaimSettled;
        if (repeats) return 0;
        return flags_in(schema::decode_grant_step(parser, event.payload));
    }
    if (kind == schema::kDebtApplied) {
        const auto told = schema::decode_debt_told(parser, event.payload);
        if (!told) return tl::unexpected(told.error());
        // Without a cause it stands beside its debt.moved.
        return told->cause.store.value().empty() ? 0 : told->flags & kFoundAtHome;
    }
    if (is_account_kind(kind)) return flags_in(schema::decode_account_step(parser, event.payload));
    return 0;
}

}  // namespace

Result<std::uint64_t> flags_of(Parser& parser, const Event& event) {
    if (event.kind == schema::kStockMoved) {
        return flags_in(schema::decode_stock_moved(parser, event.payload));
    }
    if (event.kind == schema::kDebtMoved) {
        return flags_in(schema::decode_debt_moved(parser, event.payload));
    }
    if (event.kind == schema::kLimitSet) {
        return flags_in(schema::decode_limit_set(parser, event.payload));
    }
    if (schema::is_notice_topic(event.topic)) return flags_in_notices(parser, event);
    return 0;
}

}  // namespace filial::ledger
