#include "subscriber/parked_keys.h"

#include "subscriber/replica_keys.h"

namespace filial::subscriber {

using schema::ByteView;
using schema::Result;
using schema::StoreId;

Result<void> ParkedKeys::load(const ReplicaStore& store) {
    schema::Parser parser;
    bool damaged = false;
    const auto scanned = store.scan("x", {}, [&](ByteView key, ByteView value) {
        auto fields = parser.array(value);
        if (!fields || key.size() < 9) {
            damaged = true;
            return false;
        }
        fields->skip();  // Version.
        const auto name = parse_log_key(key.substr(0, key.size() - 9));
        keys_.emplace(name.first, name.second, std::string(fields->str()));
        return true;
    });
    if (!scanned) return scanned;
    if (damaged) return schema::fail(schema::Errc::corrupt, "replica: a parked row is damaged");
    return {};
}

bool ParkedKeys::contains(const StoreId& store, std::string_view topic,
                          const std::string& key) const {
    return !keys_.empty() && keys_.contains({store, std::string(topic), key});
}

void ParkedKeys::park(Records& records, const StoreId& store, const schema::Segment& segment,
                      std::size_t index, const std::string& key, const std::string& reason) {
    schema::Writer out;
    out.array(6).u64(1).str(key).str(reason).u64(segment.epoch.value());
    out.bin(schema::view(segment.clients[segment.who[index]])).bin(segment.rows[index]);
    records.put(parked_key(store.value(), segment.topic, segment.seqs[index]), out.take());
    keys_.emplace(store, segment.topic, key);
    last_reason_ = reason;
}

void ParkedKeys::forget(const StoreId& store, std::string_view topic) {
    std::erase_if(keys_, [&](const Name& name) {
        return std::get<0>(name) == store && std::get<1>(name) == topic;
    });
}

std::vector<schema::ParkedKey> ParkedKeys::all(std::size_t at_most) const {
    std::vector<schema::ParkedKey> list;
    for (const auto& [store, topic, key] : keys_) {
        if (list.size() >= at_most) break;
        list.push_back({store, topic, key});
    }
    return list;
}

}  // namespace filial::subscriber
