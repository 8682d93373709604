#include "schema/messages.h"

namespace filial::schema {
namespace {

using M = MessageKind;

void write_texts(Writer& out, const std::vector<std::string>& texts) {
    out.array(texts.size());
    for (const std::string& text : texts) out.str(text);
}

void head(Writer& out, M kind, std::size_t fields) {
    out.array(2 + fields).u64(kProtocolVersion).u64(static_cast<std::uint64_t>(kind));
}

void hello_fields(Writer& out, const Hello& hello) {
    out.u64(hello.version_min).u64(hello.version_max).u64(hello.nonce).str(hello.store);
    out.str(hello.role).str(hello.name).u64(hello.epoch.value()).bin(view(hello.incarnation));
    write_texts(out, hello.offers);
    out.i64(hello.clock.value()).str(hello.software);
}

/// Writes each message; messages_read.cpp reads in the same order of fields.
struct Encoder {
    Writer& out;

    void operator()(const Hello& m) {
        head(out, M::hello, 11);
        hello_fields(out, m);
    }
    void operator()(const Welcome& m) {
        head(out, M::welcome, 13);
        out.u64(m.hello_nonce).u64(m.version);
        hello_fields(out, m.self);
    }
    void operator()(const Trouble& m) {
        head(out, M::trouble, 7);
        out.u64(m.session).u64(m.request).u64(static_cast<std::uint64_t>(m.code)).str(m.message);
        out.str(m.store);
        write_texts(out, m.topics);
        out.u64(m.retry_ms);
    }
    void operator()(const Fetch& m) {
        head(out, M::fetch, 6);
        out.u64(m.session).str(m.store.value()).u64(m.epoch.value()).array(m.after.size());
        for (const TopicEnd& end : m.after) out.array(2).str(end.topic).u64(end.seq.value());
        out.u64(m.credit).boolean(m.restart);
    }
    void operator()(const BlockMessage& m) {
        const Block& b = m.block;
        head(out, M::block, 14);
        out.u64(m.session).str(b.store.value()).u64(b.epoch.value());
        write_texts(out, b.topics);
        out.u64(b.after.value()).u64(b.upto.value()).u64(b.count);
        out.u64(static_cast<std::uint64_t>(b.codec)).bin(b.dictionary).u64(b.raw_size);
        out.u64(b.checksum).bin(b.seal).u64(b.end.value()).bin(b.data);
    }
    void operator()(const MarkMessage& m) {
        head(out, M::mark, 5);
        out.u64(m.session).bin(m.mark).bin(m.signature).i64(m.dwell_us).boolean(m.dwell_exact);
    }
    void operator()(const Ping& m) {
        head(out, M::ping, 2);
        out.u64(m.session).u64(m.nonce);
    }
    void operator()(const Pong& m) {
        head(out, M::pong, 2);
        out.u64(m.session).u64(m.nonce);
    }
    void operator()(const Applied& m) {
        head(out, M::applied, 3);
        out.u64(m.session).array(m.reached.size());
        for (const Reached& reached : m.reached) write_reached(out, reached);
        out.array(m.parked.size());
        for (const ParkedKey& key : m.parked) {
            out.array(3).str(key.store.value()).str(key.topic).str(key.key);
        }
    }
    void operator()(const Bye& m) {
        head(out, M::bye, 2);
        out.u64(m.session).str(m.reason);
    }
    void operator()(const Ticket& m) {
        head(out, M::ticket, 5);
        out.u64(m.request).bin(view(m.client)).u64(m.number).bin(m.note);
        out.array(m.operations.size());
        for (const Operation& operation : m.operations) write_operation(out, operation);
    }
    void operator()(const Accepted& m) {
        head(out, M::accepted, 6);
        out.u64(m.request).u64(m.epoch.value()).u64(m.first.value()).u64(m.last.value());
        out.u64(m.flags).boolean(m.repeated);
    }
    void operator()(const TicketRefused& m) {
        head(out, M::ticket_refused, 4);
        out.u64(m.request).u64(m.index).u64(static_cast<std::uint64_t>(m.code)).str(m.reason);
    }
    void operator()(const Busy& m) {
        head(out, M::busy, 3);
        out.u64(m.request).u64(m.retry_ms).str(m.reason);
    }
    void operator()(const ClientAsk& m) {
        head(out, M::client_ask, 2);
        out.u64(m.request).bin(view(m.client));
    }
    void operator()(const ClientState& m) {
        head(out, M::client_state, 3);
        out.u64(m.request).u64(m.highest).bin(m.note);
    }
    void operator()(const Query& m) {
        head(out, M::query, 9);
        write_query(out, m);
    }
    void operator()(const Answer& m) {
        head(out, M::answer, 4);
        write_answer(out, m);
    }
    void operator()(const StatusAsk& m) {
        head(out, M::status_ask, 1);
        out.u64(m.request);
    }
    void operator()(const Status& m) {
        head(out, M::status, 11);
        write_status(out, m);
    }
    void operator()(const Forget& m) {
        head(out, M::forget, 2);
        out.u64(m.request).str(m.receiver);
    }
};

}  // namespace

std::string_view name_of(MessageKind kind) {
    switch (kind) {
        case M::hello:
            return "hello";
        case M::welcome:
            return "welcome";
        case M::trouble:
            return "trouble";
        case M::fetch:
            return "fetch";
        case M::block:
            return "block";
        case M::mark:
            return "mark";
        case M::ping:
            return "ping";
        case M::pong:
            return "pong";
        case M::applied:
            return "applied";
        case M::bye:
            return "bye";
        case M::ticket:
            return "ticket";
        case M::accepted:
            return "accepted";
        case M::ticket_refused:
            return "ticket_refused";
        case M::busy:
            return "busy";
        case M::client_ask:
            return "client_ask";
        case M::client_state:
            return "client_state";
        case M::query:
            return "query";
        case M::answer:
            return "answer";
        case M::status_ask:
            return "status_ask";
        case M::status:
            return "status";
        case M::forget:
            return "forget";
        case M::confirm:
            return "confirm";
        case M::confirmed:
            return "confirmed";
        case M::snapshot:
            return "snapshot";
        case M::moved:
            return "moved";
        case M::chunk:
            return "chunk";
    }
    return "unknown";
}

std::uint64_t request_of(const Message& message) {
    return std::visit(
        [](const auto& m) -> std::uint64_t {
            if constexpr (requires { m.request; }) return m.request;
            return 0;
        },
        message);
}

MessageKind kind_of(const Message& message) {
    constexpr M kinds[] = {
        M::hello,          M::welcome, M::trouble,    M::fetch,        M::block,  M::mark,
        M::ping,           M::pong,    M::applied,    M::bye,          M::ticket, M::accepted,
        M::ticket_refused, M::busy,    M::client_ask, M::client_state, M::query,  M::answer,
        M::status_ask,     M::status,  M::forget};
    static_assert(std::size(kinds) == std::variant_size_v<Message>);
    return kinds[message.index()];
}

Bytes encode(const Message& message) {
    Writer out;
    std::visit(Encoder{out}, message);
    return out.take();
}

}  // namespace filial::schema
