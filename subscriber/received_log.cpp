#include "subscriber/received_log.h"

#include "subscriber/replica_keys.h"

namespace filial::subscriber {

using schema::Bytes;
using schema::ByteView;
using schema::Result;
using schema::Segment;
using schema::Sequence;
using schema::StoreId;

namespace {

constexpr std::uint64_t kRecordVersion = 1;
/// What a record takes beside its rows, nearly always; more costs a copy.
constexpr std::size_t kBesideRows = 256;
constexpr std::size_t kBesideARow = 6;

Bytes prefix_of(const StoreId& store, std::string_view topic) {
    Bytes key(topic);
    key += '\0';
    key += store.value();
    key += '\0';
    return key;
}

}  // namespace

void ReceivedLog::add(const StoreId& store, const Segment& segment, Sequence after,
                      Sequence through, schema::Timestamp arrived) {
    const bool some = !segment.empty() && segment.last() > after && segment.first() <= through;
    if (!some) return;
    schema::Writer out;
    out.reserve(kBesideRows + segment.size() + kBesideARow * segment.rows.size());
    out.array(3).u64(kRecordVersion).i64(arrived.value());
    Sequence last = segment.last();
    const bool whole = segment.first() > after && last <= through;
    if (whole) {
        schema::write_segment(out, segment);
    } else {
        Segment part;
        part.topic = segment.topic;
        part.epoch = segment.epoch;
        part.append(segment, after);
        part.cut(through);
        if (part.empty()) return;
        last = part.last();
        schema::write_segment(out, part);
    }
    Bytes key = prefix_of(store, segment.topic);
    append_u64(key, last.value());
    staged_.emplace_back(std::move(key), out.take());
}

void ReceivedLog::write_into(ReplicaWrite& write) const {
    for (const auto& [key, value] : staged_) write.put_received(key, value);
}

void ReceivedLog::forget(ReplicaWrite& write, const StoreId& store, std::string_view topic) {
    const Bytes first = prefix_of(store, topic);
    Bytes end = first;
    end.back() = '\x01';
    write.erase_received(first, end);
}

Result<Sequence> ReceivedLog::read(const Reading& reading, const Visit& visit) const {
    const Bytes prefix = prefix_of(reading.store, reading.topic);
    Bytes from = prefix;
    append_u64(from, reading.after.value() + 1);
    schema::Parser parser;
    Result<void> result;
    Sequence reached = reading.upto;
    std::size_t rows = 0;
    const auto look = [&](const Segment& segment, schema::Timestamp arrived) {
        for (std::size_t i = 0; i < segment.rows.size(); ++i) {
            if (segment.seqs[i] <= reading.after) continue;
            if (segment.seqs[i] > reading.upto) return false;
            ++rows;
            const bool holds = reading.containing.empty() ||
                               segment.rows[i].find(reading.containing) != Bytes::npos;
            if (!holds) continue;
            auto logged = segment.event(parser, i);
            if (!logged) {
                result = tl::unexpected(logged.error());
                return false;
            }
            if (!visit({std::move(*logged), arrived})) {
                reached = segment.seqs[i];
                return false;
            }
        }
        return true;
    };
    schema::Parser outer;
    const auto scanned = store_.scan_received(prefix, from, [&](ByteView, ByteView value) {
        auto fields = outer.array(value);
        if (!fields) {
            result = tl::unexpected(fields.error());
            return false;
        }
        fields->skip();  // Version.
        const schema::Timestamp arrived{fields->i64()};
        const auto segment = schema::read_segment(*fields);
        if (!segment) {
            result = tl::unexpected(segment.error());
            return false;
        }
        if (!look(*segment, arrived)) return false;
        const bool enough = reading.rows_max > 0 && rows >= reading.rows_max;
        if (enough) reached = std::min(segment->last(), reading.upto);
        return !enough;
    });
    if (!scanned) return tl::unexpected(scanned.error());
    if (!result) {
        return schema::fail("received events of " + reading.store.value(), result.error());
    }
    return reached;
}

Result<void> ReceivedLog::each_piece(const StoreId& store, std::string_view topic, Sequence after,
                                     const PieceVisit& visit) const {
    const Bytes prefix = prefix_of(store, topic);
    Bytes from = prefix;
    append_u64(from, after.value() + 1);
    schema::Parser parser;
    Result<void> result;
    const auto scanned = store_.scan_received(prefix, from, [&](ByteView, ByteView value) {
        auto fields = parser.array(value);
        if (!fields) {
            result = tl::unexpected(fields.error());
            return false;
        }
        fields->skip();  // Version.
        fields->skip();  // When it came.
        auto piece = schema::read_segment(*fields);
        if (!piece) {
            result = tl::unexpected(piece.error());
            return false;
        }
        return visit(std::move(*piece));
    });
    if (!scanned) return tl::unexpected(scanned.error());
    if (!result) return schema::fail("received events of " + store.value(), result.error());
    return {};
}

Result<std::vector<Segment>> ReceivedLog::pieces(const StoreId& store, const std::string& topic,
                                                 Sequence after, Sequence upto) const {
    std::vector<Segment> all;
    const auto read = each_piece(store, topic, after, [&](Segment&& whole) {
        Segment piece;
        piece.topic = topic;
        piece.epoch = whole.epoch;
        bool more = true;
        for (std::size_t i = 0; more && i < whole.rows.size(); ++i) {
            if (whole.seqs[i] <= after) continue;
            more = whole.seqs[i] <= upto;
            if (!more) break;
            piece.add(whole.seqs[i], whole.clients[whole.who[i]], std::move(whole.rows[i]));
        }
        if (!piece.empty()) all.push_back(std::move(piece));
        return more;
    });
    if (!read) return tl::unexpected(read.error());
    return all;
}

Result<Segment> ReceivedLog::rows(const StoreId& store, const std::string& topic, Sequence after,
                                  Sequence upto) const {
    auto pieces = this->pieces(store, topic, after, upto);
    if (!pieces) return tl::unexpected(pieces.error());
    Segment all;
    all.topic = topic;
    for (Segment& piece : *pieces) {
        all.epoch = piece.epoch;
        for (std::size_t i = 0; i < piece.rows.size(); ++i) {
            all.add(piece.seqs[i], piece.clients[piece.who[i]], std::move(piece.rows[i]));
        }
    }
    return all;
}

}  // namespace filial::subscriber
