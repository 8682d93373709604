#include "broker/confirm_relay.h"

namespace filial::broker {

using schema::StoreId;

std::vector<std::string> ConfirmRelay::asked(const std::string& asker,
                                             const schema::Confirm& question,
                                             const std::vector<core::Peer>& peers,
                                             core::BootTime now) {
    const auto key = std::pair(question.nonce, question.store);
    const auto known = waiting_.find(key);
    if (known != waiting_.end() && known->second.asker != asker) return {};
    if (known == waiting_.end() && waiting_.size() >= kConfirmsMax) return {};
    std::vector<std::string> own;
    std::vector<std::string> brokers;
    for (const core::Peer& peer : peers) {
        if (peer.name == asker) continue;
        if (peer.role == "publisher" && peer.store == question.store.value()) {
            own.push_back(peer.name);
        } else if (peer.role == "broker") {
            brokers.push_back(peer.name);
        }
    }
    const std::vector<std::string>& whom = own.empty() ? brokers : own;
    if (!whom.empty()) waiting_[key] = Waiting{asker, now};
    return whom;
}

std::string ConfirmRelay::answered(std::uint64_t nonce, const StoreId& store) {
    const auto known = waiting_.find(std::pair(nonce, store));
    if (known == waiting_.end()) return "";
    std::string asker = std::move(known->second.asker);
    waiting_.erase(known);
    return asker;
}

void ConfirmRelay::turn(core::BootTime now) {
    std::erase_if(waiting_, [&](const auto& entry) {
        return now.value() - entry.second.since.value() >= kConfirmWait;
    });
}

}  // namespace filial::broker
