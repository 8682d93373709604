#pragma once

#include <cstdint>
#include <string>

#include "schema/timestamp.h"

namespace filial::cli {

/// In the local time zone, which is named: "2026-11-22 09:13:23 -03".
std::string local_time(schema::Timestamp t);

/// The same moment as the locale of LC_TIME writes it; empty where that is C or POSIX.
std::string locale_time(schema::Timestamp t);

/// The two largest units that matter: "0.4 s", "12 s", "3 min 12 s", "3 h 12 min", "2 d 3 h".
std::string duration_text(std::int64_t microseconds);

/// As `duration_text`; "?" for the -1 that means "not known".
std::string age_text(std::int64_t microseconds);

/// "1.2 MiB", "17 bytes"; "?" for -1.
std::string bytes_text(std::int64_t bytes);

/// 422298 as "422,298".
std::string grouped(std::uint64_t number);

/// "1 row", "422,298 rows".
std::string counted(std::uint64_t number, const std::string& one);

}  // namespace filial::cli
