#pragma once

#include <functional>

#include "cli/context.h"
#include "schema/query.h"

namespace filial::cli {

/// Asks a replica page by page and gives each row to `each`, in the replica's order. Returns the
/// unit of the rows' values.
schema::Result<std::string> ask_pages(Link& link, schema::Query query,
                                      const std::function<void(const schema::AnswerRow&)>& each);

/// The row's field of this name; empty if it has none.
const std::string& field_of(const schema::AnswerRow& row, std::string_view name);

}  // namespace filial::cli
