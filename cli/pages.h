#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "cli/context.h"
#include "schema/query.h"

namespace filial::cli {

/// Asks a replica page by page and gives each row to `each`, in the replica's order. Returns the
/// unit of the rows' values.
schema::Result<std::string> ask_pages(Link& link, schema::Query query,
                                      const std::function<void(const schema::AnswerRow&)>& each);

/// Of the events of a topic of a store's log none is here up to this position: the replica began
/// with a snapshot, which has what they came to.
struct KnownAfter {
    std::string store;
    std::string topic;
    std::uint64_t seq = 0;
};
/// What such a row says; nullopt for any other.
std::optional<KnownAfter> known_after(const schema::AnswerRow& row);
/// For people.
std::string to_string(const KnownAfter& known);

/// The row's field of this name; empty if it has none.
const std::string& field_of(const schema::AnswerRow& row, std::string_view name);

}  // namespace filial::cli
