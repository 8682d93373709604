#include "broker/heard_stores.h"

namespace filial::broker {

using schema::ByteView;
using schema::Result;
using schema::StoreId;

namespace {

/// heard\n STORE -> empty
constexpr std::string_view kHeardPrefix = "heard\n";

}  // namespace

Result<HeardStores> HeardStores::load(const core::Journal& journal) {
    HeardStores heard;
    const auto scanned = journal.scan(kHeardPrefix, {}, [&](ByteView key, ByteView) {
        heard.stores_.emplace(std::string(key.substr(kHeardPrefix.size())));
        return true;
    });
    if (!scanned) return tl::unexpected(scanned.error());
    return heard;
}

void HeardStores::marked(const core::HeldMark& held, core::BootTime began,
                         const core::Clock& clock) {
    const StoreId& store = held.mark.store;
    if (stores_.contains(store)) return;
    bool exact = false;
    const core::BootTime now = clock.boot();
    const std::int64_t age = held.age_us(now, clock.boot_id(), exact);
    if (!exact || age > now.value() - began.value()) return;
    stores_.insert(store);
    unsaved_.insert(store);
}

void HeardStores::save(core::JournalWrite& write) const {
    for (const StoreId& store : unsaved_) {
        write.state.emplace_back(schema::Bytes(kHeardPrefix) + store.value(), "");
    }
}

bool is_heard_key(ByteView key) { return key.starts_with(kHeardPrefix); }

}  // namespace filial::broker
