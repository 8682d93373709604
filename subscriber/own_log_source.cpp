#include "subscriber/own_log_source.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "schema/limits.h"
#include "schema/segment.h"
#include "subscriber/received_log.h"

namespace filial::subscriber {

using schema::Errc;
using schema::Range;
using schema::Result;
using schema::Segment;
using schema::Sequence;

namespace {

/// Positions looked at for one answer: their rows of all topics are in memory at once. More than
/// the events of any ticket.
constexpr std::uint64_t kAtOnce = 4'096;
static_assert(kAtOnce > 4 * schema::kOperationsMax);

/// A row among those of all topics.
struct Place {
    Sequence seq;
    const Segment* piece;
    std::size_t row;
};

void add(Range& range, const Place& place) {
    const Segment& piece = *place.piece;
    auto into = std::find_if(range.segments.begin(), range.segments.end(),
                             [&](const Segment& each) { return each.topic == piece.topic; });
    if (into == range.segments.end()) {
        into = range.segments.emplace(into);
        into->topic = piece.topic;
        into->epoch = piece.epoch;
    }
    into->add(place.seq, piece.clients[piece.who[place.row]], piece.rows[place.row]);
}

/// How many of `places` belong into one answer: of one epoch, without a hole, and whole tickets. Of
/// one of which an event is missing the log would have a half: a debt, and nobody told of it.
Result<std::size_t> whole_tickets(const std::vector<Place>& places,
                                  const core::ReadRequest& request) {
    schema::Parser parser;
    std::size_t bytes = 0, whole = 0;
    Sequence next = schema::next(request.after);
    for (std::size_t i = 0; i < places.size(); ++i) {
        const Place& place = places[i];
        const bool full = whole == i && whole > 0 && bytes >= request.bytes_goal;
        if (place.seq != next || place.piece->epoch != places.front().piece->epoch || full) break;
        const auto logged = place.piece->event(parser, place.row);
        if (!logged) return tl::unexpected(logged.error());
        next = schema::next(next);
        bytes += place.piece->rows[place.row].size();
        if (logged->event.index + 1 == logged->event.count) whole = i + 1;
    }
    return whole;
}

}  // namespace

bool OwnLogSource::holds() const {
    const auto& topics = replica_.topics();
    const bool whole = std::all_of(topics.begin(), topics.end(), [&](const std::string& topic) {
        return replica_.kept_after(replica_.own(), topic).value() == 0;
    });
    return whole && last().value() > 0;
}

Sequence OwnLogSource::end() const { return holds() ? last() : Sequence{}; }

Sequence OwnLogSource::last() const {
    Sequence last;
    for (const std::string& topic : replica_.topics()) {
        last = std::max(last, replica_.position(replica_.own(), topic));
    }
    return last;
}

Result<Sequence> OwnLogSource::undamaged(const std::string& topic, Sequence upto) {
    Proof& proof = proofs_[topic];
    Proof now = proof;
    std::optional<Sequence> open;  // Behind what is proved.
    bool fits = true;
    const auto read = replica_.received().each_piece(
        replica_.own(), topic, proof.through, [&](const Segment& piece) {
            if (!open) open = piece.first();
            const auto chain = schema::chain_after(replica_.own(), piece, now.chain);
            fits = chain && (piece.chain.empty() || piece.chain == schema::view(*chain));
            if (!fits) return false;
            now = {piece.last(), *chain};
            if (piece.chain.empty()) return true;
            proof = now;
            open.reset();
            return proof.through < upto;
        });
    if (!read) return tl::unexpected(read.error());
    return fits ? upto : std::min(upto, Sequence{open->value() - 1});
}

Result<Range> OwnLogSource::read(const core::ReadRequest& request) {
    Range range;
    range.store = replica_.own();
    range.topics = {std::string(schema::kAllTopics)};
    range.after = range.upto = request.after;
    range.end = end();
    if (request.store != range.store || request.topics != range.topics) {
        return schema::fail(Errc::not_held,
                            "a replica gives back its own store's log alone, whole");
    }
    if (std::exchange(next_, Sequence{}) != request.after) proofs_.clear();
    Sequence most{std::min(range.end.value(), request.after.value() + kAtOnce)};
    for (const std::string& topic : replica_.topics()) {
        const auto upto = undamaged(topic, most);
        if (!upto) return tl::unexpected(upto.error());
        most = *upto;
        if (most > request.after) continue;
        return schema::fail(Errc::corrupt, "what the replica of " + range.store.value() +
                                               " has of " + topic + " behind event " +
                                               std::to_string(request.after.value()) +
                                               " is not what its chain of hashes says");
    }
    std::vector<std::vector<Segment>> kept;
    std::vector<Place> places;
    for (const std::string& topic : replica_.topics()) {
        auto pieces = replica_.received().pieces(range.store, topic, request.after, most);
        if (!pieces) return tl::unexpected(pieces.error());
        kept.push_back(std::move(*pieces));
        for (const Segment& piece : kept.back()) {
            for (std::size_t i = 0; i < piece.rows.size(); ++i) {
                places.push_back({piece.seqs[i], &piece, i});
            }
        }
    }
    std::sort(places.begin(), places.end(),
              [](const Place& a, const Place& b) { return a.seq < b.seq; });
    const auto tickets = whole_tickets(places, request);
    if (!tickets) return tl::unexpected(tickets.error());
    for (std::size_t i = 0; i < *tickets; ++i) {
        range.epoch = places[i].piece->epoch;
        range.upto = places[i].seq;
        add(range, places[i]);
    }
    if (range.upto > range.after) {
        next_ = range.upto;
        return range;
    }
    return schema::fail(Errc::gap, "the replica of " + range.store.value() +
                                       " does not have event " +
                                       std::to_string(schema::next(request.after).value()));
}

}  // namespace filial::subscriber
