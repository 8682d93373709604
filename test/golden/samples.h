#pragma once

#include <functional>
#include <string>
#include <vector>

#include "schema/block.h"
#include "schema/event.h"
#include "schema/mark.h"
#include "schema/messages.h"
#include "schema/payloads.h"

/// One fixed value of every format. Never change one: the bytes of its golden file are what an
/// older program has on its disk. A format that gains a field gets a further sample and a further
/// file.
namespace filial::golden {

schema::StockMoved stock_moved();
schema::DebtMoved debt_moved();
schema::LimitSet limit_set();
schema::CustomerChanged customer_changed();
schema::TransferStep transfer_step();
schema::NoticeTaken notice_taken();
schema::LogOpened log_opened();
/// A sale at store1/1/4711, addressed to nobody.
schema::LoggedEvent event();
/// A transfer for store2, with two trailing fields that this version does not know.
schema::LoggedEvent notice();
schema::Segment segment();
/// Two events of two topics in (4710, 4715]; too small to compress.
schema::Range range();
/// The same topics, so many events that compressing pays.
schema::Range long_range();
schema::Mark mark();
std::vector<schema::Message> messages();

/// One golden file and what it must hold.
struct Sample {
    std::string file;        ///< In test/golden, without ".hex".
    schema::Bytes bytes;     ///< As this version encodes the value.
    bool same_bytes = true;  ///< False where another library version may differ.
    std::function<std::string(schema::ByteView)> wrong;  ///< What is wrong with these bytes, or "".
};
std::vector<Sample> samples();

}  // namespace filial::golden
