#pragma once

#include <cstdint>
#include <deque>
#include <unordered_map>
#include <vector>

#include "core/journal/journal.h"
#include "publisher/outbox.h"
#include "schema/ids.h"
#include "schema/ticket.h"

namespace filial::publisher {

/// Clients whose answers are in memory: at 64 KiB each where all of them are busy, 32 MiB. Those of
/// the commit that is being made come on top.
constexpr std::size_t kClientsInMemory = 512;

/// What was answered to one ticket.
struct KeptAnswer {
    /// Instead of a checksum: made from a log, which does not hold what the ticket looked like.
    /// Such a one is known by its facts.
    static constexpr std::uint64_t kAnyContent = 0;
    /// Instead of facts: kept by a version that did not keep them; any are like these.
    static constexpr std::uint64_t kAnyFacts = 0;

    std::uint64_t number = 0;
    std::uint64_t checksum = kAnyContent;  ///< Of the ticket's operations.
    std::uint64_t facts = kAnyFacts;       ///< schema::facts_of.
    schema::Epoch epoch;
    schema::Sequence first;
    schema::Sequence last;
    std::uint64_t flags = 0;
    std::uint16_t slot = 0;  ///< Where it is kept: a newer answer takes the place of the oldest.
};

/// What is to be done with a ticket, by its client's number alone.
enum class Known {
    fresh,         ///< Never decided, or refused then: decide it.
    repeated,      ///< Accepted before: answer as then.
    already_done,  ///< So old that its answer is no longer kept.
    reused,        ///< The number was accepted with another content.
};

/// Random or a hash already: some bytes of it.
struct ClientIdHash {
    std::size_t operator()(const schema::ClientId& id) const;
};

/// Who handed in tickets here: for each client the highest number with its note and the last
/// kAnswersKept answers, written together with the events of the ticket, so that a ticket that
/// comes again is answered as the first time, also after a crash at any moment, and on a machine
/// that has only the log (rebuild.h). A refused ticket leaves nothing: it may be decided anew.
class Clients {
  public:
    /// `journal` must outlive it.
    explicit Clients(const core::Journal& journal) : journal_(journal) {}

    /// Looks a ticket up, what was accepted since the last commit included. `answer` is set for
    /// `repeated`. Where the checksum is not known, here or of what is kept, the facts have to be
    /// the same. Fails as the journal does.
    schema::Result<Known> look_up(const schema::ClientId& client, std::uint64_t number,
                                  std::uint64_t checksum, std::uint64_t facts, KeptAnswer& answer);

    /// Keeps an answer; `look_up` of the same client must have come before, in this commit.
    void accept(const schema::ClientId& client, KeptAnswer answer, schema::Bytes note);

    /// What belongs into the write of the tickets accepted since the last one; more may be accepted
    /// while it is being written, and saved for the write behind it.
    void save(StateWrites& writes);
    /// The oldest of these writes is durable.
    void committed();
    /// Of these writes those that are not durable failed: nothing was accepted, neither with them
    /// nor since. The journal has what is durable, also what `committed` was not called for.
    void rolled_back();

    /// Highest number that was accepted, and its note.
    schema::Result<schema::ClientState> state(const schema::ClientId& client);

    /// Clients in memory now; whoever was not asked for lately is read again.
    std::size_t in_memory() const { return records_.size(); }

  private:
    struct Record {
        std::uint64_t highest = 0;
        std::uint64_t dropped = 0;  ///< Highest number whose answer is no longer kept.
        schema::Bytes note;
        std::deque<KeptAnswer> answers;      ///< By number.
        std::vector<std::uint16_t> written;  ///< Slots to save.
        std::uint64_t used = 0;              ///< When, in look-ups.
        bool changed = false;
        std::size_t writing = 0;  ///< Writes that are not durable yet, of those that it is in.
    };

    schema::Result<Record*> load(const schema::ClientId& client);
    void make_room();

    const core::Journal& journal_;
    std::unordered_map<schema::ClientId, Record, ClientIdHash> records_;
    std::vector<schema::ClientId> changed_;
    std::deque<std::vector<schema::ClientId>> writing_;  ///< Of each write, the oldest first.
    std::uint64_t uses_ = 0;
};

}  // namespace filial::publisher
