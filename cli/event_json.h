#pragma once

#include <string>

#include "cli/json.h"
#include "schema/event.h"
#include "schema/ids.h"

namespace filial::cli {

/// One event as JSON: store, epoch, seq, topic, kind, at, key, addressee, op {client, number,
/// index, count}, payload. The payload of the product's own kinds is an object of named members,
/// amounts as decimal text; that of any other kind comes as "payload_base64", and beside it as
/// "payload_text" where it is UTF-8.
Json event_json(const schema::StoreId& store, const schema::LoggedEvent& logged,
                schema::Parser& parser);

/// What the event's payload says; null for a kind that is not the product's, or a payload that
/// cannot be read.
Json payload_json(const schema::Event& event, schema::Parser& parser);

}  // namespace filial::cli
