#include "schema/messages.h"

#include "schema/limits.h"
#include "schema/payloads.h"

namespace filial::schema {
namespace {

using M = MessageKind;

void write_texts(Writer& out, const std::vector<std::string>& texts) {
    out.array(texts.size());
    for (const std::string& text : texts) out.str(text);
}

std::vector<std::string> read_texts(Fields& fields) {
    std::vector<std::string> texts;
    Fields list = fields.array();
    while (list.more()) texts.emplace_back(list.str());
    return texts;
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

Hello read_hello(Fields& fields) {
    Hello hello;
    hello.version_min = fields.u64();
    hello.version_max = fields.u64();
    hello.nonce = fields.u64();
    hello.store = fields.str();
    hello.role = fields.str();
    hello.name = fields.str();
    hello.epoch = Epoch{fields.u32()};
    hello.incarnation = id16_from(fields.bin());
    hello.offers = read_texts(fields);
    hello.clock = Timestamp{fields.i64()};
    hello.software = fields.str();
    return hello;
}

/// Writes each message; reading stands below in the same order of fields.
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
};

Trouble read_trouble(Fields& fields) {
    Trouble m;
    m.session = fields.u64();
    m.request = fields.u64();
    m.code = errc_from_wire(fields.u64());
    m.message = fields.str();
    m.store = fields.str();
    m.topics = read_texts(fields);
    m.retry_ms = fields.u64();
    return m;
}

Fetch read_fetch(Fields& fields) {
    Fetch m;
    m.session = fields.u64();
    m.store = StoreId{std::string(fields.str())};
    m.epoch = Epoch{fields.u32()};
    Fields after = fields.array();
    while (after.more()) {
        Fields pair = after.array();
        TopicEnd end;
        end.topic = pair.str();
        end.seq = Sequence{pair.u64()};
        m.after.push_back(std::move(end));
    }
    m.credit = fields.u64();
    m.restart = fields.boolean();
    return m;
}

BlockMessage read_block(Fields& fields) {
    BlockMessage m;
    Block& b = m.block;
    m.session = fields.u64();
    b.store = StoreId{std::string(fields.str())};
    b.epoch = Epoch{fields.u32()};
    b.topics = read_texts(fields);
    b.after = Sequence{fields.u64()};
    b.upto = Sequence{fields.u64()};
    b.count = fields.u64();
    b.codec = static_cast<BlockCodec>(fields.u64() & 0xff);
    b.dictionary = fields.bin();
    b.raw_size = fields.u64();
    b.checksum = fields.u64();
    b.seal = fields.bin();
    b.end = Sequence{fields.u64()};
    b.data = fields.bin();
    return m;
}

Applied read_applied(Fields& fields) {
    Applied m;
    m.session = fields.u64();
    Fields reached = fields.array();
    while (reached.more()) m.reached.push_back(read_reached(reached));
    Fields parked = fields.array();
    while (parked.more()) {
        Fields parts = parked.array();
        ParkedKey key;
        key.store = StoreId{std::string(parts.str())};
        key.topic = parts.str();
        key.key = parts.str();
        m.parked.push_back(std::move(key));
    }
    return m;
}

Ticket read_ticket(Fields& fields) {
    Ticket m;
    m.request = fields.u64();
    m.client = id16_from(fields.bin());
    m.number = fields.u64();
    m.note = fields.bin();
    Fields operations = fields.array();
    while (operations.more()) m.operations.push_back(read_operation(operations));
    return m;
}

Result<Message> read_body(M kind, Fields& fields) {
    switch (kind) {
        case M::hello:
            return Message{read_hello(fields)};
        case M::welcome: {
            Welcome m;
            m.hello_nonce = fields.u64();
            m.version = fields.u64();
            m.self = read_hello(fields);
            return Message{std::move(m)};
        }
        case M::trouble:
            return Message{read_trouble(fields)};
        case M::fetch:
            return Message{read_fetch(fields)};
        case M::block:
            return Message{read_block(fields)};
        case M::mark: {
            MarkMessage m;
            m.session = fields.u64();
            m.mark = fields.bin();
            m.signature = fields.bin();
            m.dwell_us = fields.i64();
            m.dwell_exact = fields.boolean();
            return Message{std::move(m)};
        }
        case M::ping: {
            const std::uint64_t session = fields.u64();
            return Message{Ping{session, fields.u64()}};
        }
        case M::pong: {
            const std::uint64_t session = fields.u64();
            return Message{Pong{session, fields.u64()}};
        }
        case M::applied:
            return Message{read_applied(fields)};
        case M::bye: {
            const std::uint64_t session = fields.u64();
            return Message{Bye{session, std::string(fields.str())}};
        }
        case M::ticket:
            return Message{read_ticket(fields)};
        case M::accepted: {
            Accepted m;
            m.request = fields.u64();
            m.epoch = Epoch{fields.u32()};
            m.first = Sequence{fields.u64()};
            m.last = Sequence{fields.u64()};
            m.flags = fields.u64();
            m.repeated = fields.boolean();
            return Message{m};
        }
        case M::ticket_refused: {
            TicketRefused m;
            m.request = fields.u64();
            m.index = fields.u64();
            m.code = errc_from_wire(fields.u64());
            m.reason = fields.str();
            return Message{std::move(m)};
        }
        case M::busy: {
            Busy m;
            m.request = fields.u64();
            m.retry_ms = fields.u64();
            m.reason = fields.str();
            return Message{std::move(m)};
        }
        case M::client_ask: {
            ClientAsk m;
            m.request = fields.u64();
            m.client = id16_from(fields.bin());
            return Message{m};
        }
        case M::client_state: {
            ClientState m;
            m.request = fields.u64();
            m.highest = fields.u64();
            m.note = fields.bin();
            return Message{std::move(m)};
        }
        case M::query:
            return Message{read_query(fields)};
        case M::answer:
            return Message{read_answer(fields)};
        case M::status_ask:
            return Message{StatusAsk{fields.u64()}};
        case M::status:
            return Message{read_status(fields)};
        case M::confirm:
        case M::confirmed:
        case M::snapshot:
        case M::moved:
        case M::chunk:
            break;
    }
    return fail(Errc::unknown_kind, "message kind " + std::to_string(static_cast<unsigned>(kind)) +
                                        " is not known to this version");
}

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

MessageKind kind_of(const Message& message) {
    constexpr M kinds[] = {M::hello,          M::welcome, M::trouble,    M::fetch,
                           M::block,          M::mark,    M::ping,       M::pong,
                           M::applied,        M::bye,     M::ticket,     M::accepted,
                           M::ticket_refused, M::busy,    M::client_ask, M::client_state,
                           M::query,          M::answer,  M::status_ask, M::status};
    static_assert(std::size(kinds) == std::variant_size_v<Message>);
    return kinds[message.index()];
}

Bytes encode(const Message& message) {
    Writer out;
    std::visit(Encoder{out}, message);
    return out.take();
}

Result<Message> decode_message(Parser& parser, ByteView bytes) {
    auto fields = parser.array(bytes);
    if (!fields) return fail("message", fields.error());
    const std::uint64_t version = fields->u64();
    const std::uint64_t kind = fields->u64();
    if (const auto ok = parser.finish("message"); !ok) return tl::unexpected(ok.error());
    if (version != kProtocolVersion) {
        return fail(Errc::schema_too_new, "message of protocol version " + std::to_string(version) +
                                              ", this end speaks " +
                                              std::to_string(kProtocolVersion));
    }
    if (kind > 255) return fail(Errc::unknown_kind, "message kind " + std::to_string(kind));
    auto message = read_body(static_cast<M>(kind), *fields);
    if (!message) return message;
    const auto done = parser.finish(name_of(static_cast<M>(kind)));
    if (!done) return tl::unexpected(done.error());
    return message;
}

}  // namespace filial::schema
