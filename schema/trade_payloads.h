#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "schema/bytes.h"
#include "schema/codec.h"
#include "schema/ids.h"
#include "schema/result.h"

/// Further payloads of the product's own events and operations: what settles a transfer later, what
/// an edit rests on, and the close of a day. Wire order is the order of the members; append only.
namespace filial::schema {

// Steps of a transfer in its source's log, all in control; payload TransferStep, its quantity is a
// difference to what the log said before. No notices: who replays the log knows.
inline constexpr std::string_view kTransferCorrected = "transfer.corrected";  ///< What left.
inline constexpr std::string_view kTransferWrittenOff = "transfer.written_off";

inline constexpr std::string_view kDayClosed = "day.closed";  ///< control; key: the date.

/// The writes of a customer's fields that a person was shown before he edited or settled them:
/// payload of the operations customer_edit and customer_resolve. Where it names a field, the edit
/// replaces those writes of it and no others.
struct SeenWrites {
    struct Field {
        std::string name;
        std::vector<Position> writes;
        friend bool operator==(const Field&, const Field&) = default;
    };
    std::vector<Field> fields;
    friend bool operator==(const SeenWrites&, const SeenWrites&) = default;
};

/// A day was closed: payload of the event, and with an empty `previous` of the operation. The cut
/// holds the last event of each store that counts into this day or an earlier one.
struct DayClosed {
    std::int64_t offset_minutes = 0;  ///< Local time minus UTC, to tell a day from a time.
    std::vector<Position> cut;        ///< By store, each once.
    std::vector<std::string> late;    ///< Stores not heard of since the day's end, by name.
    std::string previous;             ///< The day that this store closed before; empty: none.
    friend bool operator==(const DayClosed&, const DayClosed&) = default;
};

Bytes encode(const SeenWrites&);
Bytes encode(const DayClosed&);

// Missing trailing fields read as their default; `corrupt` on damage.
Result<SeenWrites> decode_seen_writes(Parser&, ByteView);
Result<DayClosed> decode_day_closed(Parser&, ByteView);

}  // namespace filial::schema
