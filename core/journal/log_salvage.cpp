#include "core/journal/log_salvage.h"

#include <rocksdb/db.h>

#include <algorithm>

namespace filial::core {

using schema::Bytes;
using schema::ByteView;
using schema::Errc;
using schema::fail;
using schema::Result;
using schema::Segment;
using schema::Sequence;

namespace {

/// Beyond a place that cannot be read the next one that can is looked for at growing distances.
constexpr int kResumeSteps = 40;

}  // namespace

LogSalvage::LogSalvage(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* log, schema::StoreId store)
    : db_(db), log_(log) {
    head_.store = std::move(store);
    find_topics();
}

/// By the keys: from each topic's first one to the first behind all of its.
void LogSalvage::find_topics() {
    const Bytes store = head_.store.value() + '\0';
    const std::unique_ptr<rocksdb::Iterator> at(db_.NewIterator(rocksdb::ReadOptions(), log_));
    Bytes from = store;
    for (;;) {
        at->Seek(from);
        // A key that cannot be read hides its topic; the positions that it has are missed then.
        if (!at->Valid() || !at->key().starts_with(store)) return;
        const ByteView rest = ByteView(at->key().data(), at->key().size()).substr(store.size());
        const std::string name(rest.substr(0, rest.find('\0')));
        auto topic = std::make_unique<Topic>();
        topic->head.topic = name;
        LogCursor back(db_, log_, head_, topic->head);
        if (back.seek_back(Sequence{UINT64_MAX}) && back.valid()) {
            last_ = std::max(last_, back.upto());
        }
        topics_.push_back(std::move(topic));
        from = behind(topic_prefix(head_.store, name));
    }
}

/// The commit of the topic that holds the last event of its base; its counts and chain are those
/// of the base then.
Result<LogValue> LogSalvage::begins_with(Topic& topic, const schema::BaseInfo& base) {
    LogCursor cursor(db_, log_, head_, topic.head, LogCursor::Cache::leave);
    const std::string place =
        head_.store.value() + ", " + topic.head.topic + " at " + std::to_string(base.upto.value());
    if (const auto moved = cursor.seek(Sequence{base.upto.value() - 1}); !moved) {
        return fail(place, moved.error());
    }
    if (!cursor.valid()) return fail(Errc::corrupt, place + ": the commit that holds it is gone");
    auto value = cursor.value(parser_);
    if (!value) return fail(place, value.error());
    const Segment& segment = value->segment;
    const bool same = segment.last() == base.upto &&
                      value->events_before + segment.rows.size() == base.events &&
                      (base.chain == schema::Hash{} || schema::view(base.chain) == segment.chain);
    if (!same) return fail(Errc::corrupt, place + ": it is not what the base was made of");
    topic.trimmed = base.upto;
    topic.begins = cursor.upto();
    return value;
}

/// Every position up to `at`, where a commit ends, was an event of one topic: each topic says with
/// its last commit up to there how many it had.
Result<void> LogSalvage::count_upto(Sequence at) {
    std::uint64_t events = 0;
    for (const auto& topic : topics_) {
        LogCursor cursor(db_, log_, head_, topic->head, LogCursor::Cache::leave);
        if (const auto moved = cursor.seek_back(at); !moved) return moved;
        if (!cursor.valid()) continue;
        const auto value = cursor.value(parser_);
        if (!value) return tl::unexpected(value.error());
        events += value->events_before + value->segment.rows.size();
    }
    if (events == at.value()) return {};
    return fail(Errc::corrupt, head_.store.value() + " up to " + std::to_string(at.value()) +
                                   ": only " + std::to_string(events) + " events were ever there");
}

Result<Sequence> LogSalvage::trimmed(const TopicBases& bases) {
    Result<void> done;
    std::size_t found = 0;
    Sequence upto;
    for (const auto& topic : topics_) {
        const auto base = bases.find(topic->head.topic);
        if (base == bases.end()) continue;
        ++found;
        const auto value = begins_with(*topic, base->second);
        if (!value) done = tl::unexpected(value.error());
        upto = std::max(upto, topic->begins);
    }
    if (done && found != bases.size()) {
        done = fail(Errc::corrupt, head_.store.value() + ": a topic that was trimmed is gone");
    }
    if (done) done = count_upto(upto);
    if (!done) {
        for (const auto& topic : topics_) topic->trimmed = topic->begins = Sequence{};
        return tl::unexpected(done.error());
    }
    holes_upto_ = upto;
    at_.reset();
    return upto;
}

void LogSalvage::seek(Sequence after) {
    for (const auto& topic : topics_) {
        topic->cursor =
            std::make_unique<LogCursor>(db_, log_, head_, topic->head, LogCursor::Cache::leave);
        const Sequence kept{std::max<std::uint64_t>(topic->trimmed.value(), 1) - 1};
        const auto ok = topic->cursor->seek(std::max(after, kept));
        topic->bad = !ok;
        if (!ok) why_ = ok.error().message;
    }
    at_ = after;
}

std::optional<LogSalvage::Piece> LogSalvage::blocked(std::string why) {
    why_ = std::move(why);
    at_.reset();
    return std::nullopt;
}

std::optional<LogSalvage::Piece> LogSalvage::next(Sequence after) {
    if (at_ != after) {
        why_.clear();
        seek(after);
    }
    std::optional<Sequence> upto;
    for (const auto& topic : topics_) {
        if (topic->bad) return blocked(why_);
        if (!topic->cursor->valid()) continue;
        upto = upto ? std::min(*upto, topic->cursor->upto()) : topic->cursor->upto();
    }
    if (!upto) return blocked({});

    Piece piece;
    piece.range.store = head_.store;
    piece.range.topics = {std::string(schema::kAllTopics)};
    piece.range.after = after;
    piece.range.upto = *upto;
    piece.range.end = *upto;
    std::uint64_t rows = 0;
    for (const auto& topic : topics_) {
        if (!topic->cursor->valid() || topic->cursor->upto() != *upto) continue;
        auto value = topic->cursor->value(parser_);
        if (!value) return blocked(value.error().message);
        const Segment& segment = value->segment;
        if (topic->begins == *upto) {
            TopicHead before;
            before.topic = topic->head.topic;
            before.events = value->events_before;
            before.bytes = value->bytes_before;
            if (before.events > 0) piece.begun.push_back(std::move(before));
        } else if (after.value() == 0 && value->events_before > 0) {
            return blocked("the first events of " + topic->head.topic + " are missing");
        }
        rows += static_cast<std::uint64_t>(std::count_if(
            segment.seqs.begin(), segment.seqs.end(), [&](Sequence seq) { return seq > after; }));
        piece.range.epoch = segment.epoch;
        piece.at = value->at;
        piece.range.segments.push_back(std::move(value->segment));
        if (const auto ok = topic->cursor->next(); !ok) {
            topic->bad = true;
            why_ = ok.error().message;
        }
    }
    const std::uint64_t positions = upto->value() - after.value();
    if (rows != positions && *upto > holes_upto_) {
        return blocked("of events " + std::to_string(after.value() + 1) + " to " +
                       std::to_string(upto->value()) + " only " + std::to_string(rows) +
                       " are there");
    }
    at_ = *upto;
    return piece;
}

LogRemains::Others LogSalvage::others(Sequence after, Sequence upto,
                                      const std::vector<std::string>& without) {
    Others others;
    others.upto = upto;
    for (const auto& topic : topics_) {
        if (std::find(without.begin(), without.end(), topic->head.topic) != without.end()) continue;
        LogCursor cursor(db_, log_, head_, topic->head, LogCursor::Cache::leave);
        Sequence read = after;
        auto moved = cursor.seek(after);
        for (; moved && cursor.valid() && read < others.upto; moved = cursor.next()) {
            auto value = cursor.value(parser_);
            if (!value) {
                moved = tl::unexpected(value.error());
                break;
            }
            read = cursor.upto();
            others.segments.push_back(std::move(value->segment));
        }
        if (!moved) why_ = moved.error().message;
        if (!moved) others.upto = std::min(others.upto, read);
    }
    return others;
}

std::vector<std::string> LogSalvage::topics() const {
    std::vector<std::string> names;
    for (const auto& topic : topics_) names.push_back(topic->head.topic);
    return names;
}

std::optional<Sequence> LogSalvage::resumes(Sequence after) {
    std::uint64_t step = 1;
    for (int tries = 0; tries < kResumeSteps; ++tries, step *= 2) {
        const Sequence from{after.value() + step};
        if (from >= last_) return std::nullopt;
        seek(from);
        std::optional<Sequence> upto;
        bool bad = false;
        for (const auto& topic : topics_) {
            bad = bad || topic->bad;
            if (topic->bad || !topic->cursor->valid()) continue;
            upto = upto ? std::min(*upto, topic->cursor->upto()) : topic->cursor->upto();
        }
        at_.reset();
        if (!bad && upto) return *upto;
    }
    return std::nullopt;
}

}  // namespace filial::core
