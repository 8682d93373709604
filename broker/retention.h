#pragma once

#include <map>
#include <string>
#include <utility>

#include "broker/receiver_registry.h"
#include "core/clock.h"
#include "core/journal/journal.h"
#include "schema/snapshot.h"

namespace filial::broker {

/// How long events are kept for readers.
struct KeepPolicy {
    std::int64_t keep_us = 0;  ///< Since they came here; 0: for ever.
    /// A tap that is behind that holds its events for so long in all, and up to so many bytes of
    /// them; beyond, it is suspended.
    std::int64_t tap_keep_us = 0;
    std::uint64_t tap_quota_bytes = 0;
};

/// Trims logs by age, topic by topic, in bounded steps. What is trimmed stands in a base
/// (core/journal/log_base.h), from which a replica is given a snapshot; so only whoever wants each
/// event holds it up: another broker, until it is removed, and a tap within its quota. Both are
/// judged by what the registry says, so that one that never comes again is shown, and not waited
/// for.
class Retention {
  public:
    /// `journal` must outlive it.
    Retention(core::Journal& journal, KeepPolicy policy) : journal_(journal), policy_(policy) {}

    bool is_due(core::BootTime now) const { return policy_.keep_us > 0 && now >= next_look_; }
    /// Trims a little, if it is due. `passed`: the time that has surely come (AgreedTime). Fails as
    /// a commit does. What cannot be folded stays, and is said by `trouble`.
    schema::Result<void> turn(core::BootTime now, schema::Timestamp passed,
                              const ReceiverRegistry& registry);

    /// A piece of the base for `receiver`. Until it has the last one nothing of that topic is
    /// trimmed, over its silence too: for kHoldQuiet after each piece, and kHoldMost in all.
    schema::Result<schema::Chunk> piece(const std::string& receiver, const schema::SnapshotAsk& ask,
                                        std::size_t most, core::BootTime now);

    /// Why the tap or broker gets nothing of the log before a person does something; empty where it
    /// does.
    std::string why_suspended(const std::string& receiver, const schema::StoreId& origin,
                              const Held& held) const;

    /// Why something was not trimmed in the last look; empty where all could be.
    const std::string& trouble() const { return trouble_; }
    std::uint64_t events_trimmed() const { return events_trimmed_; }
    std::uint64_t snapshots_given() const { return snapshots_given_; }

  private:
    using Place = std::pair<schema::StoreId, std::string>;  ///< Log, topic.
    /// One receiver's transfer of a base that ends at `upto`.
    struct Hold {
        schema::Sequence upto;
        core::BootTime began;
        core::BootTime asked;
    };
    bool is_held(const Place& place, schema::Sequence upto, core::BootTime now);
    schema::Result<schema::Sequence> most_trimmed(const Place& place, schema::Sequence last,
                                                  schema::Timestamp wall,
                                                  const ReceiverRegistry& registry) const;
    /// True where it trimmed something.
    schema::Result<bool> trim(const Place& place, core::BootTime now, schema::Timestamp passed,
                              const ReceiverRegistry& registry);

    core::Journal& journal_;
    KeepPolicy policy_;
    core::BootTime next_look_;
    std::string trouble_;
    std::string found_;  ///< As `trouble_`, of the look under way.
    Place at_;           ///< Looked at up to here in the look under way.
    std::map<std::pair<Place, std::string>, Hold> holds_;  ///< By receiver, in memory only.
    std::uint64_t events_trimmed_ = 0;
    std::uint64_t snapshots_given_ = 0;
};

/// A transfer whose next piece nobody asked for in this time is over, or will go on with another
/// base; and none holds a base for longer than the second, however often it asks: a store that
/// calls once a day over a modem needs several calls for one.
constexpr std::int64_t kHoldQuiet = 36 * 3'600 * core::kSecond;
constexpr std::int64_t kHoldMost = 7 * 86'400 * core::kSecond;

}  // namespace filial::broker
