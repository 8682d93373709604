#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/options.h"
#include "publisher/publisher.h"
#include "test/support/memory_journal.h"

namespace filial::test {

/// Keeps what was answered instead of sending it.
class FakeLegs : public publisher::Legs {
  public:
    void reply(const core::Requester&, const schema::Message& message) override {
        answers.push_back(message);
    }
    core::MarkBook& marks() override { return book; }
    void announce(const schema::StoreId&) override { ++announced; }
    void want_again() override { ++wanted_again; }
    bool tell(const std::string& receiver, schema::Confirmed message) override {
        told.emplace_back(receiver, std::move(message));
        return true;
    }
    std::vector<schema::Leg> incoming() const override { return legs; }
    bool session_of(const std::string& receiver, std::int64_t& heard_us) const override {
        heard_us = receiver == connected ? 5 : heard_us;
        return receiver == connected;
    }
    std::vector<std::pair<std::string, std::int64_t>> counters() const override { return {}; }

    void call(core::BootTime until, std::uint64_t bytes) override {
        called_until = until;
        may_carry = bytes;
    }
    void hang_up() override { called_until = {}; }
    std::vector<core::DialledLeg> dialled() const override { return away; }
    void ask_replica(const schema::Query& query) override { asked = query; }
    std::optional<schema::Result<schema::Answer>> replica_answer() override {
        return std::exchange(replica, {});
    }

    std::vector<schema::Message> answers;
    std::optional<schema::Query> asked;  ///< Of the replica.
    std::optional<schema::Result<schema::Answer>> replica;
    std::vector<std::pair<std::string, schema::Confirmed>> told;
    std::vector<schema::Leg> legs;
    std::string connected;
    std::vector<core::DialledLeg> away;
    core::BootTime called_until;
    std::uint64_t may_carry = 0;
    core::MarkBook book;
    int announced = 0;
    int wanted_again = 0;
};

/// The publisher of store1 on a journal that outlives it.
class Shop {
  public:
    explicit Shop(MemoryJournal journal = {}, std::uint64_t queue_tickets = 4'096);

    /// Hands in without flushing.
    void send(const schema::Ticket& ticket);
    /// Hands in, flushes, and gives the one answer.
    template <class Answer>
    Answer ask(const schema::Ticket& ticket) {
        legs.answers.clear();
        send(ticket);
        REQUIRE(publisher->flush());
        return only<Answer>();
    }
    /// The one answer since the last look, which has to be of this kind.
    template <class Answer>
    Answer only() {
        REQUIRE(legs.answers.size() == 1);
        const auto* answer = std::get_if<Answer>(&legs.answers[0]);
        REQUIRE(answer != nullptr);
        const Answer copy = *answer;
        legs.answers.clear();
        return copy;
    }
    /// The process ends and begins again; with `power_cut` what was not synced is gone.
    void restart(bool power_cut = false);

    std::uint64_t end() const { return journal.end(options.store).value(); }
    /// All events of the own log.
    std::vector<schema::LoggedEvent> log() const;

    core::Options options;
    MemoryJournal journal;
    core::ManualClock clock;
    FakeLegs legs;
    std::unique_ptr<publisher::Publisher> publisher;
    core::Requester till{0, "route", "", true};
};

constexpr schema::ClientId kTill{1, 2, 3};

schema::Operation sale(const std::string& sku, const std::string& quantity = "1");
schema::Ticket ticket(std::uint64_t number, std::vector<schema::Operation> operations,
                      schema::ClientId client = kTill);

core::Peer broker(const std::string& name = "head");
/// A range of topic control of `store` that holds these events at these positions.
schema::Range control_of(const std::string& store, std::uint64_t after, std::uint64_t upto,
                         const std::vector<std::pair<std::uint64_t, schema::Event>>& events,
                         std::uint32_t epoch = 1);
schema::Event sent_notice(const std::string& transfer, const std::string& to,
                          const std::string& quantity = "5");

}  // namespace filial::test
