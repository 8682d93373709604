#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "schema/block.h"
#include "schema/block_stream.h"
#include "schema/call.h"
#include "schema/digest.h"
#include "schema/mark.h"
#include "schema/query.h"
#include "schema/rejoin.h"
#include "schema/snapshot.h"
#include "schema/status.h"
#include "schema/ticket.h"

/// Every message of the wire: a msgpack array [version, kind, ...], fields append-only, unknown
/// trailing fields ignored, an unknown kind refused by name. docs/protocol.md tells who says what
/// when.
namespace filial::schema {

constexpr std::uint64_t kProtocolVersion = 1;

enum class MessageKind : std::uint8_t {
    hello = 1,
    welcome = 2,
    trouble = 3,
    fetch = 4,
    block = 5,
    mark = 6,
    ping = 7,
    pong = 8,
    applied = 9,
    bye = 10,
    several = 11,
    rejoin = 12,
    rejoined = 13,
    ticket = 20,
    accepted = 21,
    ticket_refused = 22,
    busy = 23,
    client_ask = 24,
    client_state = 25,
    query = 30,
    answer = 31,
    status_ask = 32,
    status = 33,
    forget = 34,
    call = 35,
    call_state = 36,
    readmit = 37,
    backup = 38,
    unpark = 39,
    confirm = 40,
    confirmed = 41,
    snapshot = 42,
    moved = 43,  ///< Reserved from the first version, filled later.
    chunk = 44,
    digest_ask = 46,
    digests = 47,
};

/// What an end can, and what it says of the session's line.
enum Feature : std::uint64_t {
    kFeatureSeveral = 1,  ///< It takes messages packed together (Several).
    kFeatureDear = 2,     ///< The line is slow or paid by the byte, as far as this end knows.
    kFeatureWords = 4,    ///< Packed messages build on what the greetings say: greeting_words.
};

/// First message of whoever dialled. A session is the pair of nonces: a message of another session
/// changes nothing.
struct Hello {
    std::uint64_t version_min = kProtocolVersion;
    std::uint64_t version_max = kProtocolVersion;
    std::uint64_t nonce = 0;  ///< Random, of this end, for this session.
    std::string store;        ///< Whose machine this is; the key must belong to it.
    std::string role;         ///< "publisher", "subscriber", "broker", "tap", "cli".
    std::string name;  ///< Durable within its store and role; "subscriber". See receiver_name.
    Epoch epoch;       ///< Of its own log; 0 where it has none.
    Incarnation incarnation{};        ///< Of its own log.
    std::vector<std::string> offers;  ///< Stores whose logs can be fetched from it; "*": of all.
    Timestamp clock;                  ///< Its clock now; the offset is shown, never used.
    std::string software;             ///< "filial 0.1.0".
    std::uint64_t features = 0;       ///< Bits, see Feature; left out of the bytes where it is 0.
    friend bool operator==(const Hello&, const Hello&) = default;
};

/// The answer: the same about the other end. `hello_nonce` repeats the caller's.
struct Welcome {
    std::uint64_t hello_nonce = 0;
    Hello self;
    std::uint64_t version = kProtocolVersion;  ///< Chosen.
    friend bool operator==(const Welcome&, const Welcome&) = default;
};

/// A typed error. About a session, a fetch, or (request != 0) one request.
struct Trouble {
    std::uint64_t session = 0;
    std::uint64_t request = 0;
    Errc code = Errc::io;
    std::string message;
    std::string store;  ///< The log it is about, or empty.
    std::vector<std::string> topics;
    std::uint64_t retry_ms = 0;
    /// With `gap` about a store's own log: the last event that is held of it here. Left out of the
    /// bytes where it is 0.
    std::uint64_t end = 0;
    /// About a session or its greeting: of whoever refuses, as its own greeting says it; zeros: not
    /// said, and left out of the bytes.
    Incarnation incarnation{};
    friend bool operator==(const Trouble&, const Trouble&) = default;
};

/// "Everything up to `after` of each topic is durable here; have at most `credit` bytes on the way
/// that I have not yet confirmed." `restart`: forget what is on the way and begin at `after`.
struct Fetch {
    std::uint64_t session = 0;
    StoreId store;
    Epoch epoch;                  ///< Of the position held; 0 for none.
    std::vector<TopicEnd> after;  ///< One entry {"*", n} for the whole log.
    std::uint64_t credit = 0;
    bool restart = false;
    // What of blocks this end can take; left out of the bytes where all of it is 0.
    std::uint64_t codecs = 0;        ///< Bit n: codec n. 0 and 1 are always taken.
    bool dictionaries = false;       ///< It can give again the rows before the asked positions.
    std::uint64_t block_events = 0;  ///< At most so many in a block; 0: as the sender likes.
    /// Of the log whose positions these are, in that epoch; zeros: not known, or said before. Left
    /// out of the bytes then.
    Incarnation incarnation{};
    /// Of whoever keeps whole logs, at the beginning: chain heads of all topics up to `after` in
    /// one hash (core::chains_of), 32 bytes; a store sees by it that its log is not the one held.
    Bytes proof{};
    friend bool operator==(const Fetch&, const Fetch&) = default;
};

struct BlockMessage {
    std::uint64_t session = 0;
    Block block;
    friend bool operator==(const BlockMessage&, const BlockMessage&) = default;
};

struct MarkMessage {
    std::uint64_t session = 0;
    Bytes mark;                 ///< encode(Mark), untouched.
    Bytes signature;            ///< Empty until stores sign.
    std::int64_t dwell_us = 0;  ///< Measured since T, summed over the relays.
    bool dwell_exact = true;    ///< False: at least that long.
    friend bool operator==(const MarkMessage&, const MarkMessage&) = default;
};

struct Ping {
    std::uint64_t session = 0;
    std::uint64_t nonce = 0;
    friend bool operator==(const Ping&, const Ping&) = default;
};
struct Pong {
    std::uint64_t session = 0;
    std::uint64_t nonce = 0;
    friend bool operator==(const Pong&, const Pong&) = default;
};

/// A replica tells its own publisher how far it is, for the next mark.
struct Applied {
    std::uint64_t session = 0;
    std::vector<Reached> reached;
    std::vector<ParkedKey> parked;  ///< The first kParkedTold.
    friend bool operator==(const Applied&, const Applied&) = default;
};

/// "Is this store there now?": asked of its publisher, through whoever has a line to it. The nonce
/// is drawn for each question, so that nobody can answer out of what he heard before.
struct Confirm {
    std::uint64_t session = 0;
    std::uint64_t nonce = 0;
    StoreId store;  ///< Whose publisher has to answer.
    friend bool operator==(const Confirm&, const Confirm&) = default;
};

/// The answer: a mark that was made after the nonce had come. Relays pass it on untouched.
struct Confirmed {
    std::uint64_t session = 0;
    std::uint64_t nonce = 0;
    Bytes mark;       ///< encode(Mark): what is durable in its log now, and what it had applied.
    Bytes signature;  ///< Over nonce and mark; empty until stores sign.
    friend bool operator==(const Confirmed&, const Confirmed&) = default;
};

struct Bye {
    std::uint64_t session = 0;
    std::string reason;
    friend bool operator==(const Bye&, const Bye&) = default;
};

/// Messages of one session, one encoding behind the other, packed against what this end said in it
/// before. None of them is again of this kind.
struct Several {
    std::uint64_t session = 0;
    StreamPiece piece;
    friend bool operator==(const Several&, const Several&) = default;
};

struct StatusAsk {
    std::uint64_t request = 0;
    /// Begin a look at everything that is kept, now; left out of the bytes where it is false.
    bool look = false;
    friend bool operator==(const StatusAsk&, const StatusAsk&) = default;
};

/// "This receiver does not come again: keep nothing of it", from a program of the same machine. The
/// answer is a Status as it is then; `not_found` where it is not known, `refused` while it is
/// connected.
struct Forget {
    std::uint64_t request = 0;
    std::string receiver;  ///< Its full name, as the legs have it.
    friend bool operator==(const Forget&, const Forget&) = default;
};

/// "Apply what is parked here, as far as this program knows how to", from a program of the same
/// machine; with `waive`, give up what it cannot apply of one key. The names narrow it down, empty:
/// all. The answer is an Answer of one row: value = events applied, second = still parked, field
/// "waived"; `not_found` where a key that is named is not parked.
struct Unpark {
    std::uint64_t request = 0;
    bool waive = false;
    std::string store;
    std::string topic;
    std::string key;
    std::string who;     ///< Who gives up, for the record.
    std::string reason;  ///< And why.
    friend bool operator==(const Unpark&, const Unpark&) = default;
};

using Message =
    std::variant<Hello, Welcome, Trouble, Fetch, BlockMessage, MarkMessage, Ping, Pong, Applied,
                 Confirm, Confirmed, Several, Rejoin, Rejoined, SnapshotAsk, Chunk, Bye, Ticket,
                 Accepted, TicketRefused, Busy, ClientAsk, ClientState, Query, Answer, StatusAsk,
                 Status, Forget, Call, CallState, Readmit, Backup, Unpark, DigestAsk, Digests>;

/// The name of the kind, as in docs/protocol.md.
std::string_view name_of(MessageKind kind);
MessageKind kind_of(const Message& message);
/// The number by which an answer belongs to its request; 0 for messages that have none.
std::uint64_t request_of(const Message& message);

Bytes encode(const Message& message);

/// `corrupt` on damage, `schema_too_new` for another protocol version, `unknown_kind` with the
/// number for a kind that is not known or only reserved.
Result<Message> decode_message(Parser& parser, ByteView bytes);

}  // namespace filial::schema
