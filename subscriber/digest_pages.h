#pragma once

#include "schema/digest.h"
#include "schema/query.h"
#include "subscriber/replica.h"

namespace filial::subscriber {

/// A row for each topic of each log that is held here: what it came to at the last look, or that it
/// was not looked at since it was loaded; and for what the last look found damaged. `not_found`
/// where the question names a store or topic that is not copied here.
schema::Result<schema::Answer> digest_rows(const Replica& replica, const schema::Query& query);

/// The chains at these positions, of what was looked at. Fails where the events cannot be read.
schema::Result<schema::Digests> digests_of(const Replica& replica, const schema::DigestAsk& ask);

}  // namespace filial::subscriber
