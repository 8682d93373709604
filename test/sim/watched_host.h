#pragma once

#include "test/sim/process.h"
#include "test/sim/rare.h"

namespace filial::sim {

/// The longest that a loop would wait, were there anything to wait for.
constexpr std::chrono::milliseconds kTurnMax{50};

/// Passes everything on, and shows the watch what it wants to see.
class WatchedHost : public core::Host {
  public:
    WatchedHost(core::Host& host, Watch& watch, int process)
        : host_(host), watch_(watch), process_(process) {}

    std::optional<schema::Error> refuses(const core::Peer& peer) override {
        return host_.refuses(peer);
    }
    bool goes_before(const core::Peer& newer, const core::Peer& older) override {
        return host_.goes_before(newer, older);
    }
    void turned_away(const core::Peer& peer, const schema::Error& error) override {
        host_.turned_away(peer, error);
    }
    std::vector<schema::StoreId> held() const override { return host_.held(); }
    schema::Sequence end(const schema::StoreId& store) const override { return host_.end(store); }
    schema::Epoch epoch(const schema::StoreId& store) const override { return host_.epoch(store); }
    schema::Incarnation incarnation(const schema::StoreId& store) const override {
        return host_.incarnation(store);
    }
    schema::Result<schema::Range> read(const core::ReadRequest& request) override {
        auto range = host_.read(request);
        if (range) watch_.served(process_, *range);
        return range;
    }
    schema::Result<void> may_fetch(const core::Peer& peer, const schema::Fetch& fetch) override {
        return host_.may_fetch(peer, fetch);
    }
    void reached(const core::Peer& peer, const schema::Fetch& fetch) override {
        watch_.changing(process_, peer);
        watch_.reached(process_, peer, fetch);
        host_.reached(peer, fetch);
    }
    std::optional<core::Want> want(const core::Peer& peer, const schema::StoreId& store) override {
        return host_.want(peer, store);
    }
    schema::Result<void> take(const core::Peer& peer, schema::Range range) override {
        watch_.changing(process_, peer);
        watch_.taking(process_, peer, range);
        return host_.take(peer, std::move(range));
    }
    bool pending() const override { return host_.pending(); }
    bool gathers() override { return rare(Rare::read_again); }
    bool keeps_rows() const override { return host_.keeps_rows(); }
    schema::Result<schema::Range> held_rows(const core::ReadRequest& request,
                                            schema::Sequence upto) override {
        return host_.held_rows(request, upto);
    }
    void session_began(const core::Peer& peer) override { host_.session_began(peer); }
    schema::Sequence kept_after(const schema::StoreId& store,
                                const std::string& topic) const override {
        return host_.kept_after(store, topic);
    }
    schema::Result<schema::Chunk> snapshot(const core::Peer& peer, const schema::SnapshotAsk& ask,
                                           std::size_t most) override {
        return host_.snapshot(peer, ask, rare(Rare::small_piece) ? 1 : most);
    }
    void chunk(const core::Peer& peer, const schema::Chunk& chunk) override {
        watch_.changing(process_, peer);
        host_.chunk(peer, chunk);
    }
    void not_served(const core::Peer& peer, const schema::Trouble& trouble) override {
        host_.not_served(peer, trouble);
    }
    schema::Result<void> flush() override { return host_.flush(); }
    std::vector<schema::TopicEnd> durable(const core::Want& want) const override {
        return host_.durable(want);
    }
    void marked(const core::Peer& peer, const schema::Mark& mark) override {
        watch_.changing(process_, peer);
        host_.marked(peer, mark);
    }
    void outcounted(const core::Peer& peer, const schema::Mark& mark) override {
        watch_.changing(process_, peer);
        host_.outcounted(peer, mark);
    }
    void applied(const core::Peer& peer, const schema::Applied& applied) override {
        watch_.changing(process_, peer);
        host_.applied(peer, applied);
    }
    void confirm(const core::Peer& peer, const schema::Confirm& asked) override {
        host_.confirm(peer, asked);
    }
    void confirmed(const core::Peer& peer, const schema::Confirmed& answer,
                   const schema::Mark& mark) override {
        host_.confirmed(peer, answer, mark);
    }
    void rejoin(const core::Peer& peer, const schema::Rejoin& asked) override {
        watch_.changing(process_, peer);
        host_.rejoin(peer, asked);
    }
    void rejoined(const core::Peer& peer, const schema::Rejoined& answer) override {
        host_.rejoined(peer, answer);
    }
    void request(const core::Requester& from, schema::Message message) override {
        host_.request(from, std::move(message));
    }
    void turn(core::BootTime now) override { host_.turn(now); }

  private:
    core::Host& host_;
    Watch& watch_;
    int process_;
};

}  // namespace filial::sim
