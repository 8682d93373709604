#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "schema/messages.h"

namespace filial::cli {

/// What became of one ticket.
struct Outcome {
    enum class What { booked, already_booked, refused };
    std::uint64_t number = 0;
    schema::Bytes note;  ///< That the ticket carried.
    What what = What::booked;
    std::uint64_t flags = 0;  ///< Of what was booked.
    std::uint64_t index = 0;  ///< Of the operation that was refused; kWholeTicket for all.
    schema::Error error{};
};

/// Tickets on the way to a publisher: sent in order, several at a time, again from the first
/// unanswered one after "busy" or a lost connection. A ticket's content and number never change,
/// so that it is booked once however often it is sent. Pure.
class ImportWindow {
  public:
    /// At most `size` tickets are unanswered. Those up to `highest` were accepted in an earlier
    /// run, or will never be.
    ImportWindow(std::size_t size, std::uint64_t highest) : size_(size), highest_(highest) {}

    bool has_room() const { return entries_.size() < size_; }
    bool idle() const { return entries_.empty(); }
    /// Adds the next ticket; numbers rise. `defaulted`: its content holds the time of this run, so
    /// that the same number may have been accepted with another time.
    void add(schema::Ticket ticket, bool defaulted);
    /// The next ticket to send now; null if all are on the way or the publisher asked to wait.
    /// Stays valid until the next call of anything else.
    const schema::Ticket* next(std::int64_t now_us);
    /// The ticket that `next` gave was sent.
    void sent();
    /// When `next` may have one again, if the publisher asked to wait.
    std::optional<std::int64_t> waits_until() const { return waits_until_; }

    /// An answer. Those to an older sending of a ticket change nothing but acceptance.
    void answer(const schema::Message& message, std::int64_t now_us);
    /// The connection was lost, or is silent: everything unanswered is to be sent again.
    void resend();

    /// Why the publisher asked to wait, the last time; for people.
    const std::string& reason() const { return reason_; }

    /// What became known since the last call, in the order of the answers.
    std::vector<Outcome> take_outcomes();
    /// Every ticket below this number is answered; 0 when nothing is on the way.
    std::uint64_t oldest() const { return entries_.empty() ? 0 : entries_.front().ticket.number; }

  private:
    struct Entry {
        schema::Ticket ticket;
        bool defaulted = false;
        bool on_the_way = false;
        bool tried = false;
        bool answered = false;
    };
    Entry* by_request(std::uint64_t request);
    void go_back(const Entry& entry, std::int64_t until_us, const std::string& reason);
    void settle(Entry& entry, Outcome outcome);
    void refused(Entry& entry, const schema::TicketRefused& refusal, std::int64_t now_us);

    std::size_t size_;
    std::uint64_t highest_;
    std::deque<Entry> entries_;
    std::size_t next_ = 0;  ///< Index of the next entry to send.
    std::uint64_t requests_ = 0;
    std::optional<std::int64_t> waits_until_;
    std::string reason_;
    std::vector<Outcome> outcomes_;
};

}  // namespace filial::cli
