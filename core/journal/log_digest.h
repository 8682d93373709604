#pragma once

#include "core/journal/journal.h"
#include "schema/digest.h"

namespace filial::core {

/// What a journal's copy of a topic comes to, up to each position that is asked and held. A walk
/// through a commit for each. `not_found` if there is no such log.
schema::Result<schema::Digests> digests_of(const Journal& journal, const schema::DigestAsk& ask);

}  // namespace filial::core
