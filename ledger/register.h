#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "schema/payloads.h"
#include "schema/timestamp.h"

/// A customer as many stores know him. Each field is a multi-value register: an edit replaces the
/// writes that it names and no others, whatever order the logs come in. Two edits that did not see
/// each other both stay: a conflict. A clock chooses what is displayed, never what is kept.
namespace filial::ledger {

/// One value that one event gave to one field.
struct FieldWrite {
    schema::Sequence seq;
    schema::Timestamp at;  ///< Declared by the store; orders what is displayed.
    schema::Bytes value;
    std::uint64_t key_id = 0;  ///< Sealed fields only.
    schema::Bytes nonce;       ///< Sealed fields only.
    friend bool operator==(const FieldWrite&, const FieldWrite&) = default;
};

/// What one log says of one field.
struct FieldPart {
    std::vector<FieldWrite> writes;          ///< Not replaced by a later event of the same log.
    std::vector<schema::Position> replaced;  ///< Writes of other logs that it replaced, whether
                                             ///< those have come already or not.
    friend bool operator==(const FieldPart&, const FieldPart&) = default;
};

/// What the log of one store, in one epoch, says of one customer: that log's contribution. It is
/// made from that log alone, so it can be dropped and replayed alone.
struct CustomerPart {
    std::optional<FieldWrite> home;  ///< The last one of this log; registered twice, both count.
    std::vector<schema::Position> homes_replaced{};  ///< What a change of home put an end to.
    std::map<std::string, FieldPart> fields;
    std::map<std::string, FieldPart> sealed;
    friend bool operator==(const CustomerPart&, const CustomerPart&) = default;
};

/// Applies an event of the part's own log, which stands at `position`. Events of one log come in
/// their order, each once.
void apply(CustomerPart& part, const schema::Position& position, schema::Timestamp at,
           const schema::CustomerChanged& changed);

schema::Bytes encode(const CustomerPart& part);
schema::Result<CustomerPart> decode_customer_part(schema::Parser& parser, schema::ByteView bytes);

/// A part with the log that it came from.
struct PartOf {
    schema::StoreId store;
    schema::Epoch epoch;
    CustomerPart part;
};

/// A value that nobody replaced.
struct FieldValue {
    schema::Position position;
    schema::Timestamp at;
    schema::Bytes value;
    std::uint64_t key_id = 0;
    schema::Bytes nonce;
};

struct MergedField {
    std::string name;
    bool sealed = false;
    /// At least one; the shown one first: greatest (declared time, store, epoch, seq).
    std::vector<FieldValue> values;

    const schema::Bytes& shown() const { return values.front().value; }
    /// Two stores that wrote the same value do not contradict each other.
    bool conflict() const;
};

struct MergedCustomer {
    std::optional<MergedField> home;
    std::vector<MergedField> fields;  ///< By name, public ones first.

    /// The shown home; empty if nobody registered him yet.
    std::string home_store() const { return home ? home->shown() : std::string(); }
};

/// The same result for every order of `parts`.
MergedCustomer merge(const std::vector<PartOf>& parts);

}  // namespace filial::ledger
