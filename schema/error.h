#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace filial::schema {

/// Why something could not be done. The codes are chosen by what the caller does next; where it
/// went wrong stands in the message. `error_table` holds wire number, exit code, whether the same
/// call may succeed later, and who has to act. Numbers are part of the wire: append only.
enum class Errc : std::uint8_t {
    io = 1,                ///< Disk or socket failed; retry after back-off, then stop the process.
    corrupt = 2,           ///< Bytes fail their checksum or form; keep them, stop this stream.
    gap = 3,               ///< A position is missing; fetch again from the last one held.
    too_large = 4,         ///< A limit of schema/limits.h is exceeded; the sender must change.
    invalid = 5,           ///< A person's input or configuration is wrong; say what, exit 2.
    not_found = 6,         ///< The key, store or topic does not exist here.
    busy = 7,              ///< Queue full; nothing was taken; try again after the stated time.
    no_space = 8,          ///< The disk is full; nothing was taken; make room.
    unreachable = 9,       ///< The peer does not answer; it is tried again on its own.
    stale = 10,            ///< The data is older than the policy allows.
    refused = 11,          ///< A rule of the ledger says no; the message says what to do instead.
    not_allowed = 12,      ///< The key is not admitted, or has no right to this topic or store.
    already_done = 13,     ///< An older ticket of this client; its answer is no longer kept.
    number_reused = 14,    ///< The client used one ticket number for two different contents.
    not_held = 15,         ///< The sender does not hold an asked topic; ask another one.
    snapshot_needed = 16,  ///< The asked position is past retention; a snapshot comes first.
    forked = 17,           ///< Two contents for one position; the store must stop.
    stale_incarnation = 18,  ///< An older incarnation of the store speaks.
    schema_too_new = 19,     ///< The reader knows an older version only; upgrade the reader.
    unknown_kind = 20,       ///< A message kind this end does not know; the name is in the message.
    unknown_session = 21,    ///< The session ended (restart, reconnect); greet again.
    timeout = 22,            ///< No answer before the deadline; whether it was done is not known.
    locked = 23,             ///< Another process has this folder open.
    overflow = 24,           ///< A sum leaves 64 bits; never wrapped.
    dictionary_missing =
        25,  ///< A block builds on rows that this end cannot give again; fetch plain.
};

struct Error {
    Errc code;
    std::string message;  ///< For a person: what was tried, on what. No trailing full stop.
};

/// One row of the table of errors.
struct ErrorInfo {
    Errc code;
    std::string_view name;   ///< As printed and as written in JSON.
    int exit_code;           ///< Of the command line, architecture section "command line".
    bool retry;              ///< The same call may succeed later without anybody's doing.
    std::string_view actor;  ///< Who has to act: nobody, program, operator, person, head office.
};

/// All errors, by wire number.
std::span<const ErrorInfo> error_table();

/// The row of `code`. A number from the wire that this version does not know gets the row of `io`.
const ErrorInfo& error_info(Errc code);

/// The code with this wire number; `io` if this version does not know it.
Errc errc_from_wire(std::uint64_t number);

}  // namespace filial::schema
