#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/journal/journal.h"
#include "core/journal/store_logs.h"
#include "core/link/exchange.h"
#include "core/link/host.h"
#include "core/options.h"
#include "core/quarantine.h"
#include "publisher/hubs.h"
#include "publisher/readmission.h"

namespace filial::publisher {

/// The publisher of a store in quarantine. It offers no log, takes no notice, and answers every
/// ticket busy: what a till sells meanwhile stays with the till. It gets the store's own log back
/// from the brokers as far as it goes, asks them to be readmitted, and opens the granted epoch
/// behind all of it. The log's state says meanwhile that it is in quarantine. One thread; ends when
/// `outcome` says so.
class Rejoiner : public core::Host {
  public:
    enum class Outcome { going_on, readmitted, set_aside };

    /// All references must outlive it.
    Rejoiner(const core::Options& options, core::Journal& journal, const core::Clock& clock,
             const core::Quarantine& quarantine);
    void attach(core::Exchange& exchange) { exchange_ = &exchange; }

    /// `readmitted`: the new epoch stands in the journal, durable. `set_aside`: the log here has to
    /// make room for the one that the brokers hold.
    Outcome outcome() const { return outcome_; }
    /// What it waits for, or why it ended, for people.
    const std::string& why() const { return why_; }

    std::vector<schema::StoreId> held() const override { return {}; }
    schema::Sequence end(const schema::StoreId&) const override { return {}; }
    schema::Epoch epoch(const schema::StoreId&) const override { return {}; }
    schema::Result<schema::Range> read(const core::ReadRequest& request) override;
    void reached(const core::Peer&, const schema::Fetch&) override {}
    /// The own log, from brokers that this store dials.
    std::optional<core::Want> want(const core::Peer& peer, const schema::StoreId& store) override;
    schema::Result<void> take(const core::Peer& peer, schema::Range range) override;
    bool keeps_rows() const override { return true; }
    schema::Result<schema::Range> held_rows(const core::ReadRequest& request,
                                            schema::Sequence upto) override;
    schema::Result<void> flush() override;
    std::vector<schema::TopicEnd> durable(const core::Want& want) const override;
    void marked(const core::Peer&, const schema::Mark&) override {}
    void applied(const core::Peer&, const schema::Applied&) override {}
    /// What a broker does not keep any more nobody can wait for.
    void not_served(const core::Peer& peer, const schema::Trouble& trouble) override;
    void turned_away(const core::Peer& peer, const schema::Error& error) override;
    void rejoined(const core::Peer& peer, const schema::Rejoined& answer) override;
    void request(const core::Requester& from, schema::Message message) override;
    void turn(core::BootTime now) override;

  private:
    schema::Result<void> decide();
    std::string not_kept() const;
    std::string refusals() const;
    void ask(core::BootTime now);
    schema::Result<schema::Status> accept_hub(const core::Requester& from,
                                              const schema::Readmit& hub);
    schema::Status status(std::uint64_t request) const;

    const core::Options& options_;
    core::Journal& journal_;
    const core::Clock& clock_;
    const core::Quarantine& quarantine_;
    core::Exchange* exchange_ = nullptr;
    core::StoreLogs logs_;
    Hubs hubs_;
    Readmission readmission_;
    std::map<std::string, std::string> refused_;  ///< By broker: why it hears nothing of this one.
    std::map<std::string, std::string> trimmed_;  ///< By broker: why it does not give the log.
    bool news_ = true;                            ///< Since it was last decided.
    Outcome outcome_ = Outcome::going_on;
    std::string why_;
    std::optional<schema::Error> broken_;  ///< For the next flush: the journal takes nothing more.
    core::BootTime asked_;
    core::BootTime started_;
};

}  // namespace filial::publisher
