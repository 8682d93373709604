#include "schema/names.h"

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

}  // namespace filial::schema
