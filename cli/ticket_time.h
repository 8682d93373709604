#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "schema/ids.h"
#include "schema/timestamp.h"

namespace filial::cli {

/// The time of a ticket whose caller says "now". A caller that tries again gives the same client
/// and number, and means the same moment: so the times of a client's last kAnswersKept numbers, as
/// many as the store keeps answers of, are kept in `data/clients/CLIENT` before the ticket is sent.
/// Where it cannot be kept, `now` is returned, and the store answers a second try that it has
/// another content.
schema::Timestamp time_of_ticket(const std::filesystem::path& data, const schema::ClientId& client,
                                 std::uint64_t number, schema::Timestamp now);

/// The content of such a file: a line "number microseconds" for each ticket, appended. Of a number
/// that stands twice the first line counts; lines that are none are skipped.
std::map<std::uint64_t, schema::Timestamp> parse_ticket_times(std::string_view text);

}  // namespace filial::cli
