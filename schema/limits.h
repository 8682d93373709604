#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

/// The limits of the formats and the wire that several of them share, each with its reason.
/// Changing one changes docs/formats.md. What bounds one thing alone stands beside it:
/// kDigestPositionsMax (digest.h), kDamagesTold (status.h), kLeavesMax and kFormMax (flat_row.h) of
/// what columns take apart, and what they remember of it (column_memory.cpp, text_memory.cpp).
namespace filial::schema {

/// A store's name: fits a file name, a host label and a key prefix.
constexpr std::size_t kStoreIdBytesMax = 32;
/// A topic's name, application topics included.
constexpr std::size_t kTopicBytesMax = 64;
/// A receiver's durable name within its store, and what a program says that it is. A tap's name
/// has at most 32 bytes; other programs may describe themselves.
constexpr std::size_t kReceiverNameBytesMax = 64;
/// Receivers of one store whose positions are kept: its subscriber, and taps. A store that makes up
/// names fills no memory of another one.
constexpr std::size_t kReceiversPerStoreMax = 32;
/// A record's key: SKU, customer, transfer; and a document's number, which is the key of its void.
/// The longest real one (a transfer) has 27 bytes.
constexpr std::size_t kKeyBytesMax = 256;
/// The value of one field of a customer.
constexpr std::size_t kTextBytesMax = 1024;
/// Cents or thousandths that one operation may move, either way: ten trillion, or a trillion
/// pieces. Thousands of them add up within 64 bits, so that no slip of the hand can bring a
/// customer or an article to where no rule decides any more and nothing could take it back.
constexpr std::int64_t kAmountMost = 1'000'000'000'000'000;
/// Fields of one customer operation.
constexpr std::size_t kFieldsMax = 64;
/// An application topic's opaque payload.
constexpr std::size_t kPayloadBytesMax = 16 * 1024;
/// One event after encoding: payload, key and the envelope's texts.
constexpr std::size_t kEventBytesMax = 32 * 1024;
/// Operations in one ticket: a receipt's lines and its charge. The longest receipt of the retail
/// data has 541 lines over several documents; one document of a till stays far below.
constexpr std::size_t kOperationsMax = 500;
/// One ticket after encoding. It must fit into one message and, as events, into one block.
constexpr std::size_t kTicketBytesMax = 192 * 1024;
/// Events of one commit, in bytes: a commit always fits into one block.
constexpr std::size_t kCommitBytesMax = 256 * 1024;
/// Raw bytes after which a sender ends a block. One more commit may still follow the last byte.
constexpr std::size_t kBlockBytesGoal = 128 * 1024;
/// Raw bytes of one block that a reader accepts: goal plus one commit, or one ticket whose events
/// are larger than its operations. The memory a hostile block can cost.
constexpr std::size_t kBlockBytesMax = 900 * 1024;
/// One wire message (ZMQ_MAXMSGSIZE). A larger one ends the connection before it is read.
constexpr std::size_t kMessageBytesMax = 1024 * 1024;
/// Elements in any one array of the wire: events in a block of the smallest events, three arrays.
constexpr std::size_t kArrayElementsMax = 65'536;
/// Nesting of any value of the wire. Ours has six levels at most.
constexpr std::size_t kNestingMax = 16;
/// Answers kept of each client: more than the tickets any client has in flight.
constexpr std::uint64_t kAnswersKept = 1024;
/// Bytes a client may have kept beside its highest ticket number (an import's running hash).
constexpr std::size_t kNoteBytesMax = 64;
/// Bytes that one origin's fetch may have unacknowledged on a leg: eight blocks on the way keep a
/// fast line busy while the receiver syncs its disk.
constexpr std::uint64_t kCreditBytes = 8 * kBlockBytesGoal;
/// Parked keys that a replica names to its publisher, and that in its mark: at most 200 KiB of a
/// message. How many there are is in the replica's own status.
constexpr std::size_t kParkedTold = 500;
/// Rows of one page of a query's answer.
constexpr std::size_t kPageRowsMax = 2'000;

static_assert(kPayloadBytesMax + kKeyBytesMax + kTopicBytesMax < kEventBytesMax);
static_assert(kTicketBytesMax < kMessageBytesMax, "a ticket is one message");
static_assert(kBlockBytesGoal + kCommitBytesMax < kBlockBytesMax, "a commit fits behind the goal");
static_assert(kParkedTold * (kStoreIdBytesMax + kTopicBytesMax + kKeyBytesMax + 16) <
                  kMessageBytesMax / 4,
              "parked keys leave room for the positions beside them");
static_assert(kBlockBytesMax < kMessageBytesMax - 64 * 1024, "a block that does not shrink fits");

/// Silence after which a session is given up, and how often a quiet end speaks: three lost pings.
constexpr std::chrono::seconds kPingEvery{5};
constexpr std::chrono::seconds kSilenceMax{15};
/// The same on a dear line, where each ping and its answer are paid for. Below the five minutes
/// after which phone networks forget a quiet connection.
constexpr std::chrono::seconds kDearPingEvery{240};
constexpr std::chrono::seconds kDearSilenceMax{3 * 240};
/// A block by column builds on the positions from so many before the last multiple of
/// kDictionaryStep on. More hardly helps: 2.54, 2.45 and 2.40 bytes an operation with 4,096, 8,192
/// and 16,384 events known. The step says how often these are taken in again, both ends a quarter
/// of what they pack anyway, and with it the memory that a log takes.
constexpr std::uint64_t kDictionaryLeast = 4'096;
constexpr std::uint64_t kDictionaryStep = 16'384;

}  // namespace filial::schema
