#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "cli/link.h"
#include "schema/limits.h"
#include "schema/messages.h"

/// A publisher's intake as its header promises it, without disk and wire: numbers are booked once,
/// "busy" holds for every later ticket of a client, the highest number and its note are kept.
class FakePublisher {
  public:
    struct Client {
        std::uint64_t highest = 0;
        std::string note;
        std::map<std::uint64_t, filial::schema::Accepted> answers;
        std::set<std::uint64_t> held_back;  ///< Busy until the lowest of these came again.
    };

    filial::schema::ClientState state(const filial::schema::ClientId& id) {
        const Client& client = clients[id];
        return {0, client.highest, client.note};
    }

    filial::schema::Message take(const filial::schema::Ticket& ticket) {
        using namespace filial::schema;
        Client& client = clients[ticket.client];
        const bool behind_busy =
            !client.held_back.empty() && ticket.number > *client.held_back.begin();
        if (busy_next > 0 || behind_busy) {
            if (busy_next > 0) --busy_next;
            client.held_back.insert(ticket.number);
            return Busy{ticket.request, 5, "the queue is full"};
        }
        client.held_back.clear();
        const auto kept = client.answers.find(ticket.number);
        if (kept != client.answers.end()) {
            Accepted again = kept->second;
            again.request = ticket.request;
            again.repeated = true;
            return again;
        }
        if (ticket.number < client.highest) {
            return TicketRefused{ticket.request, kWholeTicket, Errc::already_done, "older"};
        }
        for (std::size_t i = 0; i < ticket.operations.size(); ++i) {
            const std::string& subject = ticket.operations[i].subject;
            if (subject == "FORBIDDEN") {
                return TicketRefused{ticket.request, i, Errc::refused, "a rule says no"};
            }
            if (subject == "WRONG") {
                return TicketRefused{ticket.request, i, Errc::invalid, "no such thing"};
            }
        }
        Accepted accepted;
        accepted.request = ticket.request;
        accepted.epoch = Epoch{1};
        accepted.first = Sequence{booked.size() + 1};
        for (const Operation& operation : ticket.operations) booked.push_back(operation.subject);
        accepted.last = Sequence{booked.size()};
        client.highest = ticket.number;
        client.note = ticket.note;
        client.answers[ticket.number] = accepted;
        return accepted;
    }

    std::vector<std::string> booked;  ///< Subjects, in their order.
    int busy_next = 0;                ///< So many tickets are answered "busy".
    std::map<filial::schema::ClientId, Client> clients;
};
