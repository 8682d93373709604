#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/journal/head_witness.h"
#include "core/journal/journal.h"
#include "schema/base_row.h"

namespace filial::core {

/// What stands in place of the trimmed events of a log, by topic.
using TopicBases = std::map<std::string, schema::BaseInfo>;

/// What can still be read of one store's log in a damaged journal, commit by commit, in order.
class LogRemains {
  public:
    struct Piece {
        schema::Range range;
        schema::Timestamp at;
        std::vector<TopicHead> begun{};  ///< As Append::begun, of a trimmed log.
    };
    virtual ~LogRemains() = default;
    /// The log was trimmed, and these are the bases, by topic: of each topic's events none is
    /// looked for before the commit that holds the base's last one, and up to the last one of these
    /// commits `next` gives what is there, whose positions have holes. Gives where that commit
    /// ends. `corrupt` where these commits are not what the bases were made of, or some other
    /// event up to there is missing; then all is as before.
    virtual schema::Result<schema::Sequence> trimmed(const TopicBases& bases) {
        (void)bases;
        return schema::fail(schema::Errc::corrupt, "a trimmed log cannot be read here");
    }
    /// The commit that goes on behind `after`, all of its topics; nullopt where none can be read
    /// there. `why` says what is wrong then; it is empty behind the last commit.
    virtual std::optional<Piece> next(schema::Sequence after) = 0;
    virtual const std::string& why() const = 0;

    /// What stands in (after, upto] of all topics but `without`, one segment for each commit, and
    /// up to where they could be read. Whether nothing is missing among it, positions say.
    struct Others {
        std::vector<schema::Segment> segments;
        schema::Sequence upto;
    };
    virtual Others others(schema::Sequence after, schema::Sequence upto,
                          const std::vector<std::string>& without) = 0;
    /// Of which topics there is anything.
    virtual std::vector<std::string> topics() const = 0;

    /// The last position of any commit that can be found; 0 for none.
    virtual schema::Sequence last() const = 0;
    /// The first position above `after` from which on a commit can be read again; nullopt: none.
    virtual std::optional<schema::Sequence> resumes(schema::Sequence after) = 0;
};

/// A damaged journal and the one that is built to take its place. The damaged one is not written
/// to; it stays beside the new one.
class DamagedJournal {
  public:
    virtual ~DamagedJournal() = default;

    /// Where the log is built again.
    virtual Journal& target() = 0;
    /// What of the log of `store` can be read in the damaged one; null where nothing can.
    virtual std::unique_ptr<LogRemains> source(const schema::StoreId& store) const = 0;
    /// Why the damaged one could not be opened as it is; empty where it could.
    virtual const std::string& unreadable() const = 0;
    /// How far the log was acknowledged; nullopt where that is not known.
    virtual const std::optional<WitnessSlot>& witness() const = 0;

    /// The stores of whose logs anything can be found in the damaged one.
    virtual std::vector<schema::StoreId> stores() const = 0;
    /// The values of the damaged state, as far as they can be read: some may be missing, others
    /// older than they were.
    virtual std::map<schema::Bytes, schema::Bytes> rescued() const = 0;
    /// Whether `rescued` is all of the state, as it was last. Of a log of writes that is gone
    /// without a trace nobody can tell.
    virtual bool state_is_whole() const = 0;

    /// Ends the repair: the target is the journal from now on, and the witness, where there is one,
    /// says how far its log goes. Gives where the damaged one is, empty if there was none. What is
    /// interrupted in here is done again by the next repair. `why` goes with it, for people.
    virtual schema::Result<std::filesystem::path> finish(const std::string& why) = 0;
};

}  // namespace filial::core
