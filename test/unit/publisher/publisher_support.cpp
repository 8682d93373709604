#include <doctest/doctest.h>

#include "test/unit/publisher/publisher_support.h"

#include "schema/payloads.h"

namespace filial::test {

using schema::Sequence;

Shop::Shop(MemoryJournal with, std::uint64_t queue_tickets) : journal(std::move(with)) {
    options.store = schema::StoreId{"store1"};
    options.publisher.queue_tickets = queue_tickets;
    options.hubs.push_back({"head", "tcp://head:1", "key"});
    restart();
}

void Shop::restart(bool power_cut) {
    publisher.reset();
    if (power_cut) journal.crash();
    legs.book = core::MarkBook();
    auto opened = publisher::Publisher::open(options, journal, clock, nullptr);
    REQUIRE(opened);
    publisher = std::move(*opened);
    publisher->attach(legs);
}

void Shop::send(const schema::Ticket& ticket) { publisher->request(till, schema::Message{ticket}); }

std::vector<schema::LoggedEvent> Shop::log() const {
    const auto range = journal.read({options.store, {"*"}, Sequence{0}, SIZE_MAX});
    REQUIRE(range);
    const auto events = schema::events_in_order(range->segments);
    REQUIRE(events);
    return *events;
}

schema::Operation sale(const std::string& sku, const std::string& quantity) {
    schema::Operation operation;
    operation.kind = schema::OperationKind::sell;
    operation.at = schema::Timestamp{1'291'190'400'000'000};
    operation.subject = sku;
    operation.quantity = *schema::parse_quantity(quantity);
    return operation;
}

schema::Ticket ticket(std::uint64_t number, std::vector<schema::Operation> operations,
                      schema::ClientId client) {
    schema::Ticket made;
    made.request = 900 + number;
    made.client = client;
    made.number = number;
    made.operations = std::move(operations);
    return made;
}

core::Peer broker(const std::string& name) {
    core::Peer peer;
    peer.store = name;
    peer.role = "broker";
    peer.name = name + "/broker";
    peer.dialled = true;
    return peer;
}

schema::Range control_of(const std::string& store, std::uint64_t after, std::uint64_t upto,
                         const std::vector<std::pair<std::uint64_t, schema::Event>>& events,
                         std::uint32_t epoch) {
    schema::Range range;
    range.store = schema::StoreId{store};
    range.epoch = schema::Epoch{epoch};
    range.topics = {"accounts", "control"};
    range.after = Sequence{after};
    range.upto = Sequence{upto};
    range.end = Sequence{upto};
    for (const std::string& topic : range.topics) {
        schema::Segment segment;
        segment.topic = topic;
        segment.epoch = range.epoch;
        for (const auto& [seq, event] : events) {
            if (event.topic != topic) continue;
            segment.add(Sequence{seq}, event.client, encode_row(event));
        }
        if (!segment.empty()) range.segments.push_back(std::move(segment));
    }
    return range;
}

schema::Event sent_notice(const std::string& transfer, const std::string& to,
                          const std::string& quantity) {
    schema::TransferStep step;
    step.peer = to;
    step.sku = "22423";
    step.quantity = *schema::parse_quantity(quantity);
    schema::Event event;
    event.topic = "control";
    event.kind = schema::kTransferSent;
    event.key = transfer;
    event.addressee = to;
    event.payload = schema::encode(step);
    return event;
}

}  // namespace filial::test
