#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "schema/result.h"
#include "schema/strong.h"

namespace filial::schema {

/// A store's wall clock: microseconds since 1970-01-01T00:00:00Z. Printed, never compared to
/// decide anything: positions order, measured ages judge.
using Timestamp = Strong<std::int64_t, struct TimestampTag>;

/// "2010-12-01T09:32:00Z", or with a fraction of up to six digits, or an offset ("-03:00").
/// UTC years 1970 to 9999. `invalid` with the text otherwise.
Result<Timestamp> parse_timestamp(std::string_view text);

/// UTC, ISO 8601: "2010-12-01T09:32:00Z", with ".250000" when there is a fraction. A damaged time
/// outside of the years 0 to 9999 is printed as its number: "253402300800000000 us".
std::string to_string(Timestamp t);

}  // namespace filial::schema
