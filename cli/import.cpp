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

/// The line up to which everything was answered in earlier runs. Without a journal, the store's
/// kept answers reach back far enough for any window.
std::uint64_t answered_before(std::uint64_t highest, const ImportJournal& journal) {
    const std::uint64_t back = journal.known() ? schema::kAnswersKept : kWindowMax;
    const std::uint64_t reach = highest - std::min(highest, back);
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
    return !ended_ && !stopped_ && (verifying || window_.has_room());
}

bool Import::done() const { return (ended_ || stopped_) && window_.idle(); }

Result<void> Import::line(std::string_view text, bool too_long) {
    const std::uint64_t number = ++counts_.lines;
    chain_ = schema::hash_of(schema::view(chain_), text);
    std::uint64_t kept = 0;
    const std::uint64_t now = first8(chain_);
    if (number > highest_) {
        if (const auto set = journal_.set(number, now); !set) return set;
    } else if (changed_line_ == 0) {
        const bool found = journal_.find(number, kept);
        if (found && kept != now) changed_line_ = number;
        if (!found) unknown_ = true;
    }
    if (number == highest_) {
        if (const auto same = verify(number); !same) return same;
    }
    if (is_blank(text)) return {};
    if (number <= ask_after_) {
        ++counts_.already_booked;
        return {};
    }
    if (too_long) {
        bad_line(number, "longer than any ticket may be");
        return {};
    }
    add_ticket(number, text);
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

void Import::bad_line(std::uint64_t number, const std::string& why) {
    // Lines up to there were read, and reported, by the run that came so far.
    if (number <= highest_) {
        ++counts_.already_booked;
        return;
    }
    ++counts_.bad;
    reports_.push_back({number, true, why});
    if (settings_.strict) stopped_ = true;
}

void Import::add_ticket(std::uint64_t number, std::string_view text) {
    auto operations = parse_operations(text, settings_.defaults);
    if (!operations) {
        bad_line(number, operations.error().message);
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
        bad_line(number, "larger than a ticket may be; hand it in as several lines");
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
        if (outcome.what == Outcome::What::booked) {
            ++counts_.booked;
            if (outcome.flags != 0) ++counts_.flagged;
        } else if (outcome.what == Outcome::What::already_booked) {
            ++counts_.already_booked;
        } else {
            const bool bad = schema::error_info(outcome.error.code).exit_code == 2;
            ++(bad ? counts_.bad : counts_.refused);
            std::string why = outcome.error.message;
            if (outcome.index != schema::kWholeTicket && outcome.index > 0) {
                why = "operation " + std::to_string(outcome.index + 1) + ": " + why;
            }
            reports_.push_back({outcome.number, bad, why});
            if (settings_.strict) stopped_ = true;
        }
    }
    if (settled() >= journal_.settled() + kSaveEvery) return save();
    return {};
}

std::uint64_t Import::settled() const {
    return window_.idle() ? counts_.lines : window_.oldest() - 1;
}

Result<void> Import::save() {
    if (const auto flushed = journal_.flush(); !flushed) return flushed;
    return journal_.settle(settled());
}

}  // namespace filial::cli
