#pragma once

#include <string>

#include "schema/codec.h"
#include "schema/ids.h"

/// Names as they come from outside. Stores and topics become parts of keys and of file names, so
/// that nothing but a well-formed one is ever read: anything else fails the parse.
namespace filial::schema {

/// A store's name.
StoreId read_store(Fields& fields);
/// A store's name, or empty for none.
StoreId read_store_or_none(Fields& fields);
/// A topic's name.
std::string read_topic(Fields& fields);
/// A topic's name, or kAllTopics.
std::string read_topic_or_all(Fields& fields);

}  // namespace filial::schema
