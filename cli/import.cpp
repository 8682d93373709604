#include "cli/import.h"

#include <algorithm>

namespace filial::cli {

using schema::ByteView;
using schema::Errc;
using schema::Result;

namespace {

constexpr std::size_t kNoteBytes = 16;
/// `settled` is kept after so many answers: what a killed import asks for again is no more.
constexpr std::uint64_t kSaveEvery = 256;

ByteView note_of(const schema::Hash& chain) { return schema::view(chain).substr(0, kNoteBytes); }

/// The line up to which everything was answered in earlier runs. The store's kept answers reach
/// back far enough for any window, also without a journal.
std::uint64_t answered_before(std::uint64_t highest, const ImportJournal& journal) {
    const std::uint64_t reach = highest - std::min(highest, schema::kAnswersKept);
    return std::max(reach, std::min(highest, journal.settled()));
}

bool is_blank(std::string_view text) {
    return text.find_first_not_of(" \t\r") == std::string_view::npos;
}

}  // namespace

schema::ClientId Import::client_of(const std::string& source) {
    return schema::hash16_of("import\n" + source);
}

Import::Import(ImportSettings settings, const schema::ClientState& known, ImportJournal& journal)
    : settings_(std::move(settings)),
      client_(client_of(settings_.source)),
      highest_(known.highest),
      note_(known.note),
      ask_after_(answered_before(known.highest, journal)),
      journal_(journal),
      window_(settings_.strict ? 1 : std::clamp<std::size_t>(settings_.window, 1, kWindowMax),
              known.highest),
      chain_(schema::hash_of("filial import\n", settings_.source)) {}

bool Import::wants_lines() const {
    // What was imported before is read to its end first; few of its lines are asked for again.
    const bool verifying = counts_.lines < highest_;
    // Lines that are no tickets, however many, must not stretch what is on the way beyond the
    // numbers that the store is asked for again after a kill.
    const bool near = window_.idle() || counts_.lines - window_.oldest() < kWindowMax;
    return !ended_ && !stopped_ && (verifying || (window_.has_room() && near));
}

bool Import::done() const { return (ended_ || stopped_) && window_.idle(); }

Result<void> Import::line(std::string_view text, bool too_long) {
    const std::uint64_t number = ++counts_.lines;
    chain_ = schema::hash_of(schema::view(chain_), text);
    std::uint64_t kept = 0;
    const std::uint64_t now = first8(schema::view(chain_));
    std::uint64_t turned = 0;  ///< How an earlier run marked the line.
    if (number > highest_) {
        if (const auto set = journal_.set(number, now); !set) return set;
    } else if (changed_line_ == 0) {
        const bool found = journal_.find(number, kept);
        turned = found ? kept ^ now : 0;
        const bool marked = turned == ImportJournal::kRefused || turned == ImportJournal::kBad;
        if (turned != 0 && !marked) changed_line_ = number;
        if (!found) unknown_ = true;
    }
    if (number == highest_) {
        if (const auto same = verify(number); !same) return same;
    }
    if (is_blank(text)) return {};
    if (too_long) {
        not_booked(number, true, "longer than any ticket may be");
    } else if (number <= ask_after_ && turned == ImportJournal::kRefused) {
        not_booked(number, false, "the store refused it in an earlier run");
    } else if (number <= ask_after_ && turned == ImportJournal::kBad) {
        not_booked(number, true, "the store could not take it in an earlier run");
    } else {
        add_ticket(number, text);
    }
    return {};
}

Result<void> Import::verify(std::uint64_t number) {
    if (note_ == note_of(chain_)) return {};
    // A store whose state was made again from its log knows how many there were, and no more.
    if (note_.empty() && changed_line_ == 0) return {};
    const std::uint64_t line = changed_line_ != 0 ? changed_line_ : number;
    const bool exact = changed_line_ != 0 && !unknown_;
    const std::string which = (exact ? "line " : "a line at or before ") + std::to_string(line);
    return schema::fail(Errc::refused,
                        which + " is not what it was when " + std::to_string(number) +
                            " lines were imported as \"" + settings_.source +
                            "\"; put it back and add corrections at the end, or import the file "
                            "under another --source");
}

Result<void> Import::end() {
    ended_ = true;
    if (counts_.lines >= highest_) return {};
    return schema::fail(Errc::refused, "it has " + std::to_string(counts_.lines) + " lines, but " +
                                           std::to_string(highest_) + " were imported as \"" +
                                           settings_.source +
                                           "\" before; give the whole file, or another --source");
}

void Import::not_booked(std::uint64_t number, bool bad, const std::string& why) {
    ++(bad ? counts_.bad : counts_.refused);
    reports_.push_back({number, bad, why});
    // An earlier run went on behind lines up to the highest one: they can be mended no more.
    if (settings_.strict && number > highest_) stopped_ = true;
}

void Import::add_ticket(std::uint64_t number, std::string_view text) {
    auto operations = parse_operations(text, settings_.defaults);
    if (!operations) {
        not_booked(number, true, operations.error().message);
        return;
    }
    schema::Ticket ticket;
    ticket.client = client_;
    ticket.number = number;
    ticket.note = note_of(chain_);
    std::size_t bytes = 0;
    bool defaulted = false;
    for (const schema::Operation& operation : *operations) {
        bytes += operation.payload.size() + operation.subject.size();
        for (const auto& [name, value] : operation.fields) bytes += name.size() + value.size();
        defaulted = defaulted || operation.at == settings_.defaults.at;
    }
    ticket.operations = std::move(*operations);
    // Encoding is only paid for where it may matter.
    if (bytes + ticket.operations.size() * 256 > schema::kTicketBytesMax &&
        schema::encode(schema::Message(ticket)).size() > schema::kTicketBytesMax) {
        not_booked(number, true, "larger than a ticket may be; hand it in as several lines");
        return;
    }
    if (number <= ask_after_) {
        ++counts_.already_booked;
        return;
    }
    window_.add(std::move(ticket), defaulted);
}

Result<const schema::Ticket*> Import::next(std::int64_t now_us) {
    // Nothing goes out before the whole earlier part is known to be unchanged.
    if (counts_.lines < highest_ && !ended_) return nullptr;
    const schema::Ticket* ticket = window_.next(now_us);
    if (ticket != nullptr) {
        if (const auto flushed = journal_.flush(); !flushed) {
            return tl::unexpected(flushed.error());
        }
    }
    return ticket;
}

Result<void> Import::answer(const schema::Message& message, std::int64_t now_us) {
    window_.answer(message, now_us);
    for (const Outcome& outcome : window_.take_outcomes()) {
        if (const auto kept = ended(outcome); !kept) return kept;
    }
    if (settled() >= journal_.settled() + kSaveEvery) return save();
    return {};
}

Result<void> Import::ended(const Outcome& outcome) {
    if (outcome.what == Outcome::What::booked) {
        ++counts_.booked;
        if (outcome.flags != 0) ++counts_.flagged;
        return {};
    }
    if (outcome.what == Outcome::What::already_booked) {
        ++counts_.already_booked;
        return {};
    }
    const bool bad = schema::error_info(outcome.error.code).exit_code == 2;
    std::string why = outcome.error.message;
    if (outcome.index != schema::kWholeTicket && outcome.index > 0) {
        why = "operation " + std::to_string(outcome.index + 1) + ": " + why;
    }
    not_booked(outcome.number, bad, why);
    const std::uint64_t mark = bad ? ImportJournal::kBad : ImportJournal::kRefused;
    return journal_.set(outcome.number, first8(outcome.note) ^ mark);
}

std::uint64_t Import::settled() const {
    std::uint64_t upto = window_.idle() ? counts_.lines : window_.oldest() - 1;
    for (const LineReport& report : reports_) upto = std::min(upto, report.line - 1);
    return upto;
}

Result<void> Import::save() {
    if (const auto flushed = journal_.flush(); !flushed) return flushed;
    return journal_.settle(settled());
}

}  // namespace filial::cli
