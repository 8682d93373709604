// The switchboard's part in snapshots: what is not kept any more, and the pieces that stand for it.
#include <algorithm>
#include <utility>

#include "core/link/switchboard.h"
#include "core/log.h"
#include "schema/hash.h"
#include "schema/snapshot.h"

namespace filial::core {

using schema::Errc;

namespace {

/// So many pieces are given before the other end has to show that it reads them: two MiB.
constexpr std::size_t kPiecesUnproved = 16;

}  // namespace

bool Switchboard::needs_snapshot(Line& line, const schema::StoreId& store,
                                 const std::vector<schema::TopicEnd>& after) {
    std::vector<std::string> gone;
    std::string text;
    for (const schema::TopicEnd& end : after) {
        const schema::Sequence kept = host_.kept_after(store, end.topic);
        if (end.seq >= kept) continue;
        gone.push_back(end.topic);
        text += (text.empty() ? "" : "; ") + end.topic + " of " + store.value() +
                " is kept here from behind event " + std::to_string(kept.value()) +
                " on, asked for was behind " + std::to_string(end.seq.value());
    }
    if (gone.empty()) return false;
    counters_["snapshots_needed"] += 1;
    log(Level::info, "a receiver asks for what is not kept any more",
        {{"peer", line.session()->peer().name}, {"store", store.value()}, {"what", text}});
    refuse(line, {Errc::snapshot_needed, text}, store.value(), gone);
    return true;
}

/// The last piece that was asked for, once the line can take it: one that asks and does not read
/// costs this end no memory.
void Switchboard::give_piece(Line& line) {
    const bool may = line.idle() && line.piece_proof == 0 && line.pace_out.may(clock_.boot());
    if (!line.asked_piece || !may) return;
    const schema::SnapshotAsk ask = *std::exchange(line.asked_piece, std::nullopt);
    const Peer& peer = line.session()->peer();
    const bool reads = may_read(line, ask.topic) || ask.store.value() == peer.store;
    if (!reads) {
        const schema::Error error{Errc::not_allowed,
                                  peer.store + " may not read topic " + ask.topic + " here"};
        return refuse(line, error, ask.store.value(), {ask.topic});
    }
    std::size_t most = line.session()->dear() ? schema::kPieceBytesDear : schema::kPieceBytesMost;
    if (ask.most > 0) most = std::min<std::uint64_t>(most, ask.most);
    auto chunk = host_.snapshot(peer, ask, most);
    if (!chunk) return refuse(line, chunk.error(), ask.store.value(), {ask.topic});
    chunk->session = line.session()->to_peer();
    counters_["snapshot_pieces_out"] += 1;
    counters_["snapshot_bytes_out"] += static_cast<std::int64_t>(chunk->rows.size());
    line.pace_out.spend(chunk->rows.size(), clock_.boot());
    line.send(schema::Message{std::move(*chunk)});
    if (++line.pieces_given < kPiecesUnproved) return;
    line.pieces_given = 0;
    for (const char byte : schema::random_bytes(8)) {
        line.piece_proof = line.piece_proof << 8 | static_cast<unsigned char>(byte);
    }
    line.send(schema::Message{schema::Ping{line.session()->to_peer(), line.piece_proof}});
}

void Switchboard::on_chunk(Line& line, const schema::Chunk& chunk) {
    if (!may_send(line, chunk.store)) {
        counters_["blocks_foreign"] += 1;
        return;
    }
    line.session()->news_came();
    counters_["snapshot_pieces_in"] += 1;
    counters_["snapshot_bytes_in"] += static_cast<std::int64_t>(chunk.rows.size());
    line.pace_in.spend(chunk.rows.size(), clock_.boot());
    host_.chunk(line.session()->peer(), chunk);
}

}  // namespace filial::core
