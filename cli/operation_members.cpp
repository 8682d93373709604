#include "cli/operation_members.h"

#include "cli/json.h"
#include "schema/amounts.h"
#include "schema/timestamp.h"

namespace filial::cli {

using schema::Errc;
using schema::Operation;
using schema::OperationInfo;
using schema::OperationKind;
using schema::Result;
using Kind = Member::Kind;

namespace {

Result<void> refuse(std::string_view name, std::string_view why) {
    return schema::fail(Errc::invalid, std::string(name) + ": " + std::string(why));
}

const Member* find(const std::vector<Member>& members, std::string_view name) {
    for (const Member& member : members) {
        if (member.name == name) return &member;
    }
    return nullptr;
}

Result<void> take_text(const Member& member, std::string& into) {
    if (member.kind != Kind::text) return refuse(member.name, "expected text in quotes");
    into = member.text;
    return {};
}

Result<void> take_flag(const Member& member, bool& into) {
    if (member.kind != Kind::boolean) return refuse(member.name, "expected true or false");
    into = member.text == "true";
    return {};
}

bool is_decimal(const Member& member) {
    return member.kind == Kind::text || member.kind == Kind::number;
}

Result<void> take_quantity(const Member& member, schema::Quantity& into) {
    if (!is_decimal(member)) return refuse(member.name, "expected a decimal number like 1.5");
    const auto value = schema::parse_quantity(member.text);
    if (!value) return schema::fail(member.name, value.error());
    into = *value;
    return {};
}

Result<void> take_amount(const Member& member, schema::Money& into) {
    if (!is_decimal(member)) return refuse(member.name, "expected a decimal number like 12.50");
    const auto value = schema::parse_money(member.text);
    if (!value) return tl::unexpected(value.error());
    into = *value;
    return {};
}

Result<void> take_time(const Member& member, schema::Timestamp& into) {
    if (member.kind != Kind::text) return refuse(member.name, "expected a time in quotes");
    const auto value = schema::parse_timestamp(member.text);
    if (!value) return schema::fail(member.name, value.error());
    into = *value;
    return {};
}

Result<void> take_fields(const Member& member, Operation& operation) {
    if (member.kind != Kind::fields) return refuse(member.name, "expected an object of texts");
    operation.fields = member.fields;
    return {};
}

Result<void> take_publish(const Member& member, Operation& operation, bool& known) {
    known = true;
    if (member.name == "topic") return take_text(member, operation.topic);
    if (member.name == "payload") return take_text(member, operation.payload);
    if (member.name == "last_value") return take_flag(member, operation.last_value);
    if (member.name == "payload_base64") {
        std::string text;
        if (const auto taken = take_text(member, text); !taken) return taken;
        if (!from_base64(text, operation.payload)) return refuse(member.name, "not base64");
        return {};
    }
    known = false;
    return {};
}

Result<void> take(const Member& member, const OperationInfo& info, Operation& operation) {
    const std::string_view name = member.name;
    if (name == "op") return {};
    if (name == "at") return take_time(member, operation.at);
    if (name == "fact") {
        operation.recorded = false;
        return take_flag(member, operation.fact);
    }
    if (name == info.subject) return take_text(member, operation.subject);
    if (name == "doc") return take_text(member, operation.document);
    if (!info.peer.empty() && name == info.peer) return take_text(member, operation.peer);
    const bool hinted = info.peer.empty() && schema::takes_home_hint(info.kind);
    if (hinted && name == "home") return take_text(member, operation.peer);
    if (!info.quantity.empty() && name == info.quantity) {
        return take_quantity(member, operation.quantity);
    }
    if (info.sku && name == "sku") return take_text(member, operation.sku);
    if (info.amount && name == "amount") return take_amount(member, operation.amount);
    if (info.fields && name == "fields") return take_fields(member, operation);
    if (info.kind == OperationKind::publish) {
        bool known = false;
        const auto taken = take_publish(member, operation, known);
        if (known) return taken;
    }
    return refuse(name, std::string(info.name) + " has no such member");
}

/// A number that is missing would read as zero, so it is asked for by name.
Result<void> check_present(const std::vector<Member>& members, const OperationInfo& info,
                           const Operation& operation) {
    const auto missing = [&](std::string_view name) {
        return !name.empty() && find(members, name) == nullptr;
    };
    if (missing(info.subject)) return refuse(info.subject, "missing");
    if (missing(info.peer) && operation.peer.empty()) return refuse(info.peer, "missing");
    if (missing(info.quantity)) return refuse(info.quantity, "missing");
    if (info.amount && missing("amount")) return refuse("amount", "missing");
    if (info.kind == OperationKind::publish && missing("topic")) return refuse("topic", "missing");
    return {};
}

}  // namespace

Result<Operation> to_operation(const std::vector<Member>& members,
                               const OperationDefaults& defaults) {
    const Member* op = find(members, "op");
    if (op == nullptr) return schema::fail(Errc::invalid, "op: missing");
    if (op->kind != Kind::text) return schema::fail(Errc::invalid, "op: expected text in quotes");
    const OperationInfo& info = schema::operation_info(schema::operation_from_name(op->text));
    if (info.kind == OperationKind::none) {
        return schema::fail(Errc::invalid,
                            "op \"" + op->text.substr(0, 40) + "\": there is no such operation");
    }
    Operation operation;
    operation.kind = info.kind;
    operation.at = defaults.at;
    operation.fact = defaults.fact;
    operation.recorded = defaults.recorded;
    if (info.subject != "doc") operation.document = defaults.document;
    const bool at_home =
        info.kind == OperationKind::customer_add && find(members, "home") == nullptr;
    if (at_home) operation.peer = defaults.home;
    for (std::size_t i = 0; i < members.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            if (members[j].name == members[i].name) {
                return schema::fail(Errc::invalid, members[i].name + ": stands there twice");
            }
        }
        if (const auto taken = take(members[i], info, operation); !taken) {
            return tl::unexpected(taken.error());
        }
    }
    if (const auto present = check_present(members, info, operation); !present) {
        return tl::unexpected(present.error());
    }
    if (const auto valid = schema::validate(operation); !valid) {
        return tl::unexpected(valid.error());
    }
    return operation;
}

}  // namespace filial::cli
