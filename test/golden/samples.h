#pragma once

#include <functional>
#include <string>
#include <vector>

#include "schema/accepted_loss.h"
#include "schema/block.h"
#include "schema/event.h"
#include "schema/grant_payloads.h"
#include "schema/mark.h"
#include "schema/messages.h"
#include "schema/payloads.h"
#include "schema/trade_payloads.h"
#include "schema/verdict_payload.h"

/// One fixed value of every format. Never change one: the bytes of its golden file are what an
/// older program has on its disk. A format that gains a field gets a further sample and a further
/// file.
namespace filial::golden {

schema::StockMoved stock_moved();
schema::DebtMoved debt_moved();
schema::LimitSet limit_set();
schema::CustomerChanged customer_changed();
schema::CustomerChanged customer_changed_home();
schema::TransferStep transfer_step();
schema::NoticeTaken notice_taken();
schema::LogOpened log_opened();
/// Behind a loss that an operator accepted.
schema::LogOpened log_opened_loss();
schema::AcceptedLoss log_opened_loss_named();
schema::SeenWrites seen_writes();
schema::DayClosed day_closed();
/// With what they gained: an amount beyond the room.
schema::DebtMoved debt_moved_beyond();
schema::LimitSet limit_set_beyond();
schema::GrantStep grant_step();
schema::DebtTold debt_told();
schema::DebtTold debt_told_passed_on();
schema::AccountStep account_step();
schema::AccountStep account_step_merged();
schema::StoreVerdict store_verdict();
/// A sale at store1/1/4711, addressed to nobody.
schema::LoggedEvent event();
/// A transfer for store2, with two trailing fields that this version does not know.
schema::LoggedEvent notice();
schema::Segment segment();
/// Two events of two topics in (4710, 4715]; too small to compress.
schema::Range range();
/// The same topics, so many events that compressing pays.
schema::Range long_range();
/// Sales, a transfer and rows of no known form in (40, 52] of two topics; and what stands before
/// them in (0, 40].
schema::Range column_range();
schema::Range column_range_before();
schema::Mark mark();
std::vector<schema::Message> messages();
/// With what they gained: what an end can, and what blocks it takes.
schema::Hello hello_dear();
/// Who answers it.
schema::Hello welcome_dear();
schema::Fetch fetch_columns();
/// A fetch that says which log its positions are of.
schema::Fetch fetch_known();
schema::Fetch fetch_proof();
schema::Trouble trouble_end();
schema::Trouble trouble_life();
schema::Status status_damaged();

/// One row of each kind.
std::vector<schema::BaseRow> base_rows();

/// One golden file and what it must hold.
struct Sample {
    std::string file;        ///< In test/golden, without ".hex".
    schema::Bytes bytes;     ///< As this version encodes the value.
    bool same_bytes = true;  ///< False where another library version may differ.
    std::function<std::string(schema::ByteView)> wrong;  ///< What is wrong with these bytes, or "".
};
std::vector<Sample> samples();
/// Those of what replicas and imports keep; in `samples`, too. A replica's change with the version
/// of its database, which is made anew then: such a sample goes with its version.
std::vector<Sample> replica_samples();

}  // namespace filial::golden
