#pragma once

#include "core/journal/journal.h"
#include "schema/codec.h"

/// Where a log ends: the value of column family `heads` under the store's name, written with every
/// commit of that log.
///
///     [1, epoch, incarnation, end, [[topic, last, events, bytes, chain, kept after]...]]
///
/// "Kept after" is left out while all of the topic is kept.
namespace filial::core {

schema::Bytes encode(const LogHead& head);
/// `store` is the record's key. `corrupt` on any damage.
schema::Result<LogHead> decode_log_head(schema::Parser& parser, const schema::StoreId& store,
                                        schema::ByteView bytes);

/// `append` on top of `head`: the head afterwards. Nothing is written. Fails with `gap` where it
/// does not begin at the head's end, `stale_incarnation` where its epoch is below the head's,
/// `forked` where another incarnation speaks in the same epoch, `invalid` where its segments are
/// not a commit (a topic twice, positions outside it, another epoch), and `too_large` where they
/// could not be read again.
schema::Result<LogHead> advance(const LogHead& head, const Append& append);

/// The head behind the trim. `invalid` where there is nothing of it to trim.
schema::Result<LogHead> trimmed(const LogHead& head, const Trim& trim);

/// `snapshot_needed` where events of one of these topics behind `after` are not kept any more.
schema::Result<void> check_kept(const LogHead& head, const std::vector<std::string>& topics,
                                schema::Sequence after);

/// Over all topics' last positions and chain heads: equal only if the logs up to there are.
schema::Hash chains_of(const LogHead& head);

}  // namespace filial::core
