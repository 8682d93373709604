#include "cli/import_window.h"

#include <utility>

#include "schema/limits.h"

namespace filial::cli {

using schema::Errc;
using What = Outcome::What;

namespace {

/// Before a ticket is tried again that could not be taken for now.
constexpr std::int64_t kRetryUs = 1'000'000;

}  // namespace

void ImportWindow::add(schema::Ticket ticket, bool defaulted) {
    Entry& entry = entries_.emplace_back();
    entry.ticket = std::move(ticket);
    entry.defaulted = defaulted;
}

const schema::Ticket* ImportWindow::next(std::int64_t now_us) {
    if (waits_until_ && now_us < *waits_until_) return nullptr;
    waits_until_.reset();
    while (next_ < entries_.size() && entries_[next_].answered) ++next_;
    if (next_ == entries_.size()) return nullptr;
    entries_[next_].ticket.request = ++requests_;
    return &entries_[next_].ticket;
}

void ImportWindow::sent() {
    entries_[next_].on_the_way = true;
    entries_[next_].tried = true;
    ++next_;
}

ImportWindow::Entry* ImportWindow::by_request(std::uint64_t request) {
    for (Entry& entry : entries_) {
        if (entry.on_the_way && !entry.answered && entry.ticket.request == request) return &entry;
    }
    return nullptr;
}

void ImportWindow::go_back(const Entry& entry, std::int64_t until_us, const std::string& reason) {
    std::size_t at = 0;
    while (&entries_[at] != &entry) ++at;
    for (std::size_t i = at; i < entries_.size(); ++i) entries_[i].on_the_way = false;
    next_ = at;
    waits_until_ = until_us;
    reason_ = reason;
}

void ImportWindow::settle(Entry& entry, Outcome outcome) {
    outcome.number = entry.ticket.number;
    outcome.note = entry.ticket.note;
    outcomes_.push_back(std::move(outcome));
    entry.answered = true;
    while (!entries_.empty() && entries_.front().answered) {
        entries_.pop_front();
        if (next_ > 0) --next_;
    }
}

void ImportWindow::refused(Entry& entry, const schema::TicketRefused& refusal,
                           std::int64_t now_us) {
    if (schema::error_info(refusal.code).retry) {  // Such as a full disk: not this ticket's fault.
        go_back(entry, now_us + kRetryUs, refusal.reason);
        return;
    }
    Outcome outcome;
    const bool before = entry.ticket.number <= highest_;
    if (refusal.code == Errc::number_reused && (before || entry.defaulted)) {
        // The lines up to there are proven to be the same: only the time of the run differs.
        outcome.what = What::already_booked;
    } else if (refusal.code == Errc::already_done && before &&
               highest_ - entry.ticket.number < schema::kAnswersKept) {
        // The answers that the store keeps reach back to here, and this one is not among them.
        outcome.what = What::refused;
        outcome.index = schema::kWholeTicket;
        outcome.error = {Errc::refused,
                         "not booked by an earlier import, which ended before it could say why"};
    } else if (refusal.code == Errc::already_done) {
        outcome.what = What::already_booked;
    } else {
        outcome.what = What::refused;
        outcome.index = refusal.index;
        outcome.error = {refusal.code, refusal.reason};
    }
    settle(entry, std::move(outcome));
}

void ImportWindow::answer(const schema::Message& message, std::int64_t now_us) {
    if (const auto* accepted = std::get_if<schema::Accepted>(&message)) {
        Entry* entry = by_request(accepted->request);
        if (entry == nullptr) return;
        Outcome outcome;
        const bool before = entry->ticket.number <= highest_;
        outcome.what = before && accepted->repeated ? What::already_booked : What::booked;
        outcome.flags = accepted->flags;
        settle(*entry, std::move(outcome));
    } else if (const auto* refusal = std::get_if<schema::TicketRefused>(&message)) {
        Entry* entry = by_request(refusal->request);
        if (entry != nullptr) refused(*entry, *refusal, now_us);
    } else if (const auto* trouble = std::get_if<schema::Trouble>(&message)) {
        Entry* entry = by_request(trouble->request);
        if (entry == nullptr) return;
        schema::TicketRefused as_refusal{trouble->request, schema::kWholeTicket, trouble->code,
                                         trouble->message};
        refused(*entry, as_refusal, now_us);
    } else if (const auto* busy = std::get_if<schema::Busy>(&message)) {
        Entry* entry = by_request(busy->request);
        if (entry == nullptr) return;
        go_back(*entry, now_us + static_cast<std::int64_t>(busy->retry_ms) * 1'000, busy->reason);
    }
}

void ImportWindow::resend() {
    for (Entry& entry : entries_) entry.on_the_way = false;
    next_ = 0;
}

std::vector<Outcome> ImportWindow::take_outcomes() { return std::exchange(outcomes_, {}); }

}  // namespace filial::cli
