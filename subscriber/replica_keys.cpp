#include "subscriber/replica_keys.h"

#include "subscriber/csv_key.h"

namespace filial::subscriber {

using schema::Bytes;
using schema::ByteView;
using schema::StoreId;

namespace {

template <class Number>
void append_number(Bytes& to, Number value) {
    for (int shift = 8 * (static_cast<int>(sizeof value) - 1); shift >= 0; shift -= 8) {
        to += static_cast<char>(value >> shift & 0xff);
    }
}

template <class Number>
Number read_number(ByteView bytes) {
    if (bytes.size() < sizeof(Number)) return 0;
    Number value = 0;
    for (std::size_t i = 0; i < sizeof value; ++i) {
        value = static_cast<Number>(value << 8 | static_cast<unsigned char>(bytes[i]));
    }
    return value;
}

void append_origin(Bytes& to, const Contribution& name) {
    to += name.store.value();
    to += '\0';
    append_u32(to, name.epoch.value());
}

/// Takes text up to a zero byte, and that byte.
std::string take_text(ByteView& from) {
    const auto end = from.find('\0');
    if (end == ByteView::npos) {
        from = {};
        return {};
    }
    std::string text(from.substr(0, end));
    from.remove_prefix(end + 1);
    return text;
}

}  // namespace

void append_u64(Bytes& to, std::uint64_t value) { append_number(to, value); }
void append_u32(Bytes& to, std::uint32_t value) { append_number(to, value); }
std::uint64_t read_u64(ByteView bytes) { return read_number<std::uint64_t>(bytes); }
std::uint32_t read_u32(ByteView bytes) { return read_number<std::uint32_t>(bytes); }

Bytes contribution_prefix(std::string_view topic, std::string_view store) {
    Bytes key = "c";
    key += topic;
    key += '\0';
    key += store;
    key += '\0';
    return key;
}

Bytes contribution_key(const Contribution& name) {
    Bytes key = contribution_prefix(name.topic, name.store.value());
    append_u32(key, name.epoch.value());
    key += static_cast<char>(name.part);
    key += name.key;
    return key;
}

std::optional<Contribution> parse_contribution(ByteView key) {
    if (key.empty() || key.front() != 'c') return std::nullopt;
    key.remove_prefix(1);
    Contribution name;
    name.topic = take_text(key);
    name.store = StoreId{take_text(key)};
    if (key.size() < 5) return std::nullopt;
    name.epoch = schema::Epoch{read_u32(key)};
    name.part = static_cast<Part>(key[4]);
    name.key = key.substr(5);
    return name;
}

Bytes reading_key(const Contribution& name) {
    Bytes key;
    switch (name.part) {
        case Part::number:
            if (name.topic == schema::kTopicStock) return stock_key(name.store.value(), name.key);
            key = customer_prefix(name.key) + 'd' + name.store.value();
            break;
        case Part::limit:
        case Part::fields:
            key = customer_prefix(name.key) + static_cast<char>(name.part);
            append_origin(key, name);
            break;
        case Part::transfer:
            key = transfer_prefix(name.key);
            append_origin(key, name);
            break;
        case Part::value:
            break;
    }
    return key;
}

Bytes stock_key(std::string_view store, std::string_view sku) {
    Bytes key = "s";
    append_csv(key, store);
    append_csv(key, sku);
    return key;
}

Bytes customer_prefix(std::string_view customer) {
    Bytes key = "k";
    append_csv(key, customer);
    return key;
}

Bytes transfer_prefix(std::string_view transfer) {
    Bytes key = "t";
    append_csv(key, transfer);
    return key;
}

Bytes log_key(char family, std::string_view store, std::string_view topic) {
    Bytes key(1, family);
    key += store;
    key += '\0';
    key += topic;
    return key;
}

std::pair<StoreId, std::string> parse_log_key(ByteView key) {
    key.remove_prefix(1);
    StoreId store{take_text(key)};
    return {std::move(store), std::string(key)};
}

Bytes parked_key(std::string_view store, std::string_view topic, schema::Sequence seq) {
    Bytes key = log_key('x', store, topic);
    key += '\0';
    append_u64(key, seq.value());
    return key;
}

Bytes pending_key(schema::Sequence seq) {
    Bytes key = "q";
    append_u64(key, seq.value());
    return key;
}

}  // namespace filial::subscriber
