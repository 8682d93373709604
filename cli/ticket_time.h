#pragma once

#include <cstdint>
#include <filesystem>

#include "schema/ids.h"
#include "schema/timestamp.h"

namespace filial::cli {

/// The time of a ticket whose caller says "now". A caller that tries again gives the same client
/// and number, and means the same moment: so the time of each client's last number is kept in
/// `data/clients/` before the ticket is sent. Where it cannot be kept, `now` is returned, and the
/// store answers a second try that it has another content.
schema::Timestamp time_of_ticket(const std::filesystem::path& data, const schema::ClientId& client,
                                 std::uint64_t number, schema::Timestamp now);

}  // namespace filial::cli
