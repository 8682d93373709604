#include "core/journal/log_batch.h"

#include <utility>

#include "core/journal/log_cursor.h"
#include "core/journal/log_head.h"
#include "core/journal/log_layout.h"
#include "core/journal/rocks_options.h"
#include "schema/limits.h"

namespace filial::core {

using schema::ByteView;
using schema::Errc;
using schema::fail;
using schema::Result;
using schema::Sequence;

namespace {

rocksdb::Slice slice_of(ByteView bytes) { return {bytes.data(), bytes.size()}; }

}  // namespace

Result<void> put(rocksdb::WriteBatch& batch, rocksdb::ColumnFamilyHandle* column, ByteView key,
                 ByteView value) {
    const auto status = batch.Put(column, slice_of(key), slice_of(value));
    if (status.ok()) return {};
    return tl::unexpected(from_status("prepare a commit", status));
}

Result<void> add_append(rocksdb::WriteBatch& batch, rocksdb::ColumnFamilyHandle* log,
                        const Append& append, LogHead& head) {
    auto now = advance(head, append);
    if (!now) return tl::unexpected(now.error());
    for (const schema::Segment& segment : append.segments) {
        const TopicHead* before = head.find(segment.topic);
        for (const TopicHead& begun : append.begun) {
            if (begun.topic == segment.topic) before = &begun;
        }
        const auto key = log_key(topic_prefix(append.store, segment.topic), append.upto);
        const auto value = encode_log_value(before ? before->events : 0, before ? before->bytes : 0,
                                            append.at, segment);
        if (value.size() > schema::kMessageBytesMax) {
            return fail(Errc::too_large, "commit of " + segment.topic + ": its " +
                                             std::to_string(value.size()) +
                                             " bytes could not be read again");
        }
        if (const auto ok = put(batch, log, key, value); !ok) return ok;
    }
    head = std::move(*now);
    return {};
}

Result<void> add_trim(rocksdb::WriteBatch& batch, rocksdb::DB& db, rocksdb::ColumnFamilyHandle* log,
                      const Trim& trim, LogHead& head) {
    auto now = trimmed(head, trim);
    if (!now) return tl::unexpected(now.error());
    LogCursor cursor(db, log, head, *head.find(trim.topic), LogCursor::Cache::leave);
    const auto prefix = topic_prefix(trim.store, trim.topic);
    // Not over what earlier trims have erased: that is read like rows until it is compacted.
    const Sequence kept = head.find(trim.topic)->kept_after;
    auto moved = cursor.seek(Sequence{kept.value() > 0 ? kept.value() - 1 : 0});
    for (; moved && cursor.valid() && cursor.upto() < trim.upto; moved = cursor.next()) {
        const auto status = batch.Delete(log, slice_of(log_key(prefix, cursor.upto())));
        if (!status.ok()) return tl::unexpected(from_status("prepare a trim", status));
    }
    if (!moved) return moved;
    head = std::move(*now);
    return {};
}

}  // namespace filial::core
