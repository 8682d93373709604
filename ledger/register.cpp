#include "ledger/register.h"

#include <algorithm>
#include <set>
#include <tuple>

namespace filial::ledger {
namespace {

using schema::CustomerField;
using schema::Fields;
using schema::Position;

constexpr std::uint64_t kPartVersion = 1;

void apply_field(FieldPart& part, const Position& position, schema::Timestamp at,
                 const CustomerField& field) {
    for (const Position& seen : field.seen) {
        const bool own = seen.store == position.store && seen.epoch == position.epoch;
        if (own) {
            std::erase_if(part.writes, [&](const FieldWrite& w) { return w.seq == seen.seq; });
        } else if (std::find(part.replaced.begin(), part.replaced.end(), seen) ==
                   part.replaced.end()) {
            part.replaced.push_back(seen);
        }
    }
    // A field that one event names twice has the event's last value.
    std::erase_if(part.writes, [&](const FieldWrite& w) { return w.seq == position.seq; });
    part.writes.push_back({position.seq, at, field.value, field.key_id, field.nonce});
}

void write_write(schema::Writer& out, const FieldWrite& write) {
    out.array(5).u64(write.seq.value()).i64(write.at.value()).bin(write.value);
    out.u64(write.key_id).bin(write.nonce);
}

FieldWrite read_write(Fields& fields) {
    Fields parts = fields.array();
    FieldWrite write;
    write.seq = schema::Sequence{parts.u64()};
    write.at = schema::Timestamp{parts.i64()};
    write.value = parts.bin();
    write.key_id = parts.u64();
    write.nonce = parts.bin();
    return write;
}

void write_fields(schema::Writer& out, const std::map<std::string, FieldPart>& fields) {
    out.array(fields.size());
    for (const auto& [name, part] : fields) {
        out.array(3).str(name).array(part.writes.size());
        for (const FieldWrite& write : part.writes) write_write(out, write);
        out.array(part.replaced.size());
        for (const Position& position : part.replaced) schema::write_position(out, position);
    }
}

std::map<std::string, FieldPart> read_fields(Fields& fields) {
    std::map<std::string, FieldPart> result;
    Fields list = fields.array();
    while (list.more()) {
        Fields parts = list.array();
        FieldPart& part = result[std::string(parts.str())];
        Fields writes = parts.array();
        while (writes.more()) part.writes.push_back(read_write(writes));
        Fields replaced = parts.array();
        while (replaced.more()) part.replaced.push_back(schema::read_position(replaced));
    }
    return result;
}

/// All writes of one field, and which of them were replaced.
struct Gathered {
    std::vector<FieldValue> values;
    std::set<Position> replaced;
};

FieldValue value_of(const PartOf& from, const FieldWrite& write) {
    return {{from.store, from.epoch, write.seq}, write.at, write.value, write.key_id, write.nonce};
}

void gather(std::map<std::string, Gathered>& into, const PartOf& from,
            const std::map<std::string, FieldPart>& fields) {
    for (const auto& [name, part] : fields) {
        Gathered& gathered = into[name];
        for (const FieldWrite& write : part.writes) {
            gathered.values.push_back(value_of(from, write));
        }
        gathered.replaced.insert(part.replaced.begin(), part.replaced.end());
    }
}

void show_greatest_first(std::vector<FieldValue>& values) {
    std::sort(values.begin(), values.end(), [](const FieldValue& a, const FieldValue& b) {
        return std::tie(b.at, b.position) < std::tie(a.at, a.position);
    });
}

void add_merged(std::vector<MergedField>& into, std::map<std::string, Gathered>& all, bool sealed) {
    for (auto& [name, gathered] : all) {
        std::erase_if(gathered.values, [&gone = gathered.replaced](const FieldValue& value) {
            return gone.contains(value.position);
        });
        if (gathered.values.empty()) continue;
        show_greatest_first(gathered.values);
        into.push_back({name, sealed, std::move(gathered.values)});
    }
}

}  // namespace

void apply(CustomerPart& part, const Position& position, schema::Timestamp at,
           const schema::CustomerChanged& changed) {
    if (!changed.home.empty()) part.home = FieldWrite{position.seq, at, changed.home, 0, {}};
    for (const Position& seen : changed.home_seen) {
        const auto& known = part.homes_replaced;
        if (std::find(known.begin(), known.end(), seen) != known.end()) continue;
        part.homes_replaced.push_back(seen);
    }
    for (const CustomerField& field : changed.fields) {
        apply_field(part.fields[field.name], position, at, field);
    }
    for (const CustomerField& field : changed.sealed) {
        apply_field(part.sealed[field.name], position, at, field);
    }
}

schema::Bytes encode(const CustomerPart& part) {
    schema::Writer out;
    out.array(part.homes_replaced.empty() ? 4 : 5).u64(kPartVersion);
    if (part.home) {
        write_write(out, *part.home);
    } else {
        out.nil();
    }
    write_fields(out, part.fields);
    write_fields(out, part.sealed);
    if (part.homes_replaced.empty()) return out.take();
    out.array(part.homes_replaced.size());
    for (const Position& position : part.homes_replaced) schema::write_position(out, position);
    return out.take();
}

schema::Result<CustomerPart> decode_customer_part(schema::Parser& parser, schema::ByteView bytes) {
    auto fields = parser.array(bytes);
    if (!fields) return schema::fail("customer's part", fields.error());
    CustomerPart part;
    if (fields->u64() != kPartVersion) {
        return schema::fail(schema::Errc::schema_too_new, "customer's part: unknown version");
    }
    if (fields->next_is_nil()) {
        fields->skip();
    } else {
        part.home = read_write(*fields);
    }
    part.fields = read_fields(*fields);
    part.sealed = read_fields(*fields);
    Fields homes = fields->array();
    while (homes.more()) part.homes_replaced.push_back(schema::read_position(homes));
    if (const auto done = parser.finish("customer's part"); !done) {
        return tl::unexpected(done.error());
    }
    return part;
}

bool MergedField::conflict() const {
    return std::any_of(values.begin() + 1, values.end(), [this](const FieldValue& other) {
        return other.value != shown() || other.key_id != values.front().key_id;
    });
}

MergedCustomer merge(const std::vector<PartOf>& parts) {
    std::map<std::string, Gathered> open;
    std::map<std::string, Gathered> sealed;
    std::map<schema::StoreId, FieldValue> homes;  // Of each store the last one that it named.
    std::set<Position> over;
    for (const PartOf& from : parts) {
        gather(open, from, from.part.fields);
        gather(sealed, from, from.part.sealed);
        over.insert(from.part.homes_replaced.begin(), from.part.homes_replaced.end());
        if (!from.part.home) continue;
        const FieldValue value = value_of(from, *from.part.home);
        const auto [known, added] = homes.try_emplace(from.store, value);
        if (!added && known->second.position < value.position) known->second = value;
    }

    MergedCustomer merged;
    add_merged(merged.fields, open, false);
    add_merged(merged.fields, sealed, true);
    std::erase_if(homes, [&](const auto& home) { return over.contains(home.second.position); });
    if (!homes.empty()) {
        merged.home = MergedField{"home", false, {}};
        for (const auto& [store, value] : homes) merged.home->values.push_back(value);
        show_greatest_first(merged.home->values);
    }
    return merged;
}

}  // namespace filial::ledger
