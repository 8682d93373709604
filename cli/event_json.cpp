#include "cli/event_json.h"

#include "cli/submit.h"
#include "schema/amounts.h"
#include "schema/payloads.h"

namespace filial::cli {

using schema::ByteView;
using schema::Parser;

namespace {

Json position_json(const schema::Position& position) {
    if (position.store.value().empty()) return nullptr;
    Json out;
    out["store"] = position.store.value();
    out["epoch"] = position.epoch.value();
    out["seq"] = position.seq.value();
    return out;
}

Json stock_moved(Parser& parser, ByteView payload) {
    const auto moved = schema::decode_stock_moved(parser, payload);
    if (!moved) return nullptr;
    Json out;
    out["delta"] = to_string(moved->delta);
    out["reason"] = moved->reason;
    out["doc"] = moved->document;
    out["flags"] = flag_names(moved->flags);
    return out;
}

Json debt_moved(Parser& parser, ByteView payload) {
    const auto moved = schema::decode_debt_moved(parser, payload);
    if (!moved) return nullptr;
    Json out;
    out["delta"] = to_string(moved->delta);
    out["reason"] = moved->reason;
    out["doc"] = moved->document;
    out["flags"] = flag_names(moved->flags);
    return out;
}

Json limit_set(Parser& parser, ByteView payload) {
    const auto limit = schema::decode_limit_set(parser, payload);
    if (!limit) return nullptr;
    Json out;
    out["amount"] = to_string(limit->amount);
    out["doc"] = limit->document;
    return out;
}

Json customer_changed(Parser& parser, ByteView payload) {
    const auto changed = schema::decode_customer_changed(parser, payload);
    if (!changed) return nullptr;
    Json fields = Json::object();
    for (const schema::CustomerField& field : changed->fields) fields[field.name] = field.value;
    Json sealed = Json::array();
    for (const schema::CustomerField& field : changed->sealed) sealed.push_back(field.name);
    Json out;
    out["home"] = changed->home.empty() ? Json(nullptr) : Json(changed->home);
    out["fields"] = std::move(fields);
    if (!sealed.empty()) out["sealed"] = std::move(sealed);
    return out;
}

Json transfer_step(Parser& parser, ByteView payload) {
    const auto step = schema::decode_transfer_step(parser, payload);
    if (!step) return nullptr;
    Json out;
    out["peer"] = step->peer;
    out["sku"] = step->sku;
    out["qty"] = to_string(step->quantity);
    out["cause"] = position_json(step->cause);
    out["reason"] = step->reason;
    out["flags"] = flag_names(step->flags);
    return out;
}

Json notice_taken(Parser& parser, ByteView payload) {
    const auto notice = schema::decode_notice_taken(parser, payload);
    if (!notice) return nullptr;
    Json out;
    out["cause"] = position_json(notice->cause);
    out["kind"] = notice->kind;
    out["flags"] = flag_names(notice->flags);
    return out;
}

Json log_opened(Parser& parser, ByteView payload) {
    const auto opened = schema::decode_log_opened(parser, payload);
    if (!opened) return nullptr;
    Json out;
    out["incarnation"] = schema::to_hex(schema::view(opened->incarnation));
    out["epoch"] = opened->epoch.value();
    out["continues_from"] = opened->continues_from.value();
    return out;
}

/// null for a kind that is not the product's, or a payload that cannot be read.
Json payload_json(const schema::Event& event, Parser& parser) {
    const std::string& kind = event.kind;
    if (kind == schema::kStockMoved) return stock_moved(parser, event.payload);
    if (kind == schema::kDebtMoved) return debt_moved(parser, event.payload);
    if (kind == schema::kLimitSet) return limit_set(parser, event.payload);
    if (kind == schema::kCustomerRegistered || kind == schema::kCustomerEdited) {
        return customer_changed(parser, event.payload);
    }
    if (kind == schema::kNoticeTaken) return notice_taken(parser, event.payload);
    if (kind == schema::kLogOpened) return log_opened(parser, event.payload);
    if (kind.starts_with("transfer.")) return transfer_step(parser, event.payload);
    return nullptr;
}

}  // namespace

Json event_json(const schema::StoreId& store, const schema::LoggedEvent& logged, Parser& parser) {
    const schema::Event& event = logged.event;
    Json op;
    op["client"] = schema::to_hex(schema::view(event.client));
    op["number"] = event.number;
    op["index"] = event.index;
    op["count"] = event.count;
    Json out;
    out["store"] = store.value();
    out["epoch"] = logged.epoch.value();
    out["seq"] = logged.seq.value();
    out["topic"] = event.topic;
    out["kind"] = event.kind;
    out["at"] = to_string(event.at);
    out["key"] = event.key;
    out["addressee"] = event.addressee.empty() ? Json(nullptr) : Json(event.addressee);
    out["op"] = std::move(op);
    Json payload = payload_json(event, parser);
    if (!payload.is_null()) {
        out["payload"] = std::move(payload);
        return out;
    }
    if (schema::is_utf8(event.payload)) out["payload_text"] = event.payload;
    out["payload_base64"] = to_base64(event.payload);
    return out;
}

}  // namespace filial::cli
