#include "subscriber/debt_as_of.h"

#include <algorithm>

namespace filial::subscriber {

using schema::Reached;
using schema::Sequence;
using schema::StoreId;
using schema::TopicEnd;

namespace {

Sequence debts_in(const std::vector<TopicEnd>& ends) {
    for (const TopicEnd& end : ends) {
        if (end.topic == schema::kTopicDebts) return end.seq;
    }
    return Sequence{0};
}

bool covers(const schema::Position& here, schema::Epoch epoch, Sequence end) {
    return end.value() == 0 || (here.epoch >= epoch && here.seq >= end);
}

bool is_covered(const schema::Mark& mark, const DebtAsOf::DebtsOf& debts) {
    if (mark.applied_since != 0) return false;  // Differences alone do not say what home had.
    if (!covers(debts(mark.store), mark.epoch, debts_in(mark.ends))) return false;
    return std::all_of(mark.applied.begin(), mark.applied.end(), [&](const Reached& of) {
        return of.store == mark.store || covers(debts(of.store), of.epoch, debts_in(of.topics));
    });
}

std::pair<schema::Epoch, std::uint64_t> order_of(const AsOfMark& mark) {
    return {mark.held.mark.epoch, mark.held.mark.counter};
}

}  // namespace

void DebtAsOf::offer(const core::HeldMark& held, const std::string& source) {
    AsOfMark mark{held, source};
    mark.held.bytes.clear();
    mark.held.signature.clear();
    mark.held.mark.taken.clear();
    mark.held.mark.parked.clear();
    std::deque<AsOfMark>& kept = marks_[held.mark.store];
    if (!kept.empty() && order_of(mark) <= order_of(kept.back())) return;
    // The oldest of them is the next that can be reached; from there on they thin out.
    if (kept.size() >= kMarksKept)
        kept.erase(kept.begin() + static_cast<std::ptrdiff_t>(kept.size() / 2));
    kept.push_back(std::move(mark));
}

const AsOfMark* DebtAsOf::find(const StoreId& home, const DebtsOf& debts) const {
    const auto kept = marks_.find(home);
    if (kept == marks_.end()) return nullptr;
    const auto covered =
        std::find_if(kept->second.rbegin(), kept->second.rend(),
                     [&](const AsOfMark& mark) { return is_covered(mark.held.mark, debts); });
    return covered == kept->second.rend() ? nullptr : &*covered;
}

}  // namespace filial::subscriber
