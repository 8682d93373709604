#include "test/sim/till.h"

#include <algorithm>

#include "schema/hash.h"

namespace filial::sim {

using schema::Message;

namespace {

/// A till that got no answer for so long takes the connection for dead.
constexpr Time kPatience = 8 * kSecond;

}  // namespace

Till::Till(int id, Machine& machine, Network& network, const Plan& plan, Random& random,
           const Time& now, Operations& operations)
    : id_(id),
      machine_(machine),
      network_(network),
      plan_(plan),
      random_(random),
      now_(now),
      operations_(operations),
      client_(schema::hash16_of("till " + std::to_string(id))),
      transport_(network.transport(id, machine.name, machine.store.value())) {
    caller_ = std::move(*transport_->dial({"", machine.options.publisher_socket(), ""}));
}

Till::Ticket* Till::find(std::uint64_t request) {
    const auto number = number_of_.find(request);
    if (number == number_of_.end()) return nullptr;
    for (Ticket& each : waiting_) {
        if (each.ticket.number == number->second) return &each;
    }
    return nullptr;
}

bool Till::keeps_order() const {
    const auto every = [&](Fault fault) { return plan_.every[static_cast<std::size_t>(fault)]; };
    bool ends = false;
    for (const Fault fault : {Fault::kill, Fault::kill_at_write, Fault::power_cut, Fault::restart,
                              Fault::power_at_write, Fault::broken_disk, Fault::restore,
                              Fault::replace, Fault::clone, Fault::damaged_log}) {
        ends = ends || every(fault) > 0;
    }
    return id_ % 2 == 0 || !ends;
}

std::string Till::text() const {
    if (waiting_.empty()) return "the till of " + machine_.store.value() + " waits for nothing";
    const Ticket& first = waiting_.front();
    return "the till of " + machine_.store.value() + " waits for an answer to ticket " +
           std::to_string(first.ticket.number) + ", sent " +
           (first.sent == kNever ? "never" : std::to_string((now_ - first.sent) / kMillisecond)) +
           " ms ago over connection " + std::to_string(connection_) + ", " +
           (caller_->connected() ? "connected" : "not connected");
}

void Till::done(std::uint64_t number) {
    std::erase_if(waiting_, [&](const Ticket& each) { return each.ticket.number == number; });
    if (waiting_.empty()) number_of_.clear();
}

void Till::take(const Message& message) {
    const std::uint64_t request = schema::request_of(message);
    const auto known = number_of_.find(request);
    if (const auto* accepted = std::get_if<schema::Accepted>(&message)) {
        if (known == number_of_.end()) return;
        const Booked now{accepted->epoch, accepted->first, accepted->last, now_};
        Told& told = booked_[known->second];
        const auto same = std::find_if(told.begin(), told.end(), [&](const Booked& each) {
            return each.first == now.first && each.last == now.last;
        });
        if (same == told.end()) {
            if (!told.empty() && told.back().epoch >= now.epoch) {
                wrong_ = "I6: ticket " + std::to_string(known->second) + " was told at " +
                         std::to_string(told.back().first.value()) + " and again at " +
                         std::to_string(now.first.value());
            }
            told.push_back(now);
        }
        if (accepted->repeated) ++repeated_;
        done(known->second);
        return;
    }
    Ticket* ticket = find(request);
    if (ticket == nullptr) return;
    if (const auto* refused = std::get_if<schema::TicketRefused>(&message)) {
        const bool fine = refused->code == schema::Errc::refused ||
                          refused->code == schema::Errc::stale ||
                          refused->code == schema::Errc::overflow;
        if (!fine) {
            wrong_ = "I17: a ticket was refused oddly: " + refused->reason;
        }
        ++refused_;
        done(ticket->ticket.number);
    } else if (const auto* busy = std::get_if<schema::Busy>(&message)) {
        ++busy_;
        ticket->sent = kNever;
        ticket->not_before = now_ + static_cast<Time>(busy->retry_ms) * kMillisecond;
    } else {
        wrong_ = "I17: a ticket was answered by something else";
    }
}

void Till::receive() {
    for (;;) {
        auto bytes = caller_->receive();
        if (!bytes || !*bytes) return;
        const auto message = schema::decode_message(parser_, **bytes);
        if (!message) {
            wrong_ = "an answer cannot be read: " + message.error().message;
            return;
        }
        take(*message);
    }
}

/// In the order of their numbers, also when some come again: what is behind a ticket that waits
/// for its time waits with it.
void Till::send(Time& next) {
    bool held_up = false;
    for (Ticket& each : waiting_) {
        if (each.not_before > now_) {
            next = std::min(next, each.not_before);
            held_up = true;
        }
        if (each.sent != kNever) continue;
        // Half of the tills do not wait for the first one: their numbers must stick all the same.
        if (held_up && id_ % 2 == 0) return;
        if (each.not_before > now_) continue;
        each.ticket.request = ++requests_;
        number_of_[requests_] = each.ticket.number;
        const auto sent = caller_->send(schema::encode(Message{each.ticket}));
        if (!sent || !*sent) return;
        each.sent = now_;
    }
    if (again_ && caller_->connected()) {
        again_->request = ++requests_;
        number_of_[requests_] = again_->number;
        (void)caller_->send(schema::encode(Message{*again_}));
        again_.reset();
    }
}

Time Till::turn(bool open) {
    (void)transport_->wait(std::chrono::milliseconds(0));
    receive();
    if (caller_->connections() != connection_) {
        connection_ = caller_->connections();
        for (Ticket& each : waiting_) each.sent = kNever;
    }
    for (Ticket& each : waiting_) {
        if (each.sent == kNever || now_ - each.sent < kPatience) continue;
        caller_->hang_up();
        for (Ticket& other : waiting_) other.sent = kNever;
        break;
    }
    Time next = now_ + kSecond;
    if (open && now_ >= next_ticket_ && waiting_.size() < plan_.window) {
        Ticket made;
        made.ticket.client = client_;
        made.ticket.number = ++number_;
        if (!first_.empty()) {
            made.ticket.operations.push_back(std::move(first_.front()));
            first_.pop_front();
            next_ticket_ = now_;
        } else {
            made.ticket.operations = operations_.ticket(machine_);
            next_ticket_ =
                now_ + random_.between(plan_.ticket_every / 4, plan_.ticket_every * 7 / 4);
        }
        if (random_.chance(20)) again_ = made.ticket;  // A clerk presses twice.
        made_[number_] = made.ticket.operations;
        waiting_.push_back(std::move(made));
    }
    send(next);
    if (open) next = std::min(next, std::max(next_ticket_, now_ + 10 * kMillisecond));
    return next;
}

}  // namespace filial::sim
