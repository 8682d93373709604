#pragma once

#include "core/journal/journal.h"

namespace filial::broker {

/// Which memory this broker speaks from: drawn when its journal has none, and said in every
/// greeting. One that lost its disk, or a part of its state, has another, by which stores see that
/// what it granted and whom it readmitted is forgotten. Durable on return; fails as the journal
/// does.
schema::Result<schema::Incarnation> life_of(core::Journal& journal);
/// Whether that key of a broker's state is its life.
bool is_life_key(schema::ByteView key);

}  // namespace filial::broker
