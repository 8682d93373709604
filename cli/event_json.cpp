#include "cli/event_json.h"

#include "cli/submit.h"
#include "schema/accepted_loss.h"
#include "schema/amounts.h"
#include "schema/grant_payloads.h"
#include "schema/payloads.h"
#include "schema/trade_payloads.h"
#include "schema/verdict_payload.h"

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
    if (moved->beyond.value() != 0) out["beyond"] = to_string(moved->beyond);
    return out;
}

Json limit_set(Parser& parser, ByteView payload) {
    const auto limit = schema::decode_limit_set(parser, payload);
    if (!limit) return nullptr;
    Json out;
    out["amount"] = to_string(limit->amount);
    out["doc"] = limit->document;
    out["flags"] = flag_names(limit->flags);
    if (limit->beyond.value() != 0) out["beyond"] = to_string(limit->beyond);
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
    const auto loss = schema::decode_accepted_loss(parser, payload);
    if (!loss) return nullptr;
    const schema::LogOpened* opened = &loss->opened;
    Json out;
    out["incarnation"] = schema::to_hex(schema::view(opened->incarnation));
    out["epoch"] = opened->epoch.value();
    out["continues_from"] = opened->continues_from.value();
    if (opened->lost_upto.value() != 0) out["lost_upto"] = opened->lost_upto.value();
    if (!opened->reason.empty()) out["reason"] = opened->reason;
    if (!loss->who.empty()) out["who"] = loss->who;
    return out;
}

Json day_closed(Parser& parser, ByteView payload) {
    const auto day = schema::decode_day_closed(parser, payload);
    if (!day) return nullptr;
    Json cut = Json::array();
    for (const schema::Position& position : day->cut) cut.push_back(position_json(position));
    Json out;
    out["offset_minutes"] = day->offset_minutes;
    out["cut"] = std::move(cut);
    out["late"] = day->late;
    out["previous"] = day->previous.empty() ? Json(nullptr) : Json(day->previous);
    return out;
}

Json store_verdict(Parser& parser, ByteView payload) {
    const auto verdict = schema::decode_store_verdict(parser, payload);
    if (!verdict) return nullptr;
    Json out;
    out["about"] = position_json(verdict->cause);
    out["topic"] = verdict->topic;
    out["finding"] = verdict->finding;
    out["text"] = verdict->text;
    return out;
}

/// Part of a customer's credit, or of goods.
std::string part_text(schema::GrantOf of, std::int64_t amount) {
    if (of == schema::GrantOf::credit) return to_string(schema::Money{amount});
    return to_string(schema::Quantity{amount});
}

Json grant_step(Parser& parser, ByteView payload) {
    const auto step = schema::decode_grant_step(parser, payload);
    if (!step) return nullptr;
    const bool credit = step->of == schema::GrantOf::credit;
    Json out;
    out["of"] = credit ? "credit" : "stock";
    out["peer"] = step->peer;
    out["epoch"] = step->epoch.value();
    out[credit ? "amount" : "qty"] = part_text(step->of, step->amount);
    out["round"] = step->round;
    out["closes"] = step->closes;
    out["roomed"] = step->roomed;
    out["cause"] = position_json(step->cause);
    out["doc"] = step->document;
    out["reason"] = step->reason;
    out["flags"] = flag_names(step->flags);
    if (step->beyond != 0) out["beyond"] = part_text(step->of, step->beyond);
    return out;
}

Json debt_told(Parser& parser, ByteView payload) {
    const auto told = schema::decode_debt_told(parser, payload);
    if (!told) return nullptr;
    Json out;
    out["peer"] = told->peer;
    out["epoch"] = told->epoch.value();
    out["amount"] = to_string(told->delta);
    out["roomed"] = told->roomed;
    out["cause"] = position_json(told->cause);
    out["reason"] = told->reason;
    out["doc"] = told->document;
    out["flags"] = flag_names(told->flags);
    if (told->beyond.value() != 0) out["beyond"] = to_string(told->beyond);
    return out;
}

const char* purpose_name(schema::RoundFor purpose) {
    switch (purpose) {
        case schema::RoundFor::none:
            break;
        case schema::RoundFor::close:
            return "close";
        case schema::RoundFor::move:
            return "move-home";
        case schema::RoundFor::merge:
            return "merge";
        case schema::RoundFor::block:
            return "block";
    }
    return "none";
}

Json account_step(Parser& parser, ByteView payload) {
    const auto step = schema::decode_account_step(parser, payload);
    if (!step) return nullptr;
    Json answers = Json::array();
    for (const schema::Position& position : step->acks) answers.push_back(position_json(position));
    Json out;
    out["round"] = step->round;
    out["purpose"] = purpose_name(step->purpose);
    out["peer"] = step->peer.empty() ? Json(nullptr) : Json(step->peer);
    out["into"] = step->into.empty() ? Json(nullptr) : Json(step->into);
    out["limit"] = to_string(step->limit);
    out["debt"] = to_string(step->debt);
    out["answers"] = std::move(answers);
    out["cause"] = position_json(step->cause);
    out["reason"] = step->reason;
    out["flags"] = flag_names(step->flags);
    return out;
}

/// Grants, claims, told debts, rounds, accounts and stores' ends; null for any other kind.
Json promise_json(const schema::Event& event, Parser& parser) {
    const std::string& kind = event.kind;
    const bool store = kind.starts_with("store.") || kind == schema::kTailTold;
    if (store || kind.starts_with("grant.") || kind.starts_with("claim.")) {
        return grant_step(parser, event.payload);
    }
    if (kind == schema::kDebtTold || kind == schema::kDebtApplied) {
        return debt_told(parser, event.payload);
    }
    if (kind.starts_with("round.") || kind.starts_with("account.")) {
        return account_step(parser, event.payload);
    }
    return nullptr;
}

}  // namespace

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
    if (kind == schema::kDayClosed) return day_closed(parser, event.payload);
    if (kind == schema::kStoreVerdict) return store_verdict(parser, event.payload);
    if (kind.starts_with("transfer.")) return transfer_step(parser, event.payload);
    return promise_json(event, parser);
}

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
