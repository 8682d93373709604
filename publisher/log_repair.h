#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/journal/log_rebuild.h"
#include "core/link/exchange.h"
#include "core/link/host.h"
#include "core/options.h"
#include "publisher/hubs.h"
#include "publisher/loss_note.h"

namespace filial::publisher {

/// The publisher while its journal is damaged: puts the own log together again from the damaged
/// journal, from the store's brokers and from the replica of this machine, takes no tickets
/// meanwhile and says why, by position. What none of them has is given up only when the operator
/// says so; the log then goes on in a new epoch whose first event says what was lost. A broker
/// that came back without its memory is shown and accepted meanwhile: what it gives is proved by
/// the chain of hashes, whoever it is.
class LogRepair : public core::Host {
  public:
    /// `why`: what was found. `options` and `clock` must outlive it.
    LogRepair(const core::Options& options, std::unique_ptr<core::DamagedJournal> journal,
              const core::Clock& clock, std::string why);
    void attach(core::Exchange& exchange) { exchange_ = &exchange; }

    /// Whose log it is, for the greeting; zeros where nothing says how far its marks have counted:
    /// a broker tells a log's marks only to a store that does not say which life it speaks for.
    schema::Epoch own_epoch() const { return counts_on() ? rebuild_->epoch() : schema::Epoch{}; }
    schema::Incarnation own_incarnation() const {
        return counts_on() ? rebuild_->incarnation() : schema::Incarnation{};
    }

    /// The log is together again, or what is missing was given up.
    bool done() const { return done_; }
    /// Puts the repaired journal in its place. Only when done.
    schema::Result<void> finish();
    /// What is missing and what is waited for, for people.
    std::string state() const;

    std::vector<schema::StoreId> held() const override { return {}; }
    schema::Sequence end(const schema::StoreId&) const override { return schema::Sequence{0}; }
    schema::Epoch epoch(const schema::StoreId&) const override { return schema::Epoch{0}; }
    schema::Result<schema::Range> read(const core::ReadRequest& request) override;
    void reached(const core::Peer&, const schema::Fetch&) override {}
    /// The own log, from brokers that are dialled and from the own replica.
    std::optional<core::Want> want(const core::Peer& peer, const schema::StoreId& store) override;
    schema::Result<void> take(const core::Peer& peer, schema::Range range) override;
    void turned_away(const core::Peer& peer, const schema::Error& error) override;
    void not_served(const core::Peer& peer, const schema::Trouble& trouble) override;
    schema::Result<void> flush() override;
    std::vector<schema::TopicEnd> durable(const core::Want& want) const override;
    void marked(const core::Peer& peer, const schema::Mark& mark) override;
    void applied(const core::Peer&, const schema::Applied&) override {}
    void request(const core::Requester& from, schema::Message message) override;
    void turn(core::BootTime now) override;

  private:
    void salvage();
    void look_at_peers();
    bool is_own_replica(const core::Peer& peer) const;
    bool brokers_have_no_more() const;
    bool replica_has_no_more() const;
    bool nobody_has_more() const { return brokers_have_no_more() && replica_has_no_more(); }
    bool whole() const;
    bool counts_on() const { return marks_saved_; }
    bool marks_known(core::BootTime now);
    /// Who gives up what nobody has, and why: what the note says.
    schema::Result<void> accept_loss(const LossNote& note);
    /// Whether a repair that ended before its conclusion accepted a loss.
    void find_accepted();
    schema::Result<void> keep_counters();
    void conclude();
    schema::Status status(std::uint64_t request) const;
    void accept_hub(const core::Requester& from, const schema::Readmit& hub);

    /// What a broker, or the own replica, said of the own log.
    struct Source {
        std::optional<schema::Sequence> end;  ///< Where it ends there; nullopt: not said yet.
        std::string trouble;                  ///< Why nothing is taken from it.
        std::string busy;                     ///< Why it cannot say yet.
        std::string refused;                  ///< Why it has no session with this machine.
        /// It has later events and does not keep the ones that are missing now: what it said. Then
        /// topic by topic, but for those in `gone`, it may have what the damaged journal lacks.
        std::string trimmed;
        std::set<std::string> gone;
    };
    Source* source_of(const core::Peer& peer);
    static std::string text_of(const Source& source);
    std::vector<std::string> topics_of(const Source& source) const;

    const core::Options& options_;
    const core::Clock& clock_;
    core::Exchange* exchange_ = nullptr;
    std::string why_;
    std::unique_ptr<core::DamagedJournal> repair_;
    std::unique_ptr<core::LogRebuild> rebuild_;
    Hubs hubs_;
    std::map<std::string, Source> brokers_;  ///< By the store's name, each of the [[hub]]s.
    Source replica_;
    std::optional<schema::Sequence> stuck_;    ///< The damaged journal does not go on there.
    bool moved_ = false;                       ///< It went on since that was last so.
    std::optional<schema::Sequence> resumes_;  ///< Where it does again.
    std::uint64_t mark_counter_ = 0;           ///< The highest of the own marks that a broker has.
    std::optional<core::BootTime> whole_since_;
    bool marks_saved_ = false;  ///< What was rescued says how far the own marks counted.
    core::BootTime started_;
    core::BootTime looked_;
    std::string full_;       ///< Why the last write failed.
    std::string given_up_;   ///< What an operator gave up, for people.
    bool accepted_ = false;  ///< That is on record: the log ends there, and is concluded.
    std::string said_;       ///< The last state that was logged.
    std::int64_t fetched_ = 0;
    bool done_ = false;
};

}  // namespace filial::publisher
