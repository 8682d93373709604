#include "core/journal/log_cursor.h"

#include <rocksdb/db.h>

#include "core/journal/rocks_options.h"

namespace filial::core {

using schema::ByteView;
using schema::Errc;
using schema::fail;
using schema::Result;
using schema::Sequence;

namespace {

ByteView view(const rocksdb::Slice& bytes) { return {bytes.data(), bytes.size()}; }

}  // namespace

LogCursor::LogCursor(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* log, const LogHead& head,
                     const TopicHead& topic, Cache cache)
    : topic_(topic),
      name_("log of " + head.store.value() + ", " + topic.topic),
      prefix_(topic_prefix(head.store, topic.topic)),
      behind_(behind(prefix_)),
      begin_(topic.kept_after.value() > 0 ? log_key(prefix_, topic.kept_after) : prefix_),
      lower_(begin_),
      upper_(behind_) {
    rocksdb::ReadOptions options;
    options.fill_cache = cache == Cache::fill;
    options.iterate_lower_bound = &lower_;
    options.iterate_upper_bound = &upper_;
    at_.reset(db.NewIterator(options, log));
}

Result<void> LogCursor::seek(Sequence after) {
    at_->Seek(log_key(prefix_, schema::next(after)));
    return look();
}

Result<void> LogCursor::go_on_behind(schema::Parser& parser, Sequence after) {
    if (after.value() > 0) {
        if (const auto ok = seek_back(after); !ok) return seek(after);
        if (valid()) {
            (void)value(parser);
            return next();
        }
    }
    holds_trim_ = topic_.kept_after.value() > 0;
    counting_ = !holds_trim_;
    events_ = 0;
    return seek(after);
}

Result<void> LogCursor::seek_back(Sequence upto) {
    at_->SeekForPrev(log_key(prefix_, upto));
    return look();
}

Result<void> LogCursor::next() {
    at_->Next();
    return look();
}

Result<void> LogCursor::look() {
    if (at_->Valid()) {
        const auto upto = upto_of(view(at_->key()), prefix_);
        if (!upto) return fail(name_, upto.error());
        upto_ = *upto;
        return {};
    }
    if (!at_->status().ok()) return tl::unexpected(from_status(name_, at_->status()));
    return {};
}

Result<LogValue> LogCursor::value(schema::Parser& parser) {
    auto value = decode_log_value(parser, view(at_->value()));
    const auto name = [&] { return name_ + " up to " + std::to_string(upto_.value()); };
    if (!value) return fail(name(), value.error());
    const schema::Segment& segment = value->segment;
    if (segment.topic != topic_.topic || segment.last() > upto_) {
        return fail(Errc::corrupt, name() + ": holds another commit");
    }
    const bool trim_is_gone = holds_trim_ && segment.first() > topic_.kept_after;
    if (trim_is_gone || (counting_ && value->events_before != events_)) {
        return fail(Errc::corrupt, name() + ": a commit before it is missing");
    }
    counting_ = true;
    holds_trim_ = false;
    events_ = value->events_before + segment.rows.size();
    return value;
}

Result<LogValue> LogCursor::first_above(schema::Parser& parser, Sequence after) {
    while (valid()) {
        auto found = value(parser);
        if (!found || found->segment.last() > after) return found;
        if (const auto ok = next(); !ok) return tl::unexpected(ok.error());
    }
    return ends_early();
}

Result<void> LogCursor::check_end(Sequence after) const {
    const bool whole = counting_ ? events_ == topic_.events : topic_.last <= after;
    if (!whole) return ends_early();
    return {};
}

tl::unexpected<schema::Error> LogCursor::ends_early() const {
    return fail(Errc::corrupt, name_ + ": ends before " + std::to_string(topic_.last.value()));
}

}  // namespace filial::core
