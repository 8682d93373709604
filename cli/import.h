#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/import_journal.h"
#include "cli/import_window.h"
#include "cli/json_operation.h"
#include "schema/hash.h"

namespace filial::cli {

/// Tickets that an import may have on the way: half of the answers that a store keeps of a client,
/// so that what an import left unanswered can always be asked for again.
constexpr std::size_t kWindowMax = schema::kAnswersKept / 2;

struct ImportSettings {
    std::string source;  ///< Names the import: the same source goes on where it was.
    std::size_t window = 64;
    bool strict = false;  ///< One ticket at a time; stop at the first that is not booked.
    OperationDefaults defaults;
};

struct ImportCounts {
    std::uint64_t lines = 0;           ///< Read, blank ones included.
    std::uint64_t booked = 0;          ///< Tickets.
    std::uint64_t already_booked = 0;  ///< By an earlier run.
    std::uint64_t refused = 0;         ///< By a rule of the store, now or in an earlier run.
    std::uint64_t bad = 0;             ///< Not an operation at all; so in every run.
    std::uint64_t flagged = 0;         ///< Booked, and a person should see it.
};

/// A line that is not booked, and why. One that an earlier run was told of is told again: the file
/// still says something that the store's log does not.
struct LineReport {
    std::uint64_t line = 0;
    bool bad = false;  ///< Else refused by a rule.
    std::string why;
};

/// Lines of operations become tickets: the line's number is the ticket's number, and each ticket
/// carries the running hash of all lines up to it, so that the store itself knows how far an
/// import came and of what. Run again after any end, it books nothing twice and leaves nothing
/// out. Pure but for its journal.
class Import {
  public:
    /// `known` is the store's answer about the client `client_of(source)`.
    Import(ImportSettings settings, const schema::ClientState& known, ImportJournal& journal);

    static schema::ClientId client_of(const std::string& source);

    /// True while more lines should be given.
    bool wants_lines() const;
    /// The next line of the file; `too_long` if it is only the beginning of one. `refused` with
    /// its number when it is not what was imported before: then nothing was sent.
    schema::Result<void> line(std::string_view text, bool too_long);
    /// The file ended. `refused` if it has fewer lines than were imported.
    schema::Result<void> end();

    /// The next ticket to send; null if there is none now. Fails where the journal cannot be
    /// written.
    schema::Result<const schema::Ticket*> next(std::int64_t now_us);
    void sent() { window_.sent(); }
    /// Fails where the journal cannot be written.
    schema::Result<void> answer(const schema::Message& message, std::int64_t now_us);
    void lost() { window_.resend(); }

    /// All lines are answered, or with `strict` one was not booked.
    bool done() const;
    bool unanswered() const { return !window_.idle(); }
    const ImportWindow& window() const { return window_; }
    const ImportCounts& counts() const { return counts_; }
    /// Bad and refused lines since the last call. Whoever takes any tells them and then calls
    /// `save`, before all else: they count as reported.
    std::vector<LineReport> take_reports() { return std::exchange(reports_, {}); }
    /// Every line up to it is booked, refused or bad, and was reported.
    std::uint64_t settled() const;
    /// Keeps `settled` for the next run, and which lines up to it were not booked.
    schema::Result<void> save();

  private:
    schema::Result<void> verify(std::uint64_t number);
    void add_ticket(std::uint64_t number, std::string_view text);
    void not_booked(std::uint64_t number, bool bad, const std::string& why);
    schema::Result<void> ended(const Outcome& outcome);

    ImportSettings settings_;
    schema::ClientId client_;
    std::uint64_t highest_;    ///< Accepted by the store before this run.
    schema::Bytes note_;       ///< Running hash that came with it.
    std::uint64_t ask_after_;  ///< Lines up to it were answered and reported in earlier runs.
    ImportJournal& journal_;
    ImportWindow window_;
    schema::Hash chain_;
    std::uint64_t changed_line_ = 0;  ///< First line that differs from the journal.
    bool unknown_ = false;            ///< The journal does not know some line before that one.
    bool ended_ = false;
    bool stopped_ = false;
    ImportCounts counts_;
    std::vector<LineReport> reports_;
};

}  // namespace filial::cli
