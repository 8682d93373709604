#include "core/journal/journal_scrub.h"

#include <rocksdb/db.h>

#include <utility>

#include "core/journal/redo_record.h"

namespace filial::core {

JournalScrub::JournalScrub(const LogHeads& heads) {
    for (const auto& [store, head] : heads) logs_.push_back(head);
}

bool JournalScrub::step(const JournalStore& store, std::size_t bytes, const LogHeads* now) {
    if (!log_ && logs_.empty()) return check_state(store, bytes);
    if (!log_) {
        log_.emplace(std::move(logs_.back()));
        logs_.pop_back();
    }
    if (now != nullptr) {
        const auto head = now->find(log_->head().store);
        if (head != now->end()) log_->trimmed(head->second);
    }
    if (log_->step(store.db(), store.column(kLogColumn), bytes)) return true;
    damages_.insert(damages_.end(), log_->damages().begin(), log_->damages().end());
    rows_ += log_->rows();
    bytes_ += log_->bytes();
    log_.reset();
    return true;
}

bool JournalScrub::check_state(const JournalStore& store, std::size_t bytes) {
    if (state_.empty()) return false;
    const JournalColumn column = state_.back();
    rocksdb::ReadOptions how;
    how.fill_cache = false;
    const std::unique_ptr<rocksdb::Iterator> at(store.db().NewIterator(how, store.column(column)));
    std::size_t read = 0;
    std::string why;
    for (at->Seek(state_at_); at->Valid() && read < bytes && why.empty(); at->Next()) {
        read += at->key().size() + at->value().size() + 1;
        state_at_ = at->key().ToString() + '\0';
        if (column != kRedoColumn) continue;
        const auto record = decode_redo(parser_, at->value().ToStringView());
        if (!record) why = record.error().message;
    }
    bytes_ += read;
    if (why.empty() && at->Valid()) return true;
    if (why.empty() && !at->status().ok()) why = from_status("state", at->status()).message;
    if (!why.empty()) damages_.push_back({{}, "", {}, {}, why});
    state_.pop_back();
    state_at_.clear();
    return true;
}

}  // namespace filial::core
