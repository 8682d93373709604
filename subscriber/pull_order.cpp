#include "subscriber/pull_order.h"

#include <algorithm>

namespace filial::subscriber {

using schema::Need;
using schema::StoreId;

namespace {

bool has(const std::vector<std::string>& list, const std::string& one) {
    return std::find(list.begin(), list.end(), one) != list.end();
}

}  // namespace

PullOrder::PullOrder(std::vector<std::string> topics, const std::vector<std::string>& first,
                     bool always)
    : topics_(std::move(topics)), always_(always || !first.empty()) {
    std::vector<std::string> wished{std::string(schema::kTopicControl)};
    wished.insert(wished.end(), first.begin(), first.end());
    for (const std::string& topic : wished) {
        const bool goes_along = topic == schema::kTopicAccounts;
        if (has(topics_, topic) && !has(first_, topic) && !goes_along) first_.push_back(topic);
    }
    plan();
}

void PullOrder::plan() {
    const bool stepped = always_ || !needs_.empty();
    steps_ = 1 + (stepped ? first_.size() + (needs_.empty() ? 0 : 1) : 0);
    step_ = 0;
}

void PullOrder::begin() { step_ = 0; }

bool PullOrder::need(const Need& need) {
    if (!has(topics_, need.topic)) return false;
    if (std::find(needs_.begin(), needs_.end(), need) != needs_.end()) return false;
    needs_.push_back(need);
    plan();
    return true;
}

void PullOrder::forget_needs() {
    if (needs_.empty()) return;
    needs_.clear();
    plan();
}

std::vector<std::string> PullOrder::topics(const StoreId& store) const {
    if (last()) return topics_;
    std::vector<std::string> now;
    const auto add = [&](const std::string& topic) {
        if (!has(now, topic)) now.push_back(topic);
    };
    const std::string control(schema::kTopicControl), accounts(schema::kTopicAccounts);
    const bool with_accounts = has(topics_, accounts);
    for (const Need& need : needs_) {
        if (!need.store.empty() && need.store != store.value()) continue;
        // Where a new epoch begins is told there: without it a replica would load the log again.
        add(control);
        const bool of_customers =
            need.topic == schema::kTopicDebts || need.topic == schema::kTopicCustomers;
        if (of_customers && with_accounts) add(accounts);
        add(need.topic);
    }
    const std::size_t before = needs_.empty() ? 0 : 1;
    for (std::size_t i = 0; i < first_.size() && i + before <= step_; ++i) {
        add(first_[i]);
        if (first_[i] == control && with_accounts) add(accounts);  // In one step.
    }
    return now;
}

}  // namespace filial::subscriber
