#include "schema/names.h"

#include <algorithm>

#include "schema/limits.h"

namespace filial::schema {

StoreId read_store_or_none(Fields& fields) {
    const std::string_view text = fields.str();
    if (text.empty()) return {};
    auto store = parse_store_id(text);
    if (store) return std::move(*store);
    fields.refuse("a store's name");
    return {};
}

StoreId read_store(Fields& fields) {
    StoreId store = read_store_or_none(fields);
    if (store.value().empty()) fields.refuse("a store's name");
    return store;
}

std::string read_topic(Fields& fields) {
    auto topic = parse_topic(fields.str());
    if (topic) return std::move(*topic);
    fields.refuse("a topic's name");
    return {};
}

std::string read_topic_or_all(Fields& fields) {
    const std::string_view text = fields.str();
    if (text == kAllTopics) return std::string(text);
    auto topic = parse_topic(text);
    if (topic) return std::move(*topic);
    fields.refuse("a topic's name");
    return {};
}

std::vector<std::string> copied_topics(std::vector<std::string> named) {
    const bool of_customers = std::any_of(named.begin(), named.end(), [](const std::string& one) {
        return one == kTopicDebts || one == kTopicCustomers;
    });
    named.emplace_back(kTopicControl);
    if (of_customers) named.emplace_back(kTopicAccounts);
    std::sort(named.begin(), named.end());
    named.erase(std::unique(named.begin(), named.end()), named.end());
    return named;
}

std::string read_receiver_part(Fields& fields) {
    const std::string_view text = fields.str();
    bool fine = text.size() <= kReceiverNameBytesMax && is_utf8(text);
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        fine = fine && byte >= 0x20 && byte != 0x7f && c != '/' && c != ':';
    }
    if (!fine) fields.refuse("a receiver's name");
    return fine ? std::string(text) : std::string();
}

std::string receiver_name(std::string_view store, std::string_view role, std::string_view name) {
    std::string full(store);
    full += '/';
    if (role == "tap" || role == "cli") {
        full += role;
        full += ':';
    }
    full += name;
    return full;
}

std::string_view store_of(std::string_view receiver) {
    return receiver.substr(0, receiver.find('/'));
}

bool is_tap(std::string_view receiver) {
    const auto name = receiver.find('/');
    return name != std::string_view::npos && receiver.substr(name + 1).starts_with("tap:");
}

}  // namespace filial::schema
