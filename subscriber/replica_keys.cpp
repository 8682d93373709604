#include "subscriber/replica_keys.h"

#include <algorithm>

#include "subscriber/csv_key.h"

namespace filial::subscriber {

using schema::Bytes;
using schema::ByteView;
using schema::StoreId;

namespace {

template <class Number>
void append_number(Bytes& to, Number value) {
    char bytes[sizeof value];
    for (std::size_t i = sizeof value; i-- > 0; value = static_cast<Number>(value >> 8)) {
        bytes[i] = static_cast<char>(value & 0xff);
    }
    to.append(bytes, sizeof bytes);
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

schema::Epoch take_epoch(ByteView& from) {
    const schema::Epoch epoch{read_u32(from)};
    from.remove_prefix(std::min(from.size(), sizeof(std::uint32_t)));
    return epoch;
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
    Bytes key;
    switch (name.part) {
        case Part::limit:
        case Part::fields:
        case Part::handed:
            key = customer_prefix(name.key);
            key += static_cast<char>(name.part);
            append_origin(key, name);
            return key;
        case Part::transfer:
            key = transfer_prefix(name.key);
            append_origin(key, name);
            return key;
        case Part::day:
            key = day_key(name.store.value(), name.key);
            append_u32(key, name.epoch.value());
            return key;
        case Part::number:
            if (name.topic == schema::kTopicStock) return stock_key(name.store.value(), name.key);
            key = customer_prefix(name.key);
            key += static_cast<char>(name.part);
            key += name.store.value();
            return key;
        case Part::value:
        case Part::state:
        case Part::notes:
        case Part::paid_twice:
            break;
    }
    key = contribution_prefix(name.topic, name.store.value());
    append_u32(key, name.epoch.value());
    key += static_cast<char>(name.part);
    key += name.key;
    return key;
}

std::string_view families_of(std::string_view topic) {
    if (topic == schema::kTopicStock) return "s";
    if (topic == schema::kTopicControl) return "ty";
    const bool of_customers = topic == schema::kTopicCustomers || topic == schema::kTopicDebts ||
                              topic == schema::kTopicAccounts;
    return of_customers ? "k" : "";
}

std::optional<Contribution> parse_contribution(ByteView key) {
    if (key.empty()) return std::nullopt;
    const ByteView whole = key;
    const char family = key.front();
    key.remove_prefix(1);
    Contribution name;
    if (family == 'c') {
        name.topic = take_text(key);
        name.store = StoreId{take_text(key)};
        name.epoch = take_epoch(key);
        if (key.empty()) return std::nullopt;
        name.part = static_cast<Part>(key.front());
        name.key = key.substr(1);
    } else if (family == 's') {
        name.topic = schema::kTopicStock;
        name.store = StoreId{take_csv(key)};
        name.key = take_csv(key);
    } else if (family == 'y') {
        name.topic = schema::kTopicControl;
        name.part = Part::day;
        name.store = StoreId{take_csv(key)};
        name.key = take_csv(key);
        name.epoch = take_epoch(key);
    } else if (family == 't' || family == 'k') {
        name.key = take_csv(key);
        name.topic = schema::kTopicControl;
        name.part = Part::transfer;
        if (family == 'k') {
            if (key.empty()) return std::nullopt;
            name.part = static_cast<Part>(key.front());
            key.remove_prefix(1);
            if (name.part == Part::limit) name.topic = schema::kTopicDebts;
            if (name.part == Part::fields) name.topic = schema::kTopicCustomers;
            if (name.part == Part::handed) name.topic = schema::kTopicAccounts;
        }
        if (name.part == Part::number) {
            name.topic = schema::kTopicDebts;
            name.store = StoreId{std::string(key)};
        } else {
            name.store = StoreId{take_text(key)};
            name.epoch = take_epoch(key);
        }
    }
    // Whatever else it may be: a contribution's key has one form.
    if (contribution_key(name) != whole) return std::nullopt;
    return name;
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

Bytes day_key(std::string_view store, std::string_view date) {
    Bytes key = "y";
    append_csv(key, store);
    append_csv(key, date);
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

Bytes parked_name(std::string_view store, std::string_view topic, std::string_view key) {
    Bytes name = log_key('u', store, topic);
    name += '\0';
    name += key;
    return name;
}

schema::ParkedKey parse_parked_name(ByteView key) {
    schema::ParkedKey name;
    key.remove_prefix(std::min<std::size_t>(key.size(), 1));
    name.store = StoreId{take_text(key)};
    name.topic = take_text(key);
    name.key = key;
    return name;
}

Bytes waived_prefix(std::string_view store, std::string_view topic, std::string_view key) {
    Bytes prefix = log_key('g', store, topic);
    prefix += '\0';
    append_csv(prefix, key);
    return prefix;
}

Bytes waived_key(std::string_view store, std::string_view topic, std::string_view key,
                 schema::Sequence seq) {
    Bytes name = waived_prefix(store, topic, key);
    append_u64(name, seq.value());
    return name;
}

schema::ParkedKey parse_waived_key(ByteView key) {
    schema::ParkedKey name;
    key.remove_prefix(std::min<std::size_t>(key.size(), 1));
    name.store = StoreId{take_text(key)};
    name.topic = take_text(key);
    name.key = take_csv(key);
    return name;
}

Bytes pending_key(schema::Sequence seq) {
    Bytes key = "q";
    append_u64(key, seq.value());
    return key;
}

}  // namespace filial::subscriber
