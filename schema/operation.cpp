#include "schema/operation.h"

#include <array>
#include <set>

#include "schema/ids.h"
#include "schema/limits.h"

namespace filial::schema {
namespace {

using K = OperationKind;

constexpr std::array kTable{
    OperationInfo{K::sell, "sell", "sku", "", "qty", false, false, false},
    OperationInfo{K::return_goods, "return", "sku", "", "qty", false, false, false},
    OperationInfo{K::adjust, "adjust", "sku", "", "delta", false, false, false},
    OperationInfo{K::receive, "receive", "sku", "", "qty", false, false, false},
    OperationInfo{K::count, "count", "sku", "", "qty", false, false, false},
    OperationInfo{K::customer_add, "customer-add", "customer", "home", "", false, false, true},
    OperationInfo{K::customer_edit, "customer-edit", "customer", "", "", false, false, true},
    OperationInfo{K::limit, "limit", "customer", "", "", true, false, false},
    OperationInfo{K::charge, "charge", "customer", "", "", true, false, false},
    OperationInfo{K::credit_note, "credit-note", "customer", "", "", true, false, false},
    OperationInfo{K::pay, "pay", "customer", "", "", true, false, false},
    OperationInfo{K::transfer_send, "transfer-send", "transfer", "to", "qty", false, true, false},
    OperationInfo{K::transfer_receive, "transfer-receive", "transfer", "from", "qty", false, true,
                  false},
    OperationInfo{K::transfer_cancel, "transfer-cancel", "transfer", "to", "", false, false, false},
    OperationInfo{K::void_document, "void", "doc", "", "", false, false, false},
    OperationInfo{K::publish, "publish", "key", "", "", false, false, false},
};

constexpr OperationInfo kNone{K::none, "unknown operation", "", "", "", false, false, false};

Result<void> check_text(std::string_view what, std::string_view text, std::size_t bytes_max,
                        bool required) {
    const auto refuse = [&](std::string_view why) {
        return fail(Errc::invalid, std::string(what) + ": " + std::string(why));
    };
    if (required && text.empty()) return refuse("missing");
    if (text.size() > bytes_max) {
        return refuse("longer than " + std::to_string(bytes_max) + " bytes");
    }
    if (!is_utf8(text)) return refuse("not UTF-8 text");
    for (const char c : text) {
        if (static_cast<unsigned char>(c) < 0x20) return refuse("has a control character");
    }
    return {};
}

Result<void> check_fields(const Operation& operation) {
    if (operation.fields.empty() && operation.kind == K::customer_edit) {
        return fail(Errc::invalid, "fields: missing, nothing would change");
    }
    if (operation.fields.size() > kFieldsMax) {
        return fail(Errc::invalid, "fields: more than " + std::to_string(kFieldsMax));
    }
    std::size_t bytes = 0;
    std::set<std::string_view> names;
    for (const auto& [name, value] : operation.fields) {
        if (const auto ok = check_text("field name", name, kTopicBytesMax, true); !ok) return ok;
        if (const auto ok = check_text("field " + name, value, kTextBytesMax, false); !ok) {
            return ok;
        }
        if (!names.insert(name).second) return fail(Errc::invalid, "field " + name + ": twice");
        bytes += name.size() + value.size();
    }
    if (bytes > kPayloadBytesMax) {
        return fail(Errc::invalid,
                    "fields: longer than " + std::to_string(kPayloadBytesMax) + " bytes together");
    }
    return {};
}

Result<void> check_numbers(const Operation& operation, const OperationInfo& info) {
    const bool counted = operation.kind == K::count;
    const bool corrected = operation.kind == K::adjust;
    if (!info.quantity.empty() && !corrected) {
        const std::int64_t quantity = operation.quantity.value();
        if (quantity < 0 || (quantity == 0 && !counted && operation.kind != K::transfer_receive)) {
            return fail(Errc::invalid, std::string(info.quantity) + " " +
                                           to_string(operation.quantity) +
                                           ": must be greater than zero");
        }
    }
    if (info.amount) {
        const std::int64_t amount = operation.amount.value();
        if (amount < 0 || (amount == 0 && operation.kind != K::limit)) {
            return fail(Errc::invalid,
                        "amount " + to_string(operation.amount) + ": must be greater than zero");
        }
    }
    return {};
}

}  // namespace

std::span<const OperationInfo> operation_table() { return kTable; }

const OperationInfo& operation_info(OperationKind kind) {
    for (const OperationInfo& row : kTable) {
        if (row.kind == kind) return row;
    }
    return kNone;
}

OperationKind operation_from_name(std::string_view name) {
    for (const OperationInfo& row : kTable) {
        if (row.name == name) return row.kind;
    }
    return K::none;
}

Result<void> validate(const Operation& operation) {
    const OperationInfo& info = operation_info(operation.kind);
    if (info.kind == K::none) return fail(Errc::invalid, "unknown operation");
    if (const auto ok = check_text(info.subject, operation.subject, kKeyBytesMax, true); !ok) {
        return ok;
    }
    // As long as a subject at most, so that every document can be voided.
    if (const auto ok = check_text("doc", operation.document, kKeyBytesMax, false); !ok) return ok;
    if (const auto ok = check_text("sku", operation.sku, kKeyBytesMax, info.sku); !ok) return ok;
    if (!info.peer.empty()) {
        const auto peer = parse_store_id(operation.peer);
        if (!peer) return fail(info.peer, peer.error());
    }
    if (info.fields) {
        if (const auto ok = check_fields(operation); !ok) return ok;
    }
    if (operation.kind == K::publish) {
        const auto topic = parse_topic(operation.topic);
        if (!topic) return tl::unexpected(topic.error());
        if (is_reserved_topic(operation.topic)) {
            return fail(Errc::invalid, "topic " + operation.topic + " is the product's own");
        }
        if (operation.payload.size() > kPayloadBytesMax) {
            return fail(Errc::invalid,
                        "payload: longer than " + std::to_string(kPayloadBytesMax) + " bytes");
        }
    }
    return check_numbers(operation, info);
}

void write_operation(Writer& out, const Operation& operation) {
    out.array(14).u64(static_cast<std::uint64_t>(operation.kind)).i64(operation.at.value());
    out.str(operation.subject).str(operation.peer).str(operation.sku);
    out.i64(operation.quantity.value()).i64(operation.amount.value()).str(operation.document);
    out.array(operation.fields.size());
    for (const auto& [name, value] : operation.fields) out.array(2).str(name).str(value);
    out.boolean(operation.fact).str(operation.topic).bin(operation.payload);
    out.boolean(operation.last_value).i64(operation.cost.value());
}

Operation read_operation(Fields& fields) {
    Fields parts = fields.array();
    Operation operation;
    const std::uint64_t kind = parts.u64();
    if (kind <= static_cast<std::uint64_t>(K::publish)) operation.kind = static_cast<K>(kind);
    operation.at = Timestamp{parts.i64()};
    operation.subject = parts.str();
    operation.peer = parts.str();
    operation.sku = parts.str();
    operation.quantity = Quantity{parts.i64()};
    operation.amount = Money{parts.i64()};
    operation.document = parts.str();
    Fields list = parts.array();
    while (list.more()) {
        Fields pair = list.array();
        std::string name(pair.str());
        operation.fields.emplace_back(std::move(name), pair.str());
    }
    operation.fact = parts.boolean();
    operation.topic = parts.str();
    operation.payload = parts.bin();
    operation.last_value = parts.boolean();
    operation.cost = UnitCost{parts.i64()};
    return operation;
}

}  // namespace filial::schema
