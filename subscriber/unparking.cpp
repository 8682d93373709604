#include "subscriber/unparking.h"

#include "core/log.h"

namespace filial::subscriber {

using schema::Errc;
using schema::Result;

namespace {

/// Of parked events a turn: about a thousand, a few milliseconds.
constexpr std::size_t kStepBytes = 256 << 10;

}  // namespace

Result<void> Unparking::begin(const core::Requester& from, const schema::Unpark& asked) {
    if (!from.local) {
        return schema::fail(Errc::not_allowed, "what is parked is settled on the store's machine");
    }
    const bool one = !asked.store.empty() && !asked.topic.empty() && !asked.key.empty();
    if (asked.waive && !one) {
        return schema::fail(Errc::invalid, "one key of one store's topic is given up at a time");
    }
    if (asked.waive && (asked.reason.empty() || asked.who.empty())) {
        return schema::fail(Errc::invalid, "who gives up an event says why, for the record");
    }
    const bool narrowed = (asked.key.empty() || !asked.topic.empty()) &&
                          (asked.topic.empty() || !asked.store.empty());
    if (!narrowed) {
        return schema::fail(Errc::invalid, "a key needs its topic, and a topic its store");
    }
    const auto known = replica_.copies(schema::StoreId{asked.store}, asked.topic);
    if (!known) return known;
    if (jobs_.size() >= kUnparkingMax) {
        return schema::fail(Errc::busy,
                            std::to_string(jobs_.size()) + " retries are waiting: ask again later");
    }
    jobs_.push_back({from, asked, false});
    return {};
}

Result<void> Unparking::turn() {
    if (jobs_.empty()) return {};
    Job& job = jobs_.front();
    if (!job.begun) {
        if (!job.from && replica_.parked().empty()) {
            jobs_.pop_front();
            return {};
        }
        std::optional<Waiver> waiver;
        if (job.asked.waive) waiver = {job.asked.who, clock_.wall(), job.asked.reason};
        const auto begun = replica_.begin_retry({job.asked.store, job.asked.topic, job.asked.key},
                                                std::move(waiver));
        if (!begun) {
            refuse(job, begun.error());
            jobs_.pop_front();
            return {};
        }
        job.begun = true;
    }
    const auto over = replica_.retry_parked(kStepBytes);
    if (!over && over.error().code == Errc::no_space) return tl::unexpected(over.error());
    if (over && !*over) return {};
    if (over) {
        done(job);
    } else {
        refuse(job, over.error());
    }
    jobs_.pop_front();
    return over ? Result<void>() : tl::unexpected(over.error());
}

void Unparking::done(const Job& job) {
    const ParkedOutcome& outcome = replica_.retried();
    const bool some = outcome.applied + outcome.waived > 0;
    if (some) {
        core::log(job.asked.waive ? core::Level::warn : core::Level::info,
                  job.asked.waive ? "parked events were given up" : "parked events were applied",
                  {{"applied", outcome.applied},
                   {"waived", outcome.waived},
                   {"left", outcome.left},
                   {"key", job.asked.key},
                   {"who", job.asked.who},
                   {"reason", job.asked.reason}});
    }
    if (!job.from) return;
    schema::Answer answer;
    answer.request = job.asked.request;
    schema::AnswerRow& row = answer.rows.emplace_back();
    row.store = job.asked.store;
    row.key = job.asked.key;
    row.value = static_cast<std::int64_t>(outcome.applied);
    row.second = static_cast<std::int64_t>(outcome.left);
    row.fields.emplace_back("waived", std::to_string(outcome.waived));
    exchange_->reply(*job.from, schema::Message{std::move(answer)});
}

void Unparking::refuse(const Job& job, const schema::Error& error) {
    if (!job.from) return;
    schema::Trouble trouble;
    trouble.request = job.asked.request;
    trouble.code = error.code;
    trouble.message = error.message;
    exchange_->reply(*job.from, schema::Message{std::move(trouble)});
}

}  // namespace filial::subscriber
