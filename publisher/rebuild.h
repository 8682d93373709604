#pragma once

#include "core/journal/journal.h"
#include "publisher/clients.h"
#include "publisher/outbox.h"

namespace filial::publisher {

/// Brings what is derived from the own log to the log's end: what the ledger decides from, and what
/// was answered to whose tickets, by the operation ids of the events. Nothing to do after an
/// ordinary start; on a machine that got its log from elsewhere all of it is made here. Durable in
/// steps of one read, so that a crash goes on where it was. Takes about as long as reading the log.
///
/// A log does not hold what a ticket's content was as it came, nor its note: a number that is asked
/// again is answered as the first time, whatever content it comes with, until newer tickets have
/// taken its place, and a client's note is empty until its next ticket.
///
/// Fails as the journal does, and with `corrupt` for an event that cannot have been decided.
schema::Result<void> rebuild(const core::Journal& journal, Outbox& outbox, Clients& clients,
                             schema::Timestamp at);

}  // namespace filial::publisher
