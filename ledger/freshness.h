#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "schema/query.h"

namespace filial::ledger {

/// What is known of one log that an answer may come from. The age is measured, never a difference
/// of clocks: a store's own T is carried along for people.
struct Heard {
    bool ever = false;        ///< A mark of it has been reached.
    schema::Timestamp as_of;  ///< That mark's T.
    std::int64_t age_us = 0;
    bool age_exact = true;      ///< False: at least `age_us`.
    bool forked = false;        ///< Another log is offered under its store's name.
    std::string source;         ///< Who brought that mark.
    schema::Position position;  ///< Last event applied of the topic that was asked for.
};

/// How old an answer made of all these logs is: as old as the oldest of them. A log that was never
/// heard makes it partial, as one that is not subscribed does (`all_subscribed` false); if none
/// was heard, there is no age. With a log that stands in two versions nothing is fresh. `policy_us`
/// below 0 is "official": no age is fresh enough.
schema::Freshness judge(const std::vector<Heard>& logs, bool all_subscribed,
                        std::int64_t policy_us);

/// `fresh`: the age is known, within the policy, and nothing is missing. `notice`: within the
/// policy, but part of it is missing, or the age is a lower bound; another look would not change
/// that. `ask`: older than the policy, so that a person decides whether to update first. `refuse`:
/// never heard, or the policy is "official" and this is no live answer.
schema::Verdict verdict_of(const schema::Freshness& freshness, std::int64_t policy_us);

}  // namespace filial::ledger
