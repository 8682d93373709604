#include "core/journal/log_rebuild.h"

#include <algorithm>

#include "schema/planted.h"

namespace filial::core {

using schema::Sequence;

LogRebuild::LogRebuild(DamagedJournal& repair, schema::StoreId store)
    : witness_(repair.witness()),
      copy_(repair.target(), store),
      source_(repair.source(store)),
      why_(repair.unreadable()) {
    if (witness_) copy_.expect(witness_->seq, witness_->chains);
}

bool LogRebuild::salvage(std::size_t bytes) {
    if (!source_) return false;
    const std::size_t goal = copy_.staged_bytes() + bytes;
    while (copy_.staged_bytes() < goal) {
        const auto piece = source_->next(copy_.end());
        if (!piece) {
            why_ = source_->why();
            return false;
        }
        if (const auto taken = copy_.take(piece->range, piece->at); !taken) {
            why_ = taken.error().message;
            return false;
        }
    }
    return true;
}

Sequence LogRebuild::known_end() const {
    if (schema::planted(schema::Bug::repair_skips)) return end();
    Sequence known = witness_ ? witness_->seq : Sequence{};
    if (source_) known = std::max(known, source_->last());
    return known;
}

schema::Epoch LogRebuild::epoch() const {
    return std::max(head().epoch, witness_ ? witness_->epoch : schema::Epoch{});
}

schema::Incarnation LogRebuild::incarnation() const {
    const bool newer = witness_ && witness_->epoch >= head().epoch;
    return newer ? witness_->incarnation : head().incarnation;
}

std::optional<Sequence> LogRebuild::resumes() const {
    return source_ ? source_->resumes(end()) : std::nullopt;
}

}  // namespace filial::core
