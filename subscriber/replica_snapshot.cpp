// The replica's part in snapshots: a topic of a log whose events are not to be had any more goes on
// from what they came to.
#include <set>

#include "core/log.h"
#include "schema/planted.h"
#include "subscriber/replica.h"
#include "subscriber/replica_keys.h"
#include "subscriber/shadow_store.h"

namespace filial::subscriber {

using schema::BaseRow;
using schema::Bytes;
using schema::ByteView;
using schema::Result;
using schema::Sequence;
using schema::StoreId;

namespace {

/// What a base comes to, made apart: the rows that the replica's own applier would write.
struct Made {
    ShadowStore shadow;
    Numbers numbers{shadow};
    Records records{shadow};
    ParkedKeys parks{shadow, records};
    Applier applier;

    Made(StoreId own, std::vector<std::string> hold_kinds)
        : applier(numbers, records, parks, std::move(own), std::move(hold_kinds)) {}

    Result<void> finish() {
        const auto write = shadow.begin();
        numbers.write_into(*write);
        records.write_into(*write);
        return shadow.write(*write, false);
    }
};

}  // namespace

Result<bool> Replica::add_piece(const schema::Chunk& chunk) {
    if (!wants_store(chunk.store) || !wants_topic(chunk.topic)) return false;
    // Its pieces would take the names of those that are held.
    if (const Shelved* held = shelf_.held(chunk.store, chunk.topic)) {
        if (chunk.info.upto <= held->info.upto) return false;
    }
    return shelf_.add(chunk);
}

/// Without those that were given up here.
Result<void> Replica::make_from(const StoreId& store, const std::string& topic, const BaseRow& row,
                                Applier& applier) const {
    if (row.kind == BaseRow::Kind::held) return {};
    if (row.kind == BaseRow::Kind::sum) {
        return applier.add_sum(store, topic, row.epoch, row.key, row.sum);
    }
    const schema::Segment segment = segment_of(topic, row);
    if (parked_.any_waived(store, topic)) {
        schema::Parser parser;
        const auto logged = segment.event(parser, 0);
        if (!logged) return tl::unexpected(logged.error());
        const auto waived =
            parked_.is_waived({store, topic, row.seq}, row.epoch, logged->event.key);
        if (!waived) return tl::unexpected(waived.error());
        if (*waived) return {};
    }
    Sequence through;
    return applier.apply(store, segment, Sequence{0}, through, {});
}

Result<bool> Replica::switch_to_snapshot(const StoreId& store, const std::string& topic) {
    const Shelved* base = shelf_.coming(store, topic);
    if (base == nullptr || !base->whole || retry_) return false;
    const schema::BaseInfo info = base->info;
    Log& log = logs_[store];
    if (log.staged[topic] >= info.upto) {
        shelf_.give_up(store, topic);  // Another source was faster.
        return true;
    }
    // Which epochs the log has had is told in `control`.
    const auto control = log.staged.find(std::string(schema::kTopicControl));
    const Sequence told = control == log.staged.end() ? Sequence{} : control->second;
    if (told < info.upto || log.epoch < info.epoch) return false;
    if (const auto flushed = flush(); !flushed) return tl::unexpected(flushed.error());

    Made made(options_.own, options_.hold_kinds);
    const auto rows = each_base_row(*store_, store, topic, *base, [&](const BaseRow& row) {
        return make_from(store, topic, row, made.applier);
    });
    if (!rows) {
        const schema::Error error = rows.error();
        shelf_.give_up(store, topic);
        return schema::fail("snapshot of " + store.value() + ", " + topic + " up to event " +
                                std::to_string(info.upto.value()),
                            error);
    }
    if (const auto done = made.finish(); !done) return tl::unexpected(done.error());
    if (const auto done = replace_topic(store, topic, made.shadow, info); !done) {
        return tl::unexpected(done.error());
    }
    core::log(core::Level::info, "a topic goes on from a snapshot",
              {{"origin", store.value()},
               {"topic", topic},
               {"upto", info.upto.value()},
               {"events", info.events}});
    return true;
}

/// In one write: what its log had said of the topic goes, what the snapshot says stands there, and
/// the position is behind it.
Result<void> Replica::replace_topic(const StoreId& store, const std::string& topic,
                                    const ShadowStore& made, const schema::BaseInfo& info) {
    const auto write = store_->begin();
    const auto erase = [&](ByteView key, ByteView) {
        write->erase(key);
        return true;
    };
    if (const auto old = each_contribution(*store_, store, topic, erase); !old) return old;
    for (const char family : {'x', 'u'}) {
        const Bytes prefix = log_key(family, store.value(), topic) + '\0';
        if (const auto old = store_->scan(prefix, {}, erase); !old) return old;
    }
    for (const auto& [key, value] : made.rows()) write->put(key, value);
    ReceivedLog::forget(*write, store, topic);
    shelf_.adopt(*write, store, topic);
    Log after = logs_.at(store);
    after.staged[topic] = info.upto;
    if (!schema::planted(schema::Bug::snapshot_unplaced)) {
        write->put(log_key('p', store.value(), topic), position_row(after, info.upto));
    }
    if (const auto done = store_->write(*write, true); !done) return done;

    shelf_.adopted(store, topic);
    numbers_.forget();
    for (const auto& [key, value] : made.rows()) records_.stands(key);
    parked_.forget(store, topic);
    const Bytes names = log_key('u', store.value(), topic) + '\0';
    for (const auto& [key, value] : made.rows()) {
        if (!ByteView(key).starts_with(names)) continue;
        if (const auto counted = parked_.stands(key, value); !counted) return counted;
    }
    Log& log = logs_.at(store);
    log.staged[topic] = log.written[topic] = info.upto;
    digests_.erase({store, topic});
    ++upsets_;
    ++generation_;
    advance_marks(store);
    return {};
}

}  // namespace filial::subscriber
