#include "ledger/freshness.h"

namespace filial::ledger {

schema::Verdict verdict_of(const schema::Freshness& freshness, std::int64_t policy_us) {
    if (!freshness.ever || policy_us < 0) return schema::Verdict::refuse;
    if (freshness.age_us > policy_us) return schema::Verdict::ask;
    const bool certain = freshness.age_exact && !freshness.partial;
    return certain ? schema::Verdict::fresh : schema::Verdict::notice;
}

schema::Freshness judge(const std::vector<Heard>& logs, bool all_subscribed,
                        std::int64_t policy_us) {
    schema::Freshness result;
    bool missing = !all_subscribed;
    bool forked = false;
    for (const Heard& log : logs) {
        if (log.position.seq.value() > 0) result.positions.push_back(log.position);
        forked = forked || log.forked;
        if (!log.ever) {
            missing = missing || logs.size() > 1;
            continue;
        }
        result.age_exact = result.age_exact && log.age_exact;
        if (result.ever && log.age_us <= result.age_us) continue;
        result.ever = true;
        result.as_of = log.as_of;
        result.age_us = log.age_us;
        result.source = log.source;
    }
    result.partial = missing;
    result.verdict = verdict_of(result, policy_us);
    if (forked && result.verdict == schema::Verdict::fresh) {
        result.verdict = schema::Verdict::notice;
    }
    return result;
}

}  // namespace filial::ledger
