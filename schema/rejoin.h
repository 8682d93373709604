#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "schema/hash.h"
#include "schema/ids.h"

/// What a store whose log may have gone on elsewhere says to its brokers, and what head office
/// answers: docs/protocol.md, "A store that comes back".
namespace filial::schema {

/// Where one topic of a log ends, and its chain head there; zeros where that is not known.
struct ChainEnd {
    std::string topic;
    Sequence last;
    Hash chain{};
    friend bool operator==(const ChainEnd&, const ChainEnd&) = default;
};

/// "My log may be older than what you hold, or another one: let me go on." `incarnation` is drawn
/// for this attempt, so that no two machines are taken for one, whatever their disks hold.
struct Rejoin {
    std::uint64_t session = 0;
    Incarnation incarnation{};
    Epoch epoch;          ///< Of the log that is here; 0: none.
    Sequence end;         ///< Its last event.
    std::string machine;  ///< What the machine is called, for people.
    std::string reason;   ///< Why it asks, for people.
    friend bool operator==(const Rejoin&, const Rejoin&) = default;
};

/// The answer, and again when it has changed: what is held of that log, and, once head office has
/// readmitted the incarnation, the epoch that it opens.
struct Rejoined {
    std::uint64_t session = 0;
    Incarnation incarnation{};  ///< Of the one who asked.
    Epoch epoch;                ///< Granted to it; 0: not readmitted.
    Epoch held_epoch;
    Sequence held_end;
    std::vector<ChainEnd> held;
    std::string text;  ///< What it waits for, for people.
    friend bool operator==(const Rejoined&, const Rejoined&) = default;
};

/// A person at head office: this machine goes on as `store`, and no other. `incarnation` is what
/// it asked under, in hexadecimal, or enough of it to tell it from others that ask. To a publisher:
/// the broker of `store` is the company's in that life, though it lost its memory.
struct Readmit {
    std::uint64_t request = 0;
    StoreId store;
    std::string incarnation;
    std::string reason{};  ///< Why so although not everybody was heard; why the broker is accepted.
    friend bool operator==(const Readmit&, const Readmit&) = default;
};

/// A program of the same machine wants a copy of the process's database as it is now, in a folder
/// that is not there yet. The answer is a Status as of the copy.
struct Backup {
    std::uint64_t request = 0;
    std::string folder;  ///< Absolute, in the file system of the database.
    friend bool operator==(const Backup&, const Backup&) = default;
};

}  // namespace filial::schema
