#include "schema/segment.h"

#include <algorithm>
#include <cstring>

#include "schema/limits.h"
#include "schema/names.h"

namespace filial::schema {
namespace {

constexpr std::uint64_t kSegmentVersion = 1;

/// How far back a row's client is looked for. Clients come in runs, and a store has fewer tills; a
/// log that has more of them costs bytes, never time.
constexpr std::size_t kClientsSearched = 64;

/// Compared first: two clients hardly ever share it.
std::uint64_t first_half(const ClientId& client) {
    std::uint64_t half = 0;
    std::memcpy(&half, client.data(), sizeof half);
    return half;
}

/// Into an event of before, whose memory it takes.
Result<void> read_event(const Segment& segment, Parser& parser, std::size_t index,
                        LoggedEvent& logged) {
    logged.epoch = segment.epoch;
    logged.seq = segment.seqs[index];
    logged.event.topic = segment.topic;
    logged.event.client = segment.clients[segment.who[index]];
    const auto ok = decode_row(parser, segment.rows[index], logged.event);
    if (ok) return {};
    return fail(segment.topic + " event " + std::to_string(logged.seq.value()), ok.error());
}

}  // namespace

std::size_t Segment::size() const {
    std::size_t bytes = 0;
    for (const Bytes& row : rows) bytes += row.size();
    return bytes;
}

void Segment::add(Sequence seq, const ClientId& client, Bytes row) {
    check(seqs.empty() || seqs.back() < seq, "positions in a segment rise");
    const std::size_t from = clients.size() - std::min(clients.size(), kClientsSearched);
    std::size_t index = clients.size();
    const std::uint64_t wanted = first_half(client);
    const auto is = [&](const ClientId& one) { return first_half(one) == wanted && one == client; };
    while (index > from && !is(clients[index - 1])) --index;
    if (index == from) {
        clients.push_back(client);
        index = clients.size();
    }
    seqs.push_back(seq);
    who.push_back(static_cast<std::uint32_t>(index - 1));
    rows.push_back(std::move(row));
}

void Segment::append(const Segment& other, Sequence after) {
    check(topic == other.topic && epoch == other.epoch, "segments of one topic and epoch join");
    for (std::size_t i = 0; i < other.rows.size(); ++i) {
        if (other.seqs[i] > after) add(other.seqs[i], other.clients[other.who[i]], other.rows[i]);
    }
    chain = other.chain;
}

void Segment::cut(Sequence upto) {
    if (empty() || last() <= upto) return;
    const auto kept = std::upper_bound(seqs.begin(), seqs.end(), upto) - seqs.begin();
    const auto count = static_cast<std::size_t>(kept);
    seqs.resize(count);
    who.resize(count);
    rows.resize(count);
    chain.clear();
}

Result<LoggedEvent> Segment::event(Parser& parser, std::size_t index) const {
    LoggedEvent logged;
    if (const auto ok = read_event(*this, parser, index, logged); !ok) {
        return tl::unexpected(ok.error());
    }
    return logged;
}

void write_segment(Writer& out, const Segment& segment) {
    out.array(8).u64(kSegmentVersion).str(segment.topic).u64(segment.epoch.value());
    out.array(segment.seqs.size());
    std::uint64_t before = 0;
    for (const Sequence seq : segment.seqs) {
        out.u64(seq.value() - before);
        before = seq.value();
    }
    out.array(segment.clients.size());
    for (const ClientId& client : segment.clients) out.bin(view(client));
    const bool one_client = segment.clients.size() == 1;
    out.array(one_client ? 0 : segment.who.size());
    if (!one_client) {
        for (const std::uint32_t index : segment.who) out.u64(index);
    }
    out.array(segment.rows.size());
    for (const Bytes& row : segment.rows) out.bin(row);
    if (segment.chain.empty()) {
        out.nil();
    } else {
        out.bin(segment.chain);
    }
}

Bytes encode(const Segment& segment) {
    Writer out;
    write_segment(out, segment);
    return out.take();
}

Result<Segment> read_segment(Fields& fields) {
    Fields parts = fields.array();
    const std::uint64_t version = parts.u64();
    if (version == 0) return fail(Errc::corrupt, "segment: no version");
    if (version != kSegmentVersion) {
        return fail(Errc::schema_too_new,
                    "segment: version " + std::to_string(version) + " is not known here");
    }
    Segment segment;
    segment.topic = read_topic(parts);
    segment.epoch = Epoch{parts.u32()};
    Fields seqs = parts.array();
    Fields clients = parts.array();
    Fields who = parts.array();
    Fields rows = parts.array();
    segment.chain = parts.bin();

    if (seqs.size() != rows.size()) return fail(Errc::corrupt, "segment: counts differ");
    const bool one_client = who.size() == 0 && clients.size() == 1;
    if (who.size() != rows.size() && !one_client) {
        return fail(Errc::corrupt, "segment: client indices do not fit");
    }
    if (!segment.chain.empty() && segment.chain.size() != Hash{}.size()) {
        return fail(Errc::corrupt, "segment: a chain head has 32 bytes");
    }
    segment.seqs.reserve(seqs.size());
    segment.rows.reserve(rows.size());
    segment.who.reserve(rows.size());
    segment.clients.reserve(clients.size());
    while (clients.more()) {
        const ByteView client = clients.bin();
        if (client.size() != ClientId{}.size()) {
            return fail(Errc::corrupt, "segment: a client has 16 bytes");
        }
        segment.clients.push_back(id16_from(client));
    }
    std::uint64_t at = 0;
    for (std::size_t i = 0; rows.more(); ++i) {
        const std::uint64_t step = seqs.u64();
        if (step == 0 || at + step < at) {
            return fail(Errc::corrupt, "segment: positions do not rise");
        }
        at += step;
        segment.seqs.emplace_back(at);
        const std::uint32_t index = one_client ? 0 : who.u32();
        if (index >= segment.clients.size()) {
            return fail(Errc::corrupt, "segment: unknown client index");
        }
        segment.who.push_back(index);
        const ByteView row = rows.bin();
        if (row.size() > kEventBytesMax) {
            return fail(Errc::too_large,
                        "segment: an event of " + std::to_string(row.size()) + " bytes");
        }
        segment.rows.emplace_back(row);
    }
    return segment;
}

Result<Segment> decode_segment(Parser& parser, ByteView bytes) {
    // read_segment expects its array inside another one.
    Bytes wrapped;
    wrapped.reserve(bytes.size() + 1);
    wrapped += '\x91';
    wrapped += bytes;
    auto fields = parser.array(wrapped);
    if (!fields) return fail("segment", fields.error());
    auto segment = read_segment(*fields);
    if (!segment) return segment;
    if (const auto done = parser.finish("segment"); !done) return tl::unexpected(done.error());
    return segment;
}

Result<Hash> chain_after(const StoreId& store, const Segment& segment, const Hash& before) {
    Parser parser;
    LoggedEvent event;
    Hash head = before;
    for (std::size_t i = 0; i < segment.rows.size(); ++i) {
        const auto read = read_event(segment, parser, i, event);
        if (!read) return tl::unexpected(read.error());
        const Hash hash = event_hash(store, event);
        head = hash_of(view(head), view(hash));
    }
    return head;
}

Result<std::vector<LoggedEvent>> events_in_order(const std::vector<Segment>& segments) {
    Parser parser;
    std::vector<LoggedEvent> events;
    std::size_t rows = 0;
    for (const Segment& segment : segments) rows += segment.rows.size();
    events.reserve(rows);
    for (const Segment& segment : segments) {
        for (std::size_t i = 0; i < segment.rows.size(); ++i) {
            auto event = segment.event(parser, i);
            if (!event) return tl::unexpected(event.error());
            events.push_back(std::move(*event));
        }
    }
    if (segments.size() > 1) {
        std::sort(events.begin(), events.end(),
                  [](const LoggedEvent& a, const LoggedEvent& b) { return a.seq < b.seq; });
    }
    return events;
}

}  // namespace filial::schema
