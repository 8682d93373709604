#pragma once

#include <string>
#include <string_view>
#include <vector>

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

/// What a replica takes that is to copy these topics, in order, each once: `control` in any case,
/// and `accounts` with debts or customers.
std::vector<std::string> copied_topics(std::vector<std::string> named);

/// A receiver's name within its store, or a role: empty, or at most kReceiverNameBytesMax bytes of
/// text without control characters, '/' and ':', which stand between the parts of a full name.
std::string read_receiver_part(Fields& fields);

/// The full name of a receiver: "store2/subscriber", "store2/tap:labels", and "store2/cli:look" for
/// one that is not remembered. What a person names can therefore never be taken for a program's.
std::string receiver_name(std::string_view store, std::string_view role, std::string_view name);
/// The store in a full name.
std::string_view store_of(std::string_view receiver);
bool is_tap(std::string_view receiver);

}  // namespace filial::schema
