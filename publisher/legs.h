#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/link/asker.h"
#include "core/link/exchange.h"

namespace filial::publisher {

/// What the publisher asks of the exchange that drives it; tests have their own.
class Legs {
  public:
    virtual ~Legs() = default;
    virtual void reply(const core::Requester& to, const schema::Message& message) = 0;
    virtual core::MarkBook& marks() = 0;
    virtual void announce(const schema::StoreId& store) = 0;
    /// What is wanted of every peer is asked anew.
    virtual void want_again() = 0;
    virtual bool tell(const std::string& receiver, schema::Confirmed message) = 0;
    virtual std::vector<schema::Leg> incoming() const = 0;
    virtual bool session_of(const std::string& receiver, std::int64_t& heard_us) const = 0;
    virtual std::vector<std::pair<std::string, std::int64_t>> counters() const = 0;
    /// As Exchange's.
    virtual void call(core::BootTime until, std::uint64_t bytes_left) = 0;
    virtual void hang_up() = 0;
    virtual std::vector<core::DialledLeg> dialled() const = 0;
    /// Asks the store's own replica; an earlier question is forgotten. Returns at once.
    virtual void ask_replica(const schema::Query& query) = 0;
    /// What it answered to that; nullopt while it did not.
    virtual std::optional<schema::Result<schema::Answer>> replica_answer() = 0;
};

/// The real ones. `exchange` and `replica` must outlive it.
class ExchangeLegs : public Legs {
  public:
    ExchangeLegs(core::Exchange& exchange, core::Asker& replica)
        : exchange_(exchange), replica_(replica) {}
    void reply(const core::Requester& to, const schema::Message& message) override {
        exchange_.reply(to, message);
    }
    core::MarkBook& marks() override { return exchange_.marks(); }
    void announce(const schema::StoreId& store) override { exchange_.announce(store); }
    void want_again() override { exchange_.want_again(); }
    bool tell(const std::string& receiver, schema::Confirmed message) override {
        return exchange_.tell(receiver, std::move(message));
    }
    std::vector<schema::Leg> incoming() const override { return exchange_.incoming_legs(); }
    bool session_of(const std::string& receiver, std::int64_t& heard_us) const override {
        return exchange_.session_of(receiver, heard_us);
    }
    std::vector<std::pair<std::string, std::int64_t>> counters() const override {
        return exchange_.counters();
    }
    void call(core::BootTime until, std::uint64_t bytes_left) override {
        exchange_.call(until, bytes_left);
    }
    void hang_up() override { exchange_.hang_up(); }
    std::vector<core::DialledLeg> dialled() const override { return exchange_.dialled_legs(); }
    void ask_replica(const schema::Query& query) override { replica_.ask(schema::Message{query}); }
    std::optional<schema::Result<schema::Answer>> replica_answer() override {
        auto message = replica_.answer();
        if (!message) return std::nullopt;
        if (!*message) return schema::Result<schema::Answer>(tl::unexpected(message->error()));
        auto* answer = std::get_if<schema::Answer>(&**message);
        if (answer != nullptr) return schema::Result<schema::Answer>(std::move(*answer));
        return schema::Result<schema::Answer>(
            schema::fail(schema::Errc::unknown_kind, "the replica answered something else"));
    }

  private:
    core::Exchange& exchange_;
    core::Asker& replica_;
};

}  // namespace filial::publisher
