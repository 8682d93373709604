#pragma once

#include "schema/messages.h"

namespace filial::schema {

/// What `hearer` can expect `speaker` to say first, by what both know of their greetings: names,
/// nonces, incarnations, in messages as they are usually sent. It is never sent itself: where both
/// ends have kFeatureWords it is the history that the first packed messages of that direction build
/// on. Alike at both ends, byte for byte, for ever: docs/formats.md, test/golden.
Bytes greeting_words(const Hello& speaker, const Hello& hearer);

}  // namespace filial::schema
