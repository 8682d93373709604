#include "subscriber/records.h"

namespace filial::subscriber {

using schema::Bytes;
using schema::ByteView;
using schema::Result;

Result<std::optional<Bytes>> Records::get(ByteView key, bool log_is_new) const {
    near_ = changes_.lower_bound(key);
    if (near_ != changes_.end() && near_->first == key) return near_->second;
    if (log_is_new && !new_keys_.may_have(key)) return std::optional<Bytes>();
    return store_.get(key);
}

Result<std::map<Bytes, Bytes>> Records::all(ByteView prefix) const {
    std::map<Bytes, Bytes> found;
    const auto scanned = store_.scan(prefix, {}, [&](ByteView key, ByteView value) {
        found[Bytes(key)] = value;
        return true;
    });
    if (!scanned) return tl::unexpected(scanned.error());
    for (auto at = changes_.lower_bound(prefix); at != changes_.end(); ++at) {
        if (at->first.compare(0, prefix.size(), prefix) != 0) break;
        if (at->second) {
            found[at->first] = *at->second;
        } else {
            found.erase(at->first);
        }
    }
    return found;
}

void Records::write_into(ReplicaWrite& write) const {
    for (const auto& [key, value] : changes_) {
        if (value) {
            write.put(key, *value);
        } else {
            write.erase(key);
        }
    }
}

void Records::written() {
    for (const auto& [key, value] : changes_) new_keys_.written(key);
    changes_.clear();
    near_ = changes_.end();
}

}  // namespace filial::subscriber
