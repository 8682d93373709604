#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "schema/mark.h"
#include "schema/segment.h"
#include "subscriber/parked_event.h"
#include "subscriber/records.h"

namespace filial::subscriber {

/// Keys of logs whose events cannot be applied here: the first such event and every later one of
/// its key are kept as they came, while the rest of the log goes on in order. What is kept stands
/// in the database alone, the keys too, so that memory does not grow with them; all changes are
/// part of the next write of `records`, and count from then on for `find` as for everybody.
class ParkedKeys {
  public:
    /// Both must outlive it.
    ParkedKeys(const ReplicaStore& store, Records& records) : store_(store), records_(records) {}

    /// Counts what is there; makes the list of keys again where an older version left only rows.
    schema::Result<void> load();

    bool empty() const { return keys_ == 0; }
    /// Nothing is parked, and nothing was given up.
    bool nothing() const { return keys_ == 0 && waived_ == 0; }
    std::uint64_t waived() const { return waived_; }
    std::size_t size() const { return keys_; }
    std::uint64_t events() const { return events_; }
    /// Whether anything of a log's topic is parked, or was given up.
    bool any(const schema::StoreId& store, std::string_view topic) const;
    bool any_waived(const schema::StoreId& store, std::string_view topic) const;

    /// nullopt: the key is not parked.
    schema::Result<std::optional<ParkedState>> find(const schema::StoreId& store,
                                                    std::string_view topic,
                                                    std::string_view key) const;
    /// The same where what the database cannot tell counts as parked.
    bool contains(const schema::StoreId& store, std::string_view topic, std::string_view key) const;
    /// Whether the key is parked, or an event of it was given up: there may be no other of it.
    bool is_named(const schema::StoreId& store, std::string_view topic, std::string_view key) const;

    /// Parks row `index` of `segment`, of `key`, at `now`.
    schema::Result<void> park(const schema::StoreId& store, const schema::Segment& segment,
                              std::size_t index, const std::string& key, const Obstacle& obstacle,
                              schema::Timestamp now);

    /// A parked event and where it stands.
    struct Place {
        schema::StoreId store;
        std::string topic;
        schema::Sequence seq;
    };
    /// It was applied: `state` is of its key, and is left as it stands then.
    void release(const Place& place, const std::string& key, ParkedState& state);
    /// It was tried by the retry of this number and stays, as the first of its key.
    void keep(const Place& place, const std::string& key, ParkedState& state,
              const Obstacle& obstacle, std::uint64_t retry);
    /// It is given up, for the record.
    void waive(const Place& place, ParkedEvent event, ParkedState& state, const Waiver& waiver);

    /// Whether this event was given up: then it is left out, however often it comes.
    schema::Result<bool> is_waived(const Place& place, schema::Epoch epoch,
                                   std::string_view key) const;
    /// It was applied after all: a later version knew it when the log was loaded again.
    schema::Result<void> forget_waiver(const Place& place, std::string_view key);

    /// The log's topic was dropped; what was given up of it stays given up.
    void forget(const schema::StoreId& store, std::string_view topic);

    /// What is parked of a key was written, but not through here: its name and value.
    schema::Result<void> stands(schema::ByteView name, schema::ByteView state);

    /// In the order of their names, the first `at_most` that are written.
    std::vector<schema::ParkedKey> all(std::size_t at_most = SIZE_MAX) const;
    /// Why the first of them is parked, for the health line.
    std::string first_reason() const;

  private:
    using LogTopic = std::pair<schema::StoreId, std::string>;
    struct Count {
        std::uint64_t keys = 0;
        std::uint64_t events = 0;
        std::uint64_t waived = 0;
    };
    schema::Result<void> make_list();
    void remember(const schema::Bytes& name);
    bool may_have(const schema::Bytes& name) const;
    void counted(const LogTopic& log, std::int64_t keys, std::int64_t events);

    const ReplicaStore& store_;
    Records& records_;
    std::map<LogTopic, Count> counts_;
    std::size_t keys_ = 0;
    std::uint64_t events_ = 0;
    std::uint64_t waived_ = 0;
    /// Of names of parked keys, so that nearly all other keys are not asked for; empty where
    /// nothing is parked. What is released stays in it until then.
    std::vector<std::uint64_t> filter_;
};

}  // namespace filial::subscriber
