#include "ledger/official.h"

#include <algorithm>

#include "schema/ids.h"

namespace filial::ledger {

using schema::Mark;
using schema::Reached;
using schema::Sequence;
using schema::StoreId;
using schema::TopicEnd;

namespace {

Sequence seq_of(const std::vector<TopicEnd>& ends, const std::string& topic) {
    for (const TopicEnd& end : ends) {
        if (end.topic == topic) return end.seq;
    }
    return Sequence{0};
}

std::string reason_for(const OfficialQuestion& question, const StoreId& store) {
    if (store.value() == question.home) return "the customer's home";
    if (question.holders.contains(store.value())) {
        return "it holds a part of the limit and may still charge";
    }
    return "it may have an entry that nobody has heard of";
}

}  // namespace

std::vector<Needed> who_matters(const OfficialQuestion& question) {
    std::vector<Needed> all;
    const bool of_customer =
        question.topic == schema::kTopicDebts || question.topic == schema::kTopicCustomers;
    if (!of_customer && !question.place.empty()) {
        return {{StoreId{question.place}, "what is asked for lies there"}};
    }
    for (const StoreId& store : question.stores) {
        if (question.retired.contains(store)) continue;
        all.push_back({store, of_customer ? reason_for(question, store) : "it may have some"});
    }
    // A home or a holder of which no log is known here matters all the more.
    std::set<std::string> named;
    if (of_customer) named = question.holders;
    if (of_customer && !question.home.empty()) named.insert(question.home);
    for (const std::string& name : named) {
        const StoreId store{name};
        const bool listed = std::any_of(all.begin(), all.end(),
                                        [&](const Needed& each) { return each.store == store; });
        if (listed || question.retired.contains(store)) continue;
        all.push_back({store, reason_for(question, store)});
    }
    return all;
}

Confirmations::Confirmations(std::uint64_t nonce, std::vector<Needed> needed,
                             std::vector<std::string> topics)
    : nonce_(nonce), needed_(std::move(needed)), topics_(std::move(topics)) {}

bool Confirmations::hear(std::uint64_t nonce, const Mark& mark) {
    if (nonce != nonce_) return false;
    const bool matters = std::any_of(needed_.begin(), needed_.end(),
                                     [&](const Needed& each) { return each.store == mark.store; });
    if (!matters) return false;
    const auto [known, first] = heard_.try_emplace(mark.store, mark);
    if (first) return true;
    // The first answer is enough: it was made after the nonce was drawn.
    if (mark.epoch <= known->second.epoch) return false;
    known->second = mark;
    return true;
}

const Mark* Confirmations::find(const StoreId& store) const {
    const auto found = heard_.find(store);
    return found == heard_.end() ? nullptr : &found->second;
}

std::vector<Confirmations::Missing> Confirmations::missing(const ReachedOf& reached) const {
    std::vector<Missing> all;
    for (const Needed& each : needed_) {
        const Mark* mark = find(each.store);
        if (mark == nullptr) {
            all.push_back({each, Lack::silent});
            continue;
        }
        const Reached here = reached(each.store);
        if (here.epoch > mark->epoch) {
            all.push_back({each, Lack::old_epoch});
            continue;
        }
        const bool whole = std::all_of(topics_.begin(), topics_.end(), [&](const auto& topic) {
            const Sequence end = seq_of(mark->ends, topic);
            if (end.value() == 0) return true;
            return here.epoch == mark->epoch && seq_of(here.topics, topic) >= end;
        });
        if (!whole) all.push_back({each, Lack::behind});
    }
    return all;
}

}  // namespace filial::ledger
