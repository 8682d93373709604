#pragma once

#include "core/journal/journal.h"

namespace filial::broker {

/// Which memory this broker speaks from: drawn when its journal has none, and said in every
/// greeting. One that lost its disk has another, by which stores see that what it granted and whom
/// it readmitted is forgotten. Durable on return; fails as the journal does.
schema::Result<schema::Incarnation> life_of(core::Journal& journal);

}  // namespace filial::broker
