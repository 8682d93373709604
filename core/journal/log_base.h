#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/journal/journal.h"
#include "schema/snapshot.h"

/// Bases in a journal's state, beside the logs that they stand for:
///
///     "base\n" store "\n" topic                    [1, epoch, upto, events, chain, rows]
///     "baserow\n" store "\n" topic "\n" row's key  row's value (schema/base_row.h)
///
/// `rows` is the sum, modulo 2^64, of the checksums of all its rows (key, then value): whoever
/// finds a base in a damaged journal knows by it that no row is missing or of another time. A base
/// of an earlier version has none.
namespace filial::core {

/// What their keys begin with, so that whoever makes a journal anew can leave them out.
bool is_base_key(schema::ByteView key);

/// `corrupt` on damage, `schema_too_new` for another version.
schema::Result<schema::BaseInfo> decode_base_info(schema::Parser& parser, schema::ByteView bytes);

/// The bases in the state of a damaged journal, by log: those whose rows are all there, as they
/// were together. `whole`: nothing of the state is missing; then a base without a checksum counts,
/// too. What is wrong with the others is added to `why`, a sentence each.
std::map<schema::StoreId, std::map<std::string, schema::BaseInfo>> whole_bases(
    const std::map<schema::Bytes, schema::Bytes>& state, bool whole, std::vector<std::string>& why);
/// Whether `key` is of the base of this topic.
bool is_key_of_base(schema::ByteView key, const schema::StoreId& store, const std::string& topic);

/// nullopt: all of the topic is kept. `corrupt` on damage.
schema::Result<std::optional<schema::BaseInfo>> base_of(const Journal& journal,
                                                        const schema::StoreId& store,
                                                        const std::string& topic);

/// How much one step of trimming may take.
struct FoldStep {
    schema::Sequence upto;     ///< No event above it.
    schema::Timestamp before;  ///< Nothing that was committed at this time or later.
    /// Nor anything with an event that says that it happened at `before` or later, unless it says
    /// a time behind `now`: what a clock that was behind has stamped is as young as its events.
    schema::Timestamp now;
    std::size_t rows = 0;   ///< Ends with the commit that reaches one of these two.
    std::size_t bytes = 0;  ///< Of the base's rows that change.
};

/// Adds to `write` the trim of the topic's oldest events and the base that they come to, which are
/// one write for this reason: no event is gone whose meaning does not stand in a base. How many
/// they are; 0 where there is nothing to trim. Events that cannot be read are an error, and stay.
schema::Result<std::size_t> fold_step(const Journal& journal, const schema::StoreId& store,
                                      const std::string& topic, const FoldStep& step,
                                      JournalWrite& write);

/// The piece of the topic's base behind the row `ask.after`, of about `most` bytes and one row at
/// least. From its beginning where `ask.upto` is of another base. `info.upto` 0 where there is
/// none.
schema::Result<schema::Chunk> base_piece(const Journal& journal, const schema::SnapshotAsk& ask,
                                         std::size_t most);

}  // namespace filial::core
