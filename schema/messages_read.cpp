// The reading half of messages.h; messages.cpp writes in the same order of fields.
#include <algorithm>

#include "schema/messages.h"
#include "schema/names.h"

namespace filial::schema {
namespace {

using M = MessageKind;

std::vector<std::string> read_texts(Fields& fields) {
    std::vector<std::string> texts;
    Fields list = fields.array();
    while (list.more()) texts.emplace_back(list.str());
    return texts;
}

Hello read_hello(Fields& fields) {
    Hello hello;
    hello.version_min = fields.u64();
    hello.version_max = fields.u64();
    hello.nonce = fields.u64();
    hello.store = read_store_or_none(fields).value();
    hello.role = read_receiver_part(fields);
    hello.name = read_receiver_part(fields);
    hello.epoch = Epoch{fields.u32()};
    hello.incarnation = id16_from(fields.bin());
    hello.offers = read_texts(fields);
    hello.clock = Timestamp{fields.i64()};
    hello.software = fields.str();
    hello.features = fields.u64();
    return hello;
}

Trouble read_trouble(Fields& fields) {
    Trouble m;
    m.session = fields.u64();
    m.request = fields.u64();
    m.code = errc_from_wire(fields.u64());
    m.message = fields.str();
    m.store = fields.str();
    m.topics = read_texts(fields);
    m.retry_ms = fields.u64();
    m.end = fields.u64();
    m.incarnation = id16_from(fields.bin());
    return m;
}

Fetch read_fetch(Fields& fields) {
    Fetch m;
    m.session = fields.u64();
    m.store = read_store(fields);
    m.epoch = Epoch{fields.u32()};
    Fields after = fields.array();
    while (after.more()) {
        Fields pair = after.array();
        TopicEnd end;
        end.topic = read_topic_or_all(pair);
        end.seq = Sequence{pair.u64()};
        m.after.push_back(std::move(end));
    }
    m.credit = fields.u64();
    m.restart = fields.boolean();
    m.codecs = fields.u64();
    m.dictionaries = fields.boolean();
    m.block_events = fields.u64();
    m.incarnation = id16_from(fields.bin());
    m.proof = fields.bin();
    return m;
}

BlockMessage read_block(Fields& fields) {
    BlockMessage m;
    Block& b = m.block;
    m.session = fields.u64();
    b.store = read_store(fields);
    b.epoch = Epoch{fields.u32()};
    Fields topics = fields.array();
    while (topics.more()) b.topics.push_back(read_topic_or_all(topics));
    b.after = Sequence{fields.u64()};
    b.upto = Sequence{fields.u64()};
    b.count = fields.u64();
    b.codec = static_cast<BlockCodec>(std::min<std::uint64_t>(fields.u64(), 0xff));
    b.dictionary = fields.bin();
    b.raw_size = fields.u64();
    b.checksum = fields.u64();
    b.seal = fields.bin();
    b.end = Sequence{fields.u64()};
    b.data = fields.bin();
    return m;
}

Rejoin read_rejoin(Fields& fields) {
    Rejoin m;
    m.session = fields.u64();
    m.incarnation = id16_from(fields.bin());
    m.epoch = Epoch{fields.u32()};
    m.end = Sequence{fields.u64()};
    m.machine = fields.str();
    m.reason = fields.str();
    return m;
}

Rejoined read_rejoined(Fields& fields) {
    Rejoined m;
    m.session = fields.u64();
    m.incarnation = id16_from(fields.bin());
    m.epoch = Epoch{fields.u32()};
    m.held_epoch = Epoch{fields.u32()};
    m.held_end = Sequence{fields.u64()};
    Fields held = fields.array();
    while (held.more()) {
        Fields parts = held.array();
        ChainEnd end;
        end.topic = read_topic(parts);
        end.last = Sequence{parts.u64()};
        end.chain = hash_from(parts.bin());
        m.held.push_back(std::move(end));
    }
    m.text = fields.str();
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
        key.store = read_store(parts);
        key.topic = read_topic(parts);
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
    m.reissued = fields.boolean();
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
        case M::several: {
            Several m;
            m.session = fields.u64();
            m.piece.number = fields.u64();
            m.piece.raw_size = fields.u64();
            m.piece.check = fields.u32();
            m.piece.data = fields.bin();
            return Message{std::move(m)};
        }
        case M::rejoin:
            return Message{read_rejoin(fields)};
        case M::rejoined:
            return Message{read_rejoined(fields)};
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
            return Message{StatusAsk{fields.u64(), fields.boolean()}};
        case M::forget: {
            Forget m;
            m.request = fields.u64();
            m.receiver = fields.str();
            return Message{std::move(m)};
        }
        case M::readmit: {
            Readmit m;
            m.request = fields.u64();
            m.store = read_store(fields);
            m.incarnation = fields.str();
            m.reason = fields.str();
            return Message{std::move(m)};
        }
        case M::backup: {
            Backup m;
            m.request = fields.u64();
            m.folder = fields.str();
            return Message{std::move(m)};
        }
        case M::digest_ask:
            return Message{read_digest_ask(fields)};
        case M::digests:
            return Message{read_digests(fields)};
        case M::unpark: {
            Unpark m;
            m.request = fields.u64();
            m.waive = fields.boolean();
            m.store = fields.str();
            m.topic = fields.str();
            m.key = fields.str();
            m.who = fields.str();
            m.reason = fields.str();
            return Message{std::move(m)};
        }
        case M::status:
            return Message{read_status(fields)};
        case M::call:
            return Message{read_call(fields)};
        case M::call_state:
            return Message{read_call_state(fields)};
        case M::confirm: {
            Confirm m;
            m.session = fields.u64();
            m.nonce = fields.u64();
            m.store = read_store(fields);
            return Message{std::move(m)};
        }
        case M::confirmed: {
            Confirmed m;
            m.session = fields.u64();
            m.nonce = fields.u64();
            m.mark = fields.bin();
            m.signature = fields.bin();
            return Message{std::move(m)};
        }
        case M::snapshot:
            return Message{read_snapshot_ask(fields)};
        case M::chunk:
            return Message{read_chunk(fields)};
        case M::moved:
            break;
    }
    return fail(Errc::unknown_kind, "message kind " + std::to_string(static_cast<unsigned>(kind)) +
                                        " is not known to this version");
}

}  // namespace

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
