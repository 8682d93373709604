#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/link/exchange.h"

namespace filial::publisher {

/// What the publisher asks of the exchange that drives it; tests have their own.
class Legs {
  public:
    virtual ~Legs() = default;
    virtual void reply(const core::Requester& to, const schema::Message& message) = 0;
    virtual core::MarkBook& marks() = 0;
    virtual void announce(const schema::StoreId& store) = 0;
    virtual std::vector<schema::Leg> incoming() const = 0;
    virtual bool session_of(const std::string& receiver, std::int64_t& heard_us) const = 0;
    virtual std::vector<std::pair<std::string, std::int64_t>> counters() const = 0;
};

/// The real ones. `exchange` must outlive it.
class ExchangeLegs : public Legs {
  public:
    explicit ExchangeLegs(core::Exchange& exchange) : exchange_(exchange) {}
    void reply(const core::Requester& to, const schema::Message& message) override {
        exchange_.reply(to, message);
    }
    core::MarkBook& marks() override { return exchange_.marks(); }
    void announce(const schema::StoreId& store) override { exchange_.announce(store); }
    std::vector<schema::Leg> incoming() const override { return exchange_.incoming_legs(); }
    bool session_of(const std::string& receiver, std::int64_t& heard_us) const override {
        return exchange_.session_of(receiver, heard_us);
    }
    std::vector<std::pair<std::string, std::int64_t>> counters() const override {
        return exchange_.counters();
    }

  private:
    core::Exchange& exchange_;
};

}  // namespace filial::publisher
