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
    OperationInfo{K::transfer_more, "transfer-more", "transfer", "from", "qty", false, true, false},
    OperationInfo{K::transfer_correct, "transfer-correct", "transfer", "", "qty", false, false,
                  false},
    OperationInfo{K::transfer_write_off, "transfer-write-off", "transfer", "", "qty", false, false,
                  false},
    OperationInfo{K::customer_resolve, "customer-resolve", "customer", "", "", false, false, true},
    OperationInfo{K::close_day, "close-day", "date", "", "", false, false, false},
    OperationInfo{K::grant, "grant", "customer", "to", "", true, false, false},
    OperationInfo{K::grant_return, "grant-return", "customer", "", "", true, false, false},
    OperationInfo{K::grant_recall, "grant-recall", "customer", "from", "", true, false, false},
    OperationInfo{K::grant_ask, "grant-ask", "customer", "", "", true, false, false},
    OperationInfo{K::grant_write_off, "grant-write-off", "customer", "of", "", false, false, false},
    OperationInfo{K::reserve, "reserve", "sku", "to", "qty", false, false, false},
    OperationInfo{K::reserve_return, "reserve-return", "sku", "to", "qty", false, false, false},
    OperationInfo{K::reserve_recall, "reserve-recall", "sku", "from", "qty", false, false, false},
    OperationInfo{K::reserve_ask, "reserve-ask", "sku", "from", "qty", false, false, false},
    OperationInfo{K::reserve_write_off, "reserve-write-off", "sku", "of", "", false, false, false},
    OperationInfo{K::sell_reserved, "sell-reserved", "sku", "from", "qty", false, false, false},
    OperationInfo{K::ship, "ship", "sku", "for", "qty", false, false, false},
    OperationInfo{K::close_account, "close-account", "customer", "", "", false, false, false},
    OperationInfo{K::move_home, "move-home", "customer", "to", "", false, false, false},
    OperationInfo{K::merge, "merge", "customer", "home", "", false, false, true},
    OperationInfo{K::round_verdict, "round-verdict", "customer", "", "", false, false, false},
    OperationInfo{K::round_cancel, "round-cancel", "customer", "", "", false, false, false},
    OperationInfo{K::reopen_account, "reopen-account", "customer", "", "", false, false, false},
    OperationInfo{K::block_customer, "block-customer", "customer", "", "", false, false, false},
    OperationInfo{K::unblock_customer, "unblock-customer", "customer", "", "", false, false, false},
    OperationInfo{K::retire_store, "retire-store", "store", "", "", false, false, false},
    OperationInfo{K::tail_told, "tail-told", "store", "", "", false, false, false},
    OperationInfo{K::leave, "leave", "store", "to", "", false, false, false},
    OperationInfo{K::left, "left", "store", "", "", false, false, false},
    OperationInfo{K::grant_refuse, "grant-refuse", "customer", "to", "", false, false, false},
    OperationInfo{K::reserve_refuse, "reserve-refuse", "sku", "to", "", false, false, false},
    OperationInfo{K::verdict, "verdict", "key", "to", "", false, false, false},
};

/// What may be said with a quantity of nothing: none counted, none came, none left, none lost. Of a
/// grant, 0 is all there is, or a grant that only opens the account there.
constexpr bool may_be_none(OperationKind kind) {
    switch (kind) {
        case K::count:
        case K::transfer_receive:
        case K::transfer_correct:
        case K::transfer_write_off:
        case K::grant:
        case K::grant_return:
        case K::grant_recall:
        case K::reserve:
        case K::reserve_return:
        case K::reserve_recall:
            return true;
        default:
            return false;
    }
}

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
    const bool changes =
        operation.kind == K::customer_edit || operation.kind == K::customer_resolve;
    if (operation.fields.empty() && changes && operation.peer.empty()) {
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

template <class Amount>
Result<void> check_size(std::string_view what, Amount amount) {
    if (amount.value() <= kAmountMost && amount.value() >= -kAmountMost) return {};
    return fail(Errc::invalid, std::string(what) + " " + to_string(amount) + ": at most " +
                                   to_string(Amount{kAmountMost}) + " in one operation");
}

Result<void> check_numbers(const Operation& operation, const OperationInfo& info) {
    if (!info.quantity.empty()) {
        if (const auto ok = check_size(info.quantity, operation.quantity); !ok) return ok;
    }
    if (info.amount) {
        if (const auto ok = check_size("amount", operation.amount); !ok) return ok;
    }
    const bool corrected = operation.kind == K::adjust;
    if (!info.quantity.empty() && !corrected) {
        const std::int64_t quantity = operation.quantity.value();
        if (quantity < 0 || (quantity == 0 && !may_be_none(operation.kind))) {
            return fail(Errc::invalid, std::string(info.quantity) + " " +
                                           to_string(operation.quantity) +
                                           ": must be greater than zero");
        }
    }
    if (info.amount) {
        const std::int64_t amount = operation.amount.value();
        if (amount < 0 ||
            (amount == 0 && !may_be_none(operation.kind) && operation.kind != K::limit)) {
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

bool takes_home_hint(OperationKind kind) {
    switch (kind) {
        case K::charge:
        case K::credit_note:
        case K::pay:
        case K::grant_ask:
        case K::close_account:
        case K::block_customer:
            return true;
        default:
            return false;
    }
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
    // A new home says so itself.
    const bool may_name_home =
        info.amount || takes_home_hint(operation.kind) || operation.kind == K::customer_edit;
    if (!info.peer.empty() || (may_name_home && !operation.peer.empty())) {
        const auto peer = parse_store_id(operation.peer);
        if (!peer) return fail(info.peer.empty() ? "home" : info.peer, peer.error());
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
    const bool carries = operation.kind == K::customer_edit ||
                         operation.kind == K::customer_resolve || operation.kind == K::close_day ||
                         operation.kind == K::verdict;
    if (carries && operation.payload.size() > kPayloadBytesMax) {
        return fail(Errc::invalid, "what it rests on is longer than " +
                                       std::to_string(kPayloadBytesMax) + " bytes");
    }
    return check_numbers(operation, info);
}

void write_operation(Writer& out, const Operation& operation) {
    out.array(operation.recorded ? 15 : 14);
    out.u64(static_cast<std::uint64_t>(operation.kind)).i64(operation.at.value());
    out.str(operation.subject).str(operation.peer).str(operation.sku);
    out.i64(operation.quantity.value()).i64(operation.amount.value()).str(operation.document);
    out.array(operation.fields.size());
    for (const auto& [name, value] : operation.fields) out.array(2).str(name).str(value);
    out.boolean(operation.fact).str(operation.topic).bin(operation.payload);
    out.boolean(operation.last_value).i64(operation.cost.value());
    if (operation.recorded) out.boolean(true);
}

Operation read_operation(Fields& fields) {
    Fields parts = fields.array();
    Operation operation;
    const std::uint64_t kind = parts.u64();
    if (kind <= 0xff) operation.kind = operation_info(static_cast<K>(kind)).kind;
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
    operation.recorded = parts.boolean();
    return operation;
}

}  // namespace filial::schema
