#include "subscriber/replica.h"

#include <algorithm>

#include "core/log.h"
#include "schema/names.h"
#include "subscriber/replica_drop.h"
#include "subscriber/replica_keys.h"

namespace filial::subscriber {

using schema::Bytes;
using schema::ByteView;
using schema::Epoch;
using schema::Errc;
using schema::Result;
using schema::Sequence;
using schema::StoreId;

namespace {

/// 2: control is folded. 3: a contribution that is read by its key stands nowhere else, and numbers
/// stand beside their sum. 4: what is told of customers is a topic of its own. Logs of an older
/// folder are loaded again.
constexpr std::uint32_t kFormatVersion = 4;
/// Of a row of positions: epoch, position, incarnation, and what each later epoch goes on from.
constexpr std::size_t kBeginsAt = 4 + 8 + sizeof(schema::Incarnation);
constexpr std::size_t kBeginBytes = 4 + 8;

}  // namespace

Replica::Replica(std::unique_ptr<ReplicaStore> store, ReplicaOptions options)
    : store_(std::move(store)),
      options_(std::move(options)),
      topics_(schema::copied_topics(options_.topics)),
      numbers_(*store_),
      records_(*store_),
      parked_(*store_, records_),
      shelf_(records_),
      pending_(options_.own),
      applier_(numbers_, records_, parked_, options_.own, options_.hold_kinds),
      reader_(*store_),
      received_(*store_) {}

Result<std::unique_ptr<Replica>> Replica::open(ReplicaOptions options) {
    auto store = ReplicaStore::open(options.store);
    if (!store) return tl::unexpected(store.error());
    return open(std::move(*store), std::move(options));
}

Result<std::unique_ptr<Replica>> Replica::open(std::unique_ptr<ReplicaStore> store,
                                               ReplicaOptions options) {
    std::unique_ptr<Replica> replica(new Replica(std::move(store), std::move(options)));
    if (const auto loaded = replica->load(); !loaded) return tl::unexpected(loaded.error());
    return replica;
}

Result<void> Replica::load() {
    const auto version = store_->get("v");
    if (!version) return tl::unexpected(version.error());
    if (*version && read_u32(**version) > kFormatVersion) {
        return schema::fail(Errc::schema_too_new,
                            "replica: written by a newer version of this program");
    }
    if (const auto dropped = finish_drops(*store_); !dropped) return dropped;
    if (!*version || read_u32(**version) < kFormatVersion) {
        if (*version) {
            if (const auto dropped = drop_everything(); !dropped) return dropped;
        }
        Bytes value;
        append_u32(value, kFormatVersion);
        records_.put("v", value);
    }
    if (const auto dropped = drop_unwanted(); !dropped) return dropped;
    if (const auto loaded = load_logs(); !loaded) return loaded;
    if (const auto loaded = parked_.load(); !loaded) return loaded;
    if (const auto loaded = shelf_.load(*store_); !loaded) return loaded;
    return pending_.load(*store_);
}

Result<void> Replica::drop_everything() {
    core::log(core::Level::warn,
              "this replica was written by an older version: every log is loaded again");
    std::vector<std::pair<StoreId, std::string>> logs;
    const auto scanned = store_->scan("p", {}, [&](ByteView key, ByteView) {
        logs.push_back(parse_log_key(key));
        return true;
    });
    if (!scanned) return scanned;
    for (const auto& [store, topic] : logs) {
        if (const auto dropped = drop_topic(*store_, store, topic); !dropped) return dropped;
    }
    return drop_family(*store_, 'q');
}

Result<void> Replica::drop_unwanted() {
    std::vector<std::pair<StoreId, std::string>> unwanted;
    const auto scanned = store_->scan("p", {}, [&](ByteView key, ByteView) {
        auto name = parse_log_key(key);
        const bool wanted = wants_store(name.first) && wants_topic(name.second);
        if (!wanted) unwanted.push_back(std::move(name));
        return true;
    });
    if (!scanned) return scanned;
    for (const auto& [store, topic] : unwanted) {
        core::log(core::Level::info, "not configured any more: replicated data is dropped",
                  {{"origin", store.value()}, {"topic", topic}});
        if (const auto dropped = drop_topic(*store_, store, topic); !dropped) return dropped;
    }
    const bool debts_gone = !wants_topic(schema::kTopicDebts) || !wants_store(options_.own);
    return debts_gone ? drop_family(*store_, 'q') : Result<void>();
}

Result<void> Replica::load_logs() {
    const auto positions = store_->scan("p", {}, [&](ByteView key, ByteView value) {
        const auto [store, topic] = parse_log_key(key);
        Log& log = logs_[store];
        const Epoch epoch{read_u32(value)};
        if (epoch >= log.epoch) {
            const std::size_t behind = std::min<std::size_t>(12, value.size());
            log.incarnation = schema::id16_from(value.substr(behind, sizeof(schema::Incarnation)));
        }
        for (std::size_t at = kBeginsAt; at + kBeginBytes <= value.size(); at += kBeginBytes) {
            log.begins[Epoch{read_u32(value.substr(at))}] =
                Sequence{read_u64(value.substr(at + 4))};
        }
        log.epoch = log.written_epoch = std::max(log.epoch, epoch);
        log.staged[topic] = log.written[topic] =
            Sequence{read_u64(value.substr(std::min<std::size_t>(4, value.size())))};
        return true;
    });
    if (!positions) return positions;
    Result<void> restored;
    const auto marks = store_->scan("m", {}, [&](ByteView key, ByteView value) {
        const auto [store, topic] = parse_log_key(key);
        restored = as_of_.restore(store, topic, value);
        return restored.has_value();
    });
    return marks ? restored : marks;
}

bool Replica::wants_topic(std::string_view topic) const {
    return std::find(topics_.begin(), topics_.end(), topic) != topics_.end();
}

bool Replica::wants_all_stores() const {
    const auto& stores = options_.stores;
    return std::find(stores.begin(), stores.end(), "*") != stores.end();
}

bool Replica::wants_store(const StoreId& store) const {
    const auto& stores = options_.stores;
    return wants_all_stores() ||
           std::find(stores.begin(), stores.end(), store.value()) != stores.end();
}

void Replica::know(const StoreId& store) {
    if (wants_store(store)) logs_.try_emplace(store);
}

std::vector<StoreId> Replica::stores() const {
    std::vector<StoreId> list;
    for (const auto& [store, log] : logs_) list.push_back(store);
    return list;
}

Epoch Replica::epoch(const StoreId& store) const {
    const auto log = logs_.find(store);
    return log == logs_.end() ? Epoch{0} : log->second.written_epoch;
}

Sequence Replica::position(const StoreId& store, const std::string& topic) const {
    const auto log = logs_.find(store);
    if (log == logs_.end()) return Sequence{0};
    const auto at = log->second.written.find(topic);
    return at == log->second.written.end() ? Sequence{0} : at->second;
}

std::vector<schema::Reached> Replica::reached() const {
    std::vector<schema::Reached> list;
    for (const auto& [store, log] : logs_) {
        schema::Reached one{store, log.written_epoch, {}};
        for (const auto& [topic, seq] : log.written) one.topics.push_back({topic, seq});
        if (!one.topics.empty()) list.push_back(std::move(one));
    }
    return list;
}

void Replica::marked(const core::HeldMark& held, const std::string& source) {
    const StoreId& store = held.mark.store;
    if (!wants_store(store)) return;
    know(store);
    if (logs_[store].rival) return;  // Of which of the two logs it speaks cannot be told.
    as_of_.offer(held, source);
    debt_as_of_.offer(held, source);
    advance_marks(store);
    if (pending_.confirm(records_, held.mark)) {
        pending_.prune(records_, store.value(),
                       [this](const std::string& customer) { return home_of(customer); });
    }
}

void Replica::advance_marks(const StoreId& store) {
    const Log& log = logs_[store];
    // A topic that nothing came of yet is held up to 0.
    std::map<std::string, Sequence> positions = log.written;
    for (const std::string& topic : topics_) positions.try_emplace(topic);
    for (const std::string& topic : as_of_.advance(store, log.written_epoch, positions)) {
        records_.put(log_key('m', store.value(), topic),
                     AsOfBook::save(*as_of_.find(store, topic)));
    }
}

ledger::Heard Replica::heard(const StoreId& store, const std::string& topic,
                             const core::Clock& clock) const {
    ledger::Heard heard;
    heard.position = {store, epoch(store), position(store, topic)};
    heard.forked = !fork_of(store).empty();
    const AsOfMark* mark = as_of_.find(store, topic);
    if (mark == nullptr) return heard;
    heard.ever = true;
    heard.as_of = mark->held.mark.at;
    heard.age_us = mark->held.age_us(clock.boot(), clock.boot_id(), heard.age_exact);
    heard.source = mark->source;
    return heard;
}

std::optional<ledger::Heard> Replica::heard_by_home(const StoreId& home,
                                                    const core::Clock& clock) const {
    const std::string debts(schema::kTopicDebts);
    const AsOfMark* mark = debt_as_of_.find(home, [&](const StoreId& store) {
        return schema::Position{store, epoch(store), position(store, debts)};
    });
    if (mark == nullptr) return std::nullopt;
    ledger::Heard heard = this->heard(home, debts, clock);
    heard.ever = true;
    heard.as_of = mark->held.mark.at;
    heard.age_exact = true;
    heard.age_us = mark->held.age_us(clock.boot(), clock.boot_id(), heard.age_exact);
    heard.source = mark->source;
    return heard;
}

std::string Replica::home_of(const std::string& customer) const {
    const Bytes prefix = customer_prefix(customer);
    schema::Parser parser;
    CustomerRecord record;
    for (const Part part : {Part::fields, Part::handed}) {
        const auto rows = records_.all(prefix + static_cast<char>(part));
        if (!rows) return {};
        for (const auto& [key, value] : *rows) {
            if (!record.add(parser, ByteView(key).substr(prefix.size()), value)) return {};
        }
    }
    return record.home();
}

std::map<std::string, std::int64_t> Replica::counters() const {
    auto counters = applier_.counters();
    counters["keys_parked"] = static_cast<std::int64_t>(parked_.size());
    counters["events_behind"] = static_cast<std::int64_t>(parked_.events());
    counters["debts_pending"] = static_cast<std::int64_t>(pending_.size());
    return counters;
}

}  // namespace filial::subscriber
