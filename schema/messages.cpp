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
    if (hello.features != 0) out.u64(hello.features);
}

/// Writes each message; messages_read.cpp reads in the same order of fields.
struct Encoder {
    Writer& out;

    void operator()(const Hello& m) {
        head(out, M::hello, m.features != 0 ? 12 : 11);
        hello_fields(out, m);
    }
    void operator()(const Welcome& m) {
        head(out, M::welcome, m.self.features != 0 ? 14 : 13);
        out.u64(m.hello_nonce).u64(m.version);
        hello_fields(out, m.self);
    }
    void operator()(const Trouble& m) {
        const bool named = m.incarnation != Incarnation{};
        head(out, M::trouble, named ? 9 : m.end != 0 ? 8 : 7);
        out.u64(m.session).u64(m.request).u64(static_cast<std::uint64_t>(m.code)).str(m.message);
        out.str(m.store);
        write_texts(out, m.topics);
        out.u64(m.retry_ms);
        if (named || m.end != 0) out.u64(m.end);
        if (named) out.bin(view(m.incarnation));
    }
    void operator()(const Fetch& m) {
        const bool proof = !m.proof.empty();
        const bool known = proof || m.incarnation != Incarnation{};
        const bool more = known || m.codecs != 0 || m.dictionaries || m.block_events != 0;
        head(out, M::fetch, proof ? 11 : known ? 10 : more ? 9 : 6);
        out.u64(m.session).str(m.store.value()).u64(m.epoch.value()).array(m.after.size());
        for (const TopicEnd& end : m.after) out.array(2).str(end.topic).u64(end.seq.value());
        out.u64(m.credit).boolean(m.restart);
        if (more) out.u64(m.codecs).boolean(m.dictionaries).u64(m.block_events);
        if (known) out.bin(view(m.incarnation));
        if (proof) out.bin(m.proof);
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
    void operator()(const Confirm& m) {
        head(out, M::confirm, 3);
        out.u64(m.session).u64(m.nonce).str(m.store.value());
    }
    void operator()(const Confirmed& m) {
        head(out, M::confirmed, 4);
        out.u64(m.session).u64(m.nonce).bin(m.mark).bin(m.signature);
    }
    void operator()(const Several& m) {
        head(out, M::several, 5);
        out.u64(m.session).u64(m.piece.number).u64(m.piece.raw_size).u64(m.piece.check);
        out.bin(m.piece.data);
    }
    void operator()(const Rejoin& m) {
        head(out, M::rejoin, 6);
        out.u64(m.session).bin(view(m.incarnation)).u64(m.epoch.value()).u64(m.end.value());
        out.str(m.machine).str(m.reason);
    }
    void operator()(const Rejoined& m) {
        head(out, M::rejoined, 7);
        out.u64(m.session).bin(view(m.incarnation)).u64(m.epoch.value());
        out.u64(m.held_epoch.value()).u64(m.held_end.value()).array(m.held.size());
        for (const ChainEnd& end : m.held) {
            out.array(3).str(end.topic).u64(end.last.value()).bin(view(end.chain));
        }
        out.str(m.text);
    }
    void operator()(const SnapshotAsk& m) {
        head(out, M::snapshot, 6);
        write_snapshot_ask(out, m);
    }
    void operator()(const Chunk& m) {
        head(out, M::chunk, 11);
        write_chunk(out, m);
    }
    void operator()(const Bye& m) {
        head(out, M::bye, 2);
        out.u64(m.session).str(m.reason);
    }
    void operator()(const Ticket& m) {
        head(out, M::ticket, m.reissued ? 6 : 5);
        out.u64(m.request).bin(view(m.client)).u64(m.number).bin(m.note);
        out.array(m.operations.size());
        for (const Operation& operation : m.operations) write_operation(out, operation);
        if (m.reissued) out.boolean(true);
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
        head(out, M::status_ask, m.look ? 2 : 1);
        out.u64(m.request);
        if (m.look) out.boolean(m.look);
    }
    void operator()(const Status& m) {
        head(out, M::status, !m.damages.empty() ? 13 : m.waiting.empty() ? 11 : 12);
        write_status(out, m);
    }
    void operator()(const Forget& m) {
        head(out, M::forget, 2);
        out.u64(m.request).str(m.receiver);
    }
    void operator()(const Call& m) {
        head(out, M::call, 4);
        write_call(out, m);
    }
    void operator()(const CallState& m) {
        head(out, M::call_state, 3);
        write_call_state(out, m);
    }
    void operator()(const Readmit& m) {
        head(out, M::readmit, m.reason.empty() ? 3 : 4);
        out.u64(m.request).str(m.store.value()).str(m.incarnation);
        if (!m.reason.empty()) out.str(m.reason);
    }
    void operator()(const Backup& m) {
        head(out, M::backup, 2);
        out.u64(m.request).str(m.folder);
    }
    void operator()(const Unpark& m) {
        head(out, M::unpark, 7);
        out.u64(m.request).boolean(m.waive).str(m.store).str(m.topic).str(m.key);
        out.str(m.who).str(m.reason);
    }
    void operator()(const DigestAsk& m) {
        head(out, M::digest_ask, m.reload ? 5 : 4);
        write_digest_ask(out, m);
    }
    void operator()(const Digests& m) {
        head(out, M::digests, 4);
        write_digests(out, m);
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
        case M::several:
            return "several";
        case M::rejoin:
            return "rejoin";
        case M::rejoined:
            return "rejoined";
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
        case M::call:
            return "call";
        case M::call_state:
            return "call_state";
        case M::readmit:
            return "readmit";
        case M::backup:
            return "backup";
        case M::unpark:
            return "unpark";
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
        case M::digest_ask:
            return "digest_ask";
        case M::digests:
            return "digests";
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
        M::hello,    M::welcome,        M::trouble,  M::fetch,      M::block,        M::mark,
        M::ping,     M::pong,           M::applied,  M::confirm,    M::confirmed,    M::several,
        M::rejoin,   M::rejoined,       M::snapshot, M::chunk,      M::bye,          M::ticket,
        M::accepted, M::ticket_refused, M::busy,     M::client_ask, M::client_state, M::query,
        M::answer,   M::status_ask,     M::status,   M::forget,     M::call,         M::call_state,
        M::readmit,  M::backup,         M::unpark,   M::digest_ask, M::digests};
    static_assert(std::size(kinds) == std::variant_size_v<Message>);
    return kinds[message.index()];
}

Bytes encode(const Message& message) {
    Writer out;
    std::visit(Encoder{out}, message);
    return out.take();
}

}  // namespace filial::schema
