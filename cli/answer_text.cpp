#include "cli/answer_text.h"

#include <charconv>

#include "cli/pages.h"
#include "cli/time_text.h"
#include "core/clock.h"
#include "schema/amounts.h"
#include "schema/codec.h"

namespace filial::cli {

using schema::AnswerRow;
using schema::Freshness;
using schema::QueryKind;
using schema::Verdict;

namespace {

bool is_debt(QueryKind kind) { return kind == QueryKind::debt || kind == QueryKind::list_debts; }

/// Contributions by store, and of customers who were merged, come as cents; people and scripts get
/// money.
std::string shown(const std::string& name, const std::string& value) {
    std::int64_t cents = 0;
    const bool contribution = name.starts_with("at:") || name.starts_with("merged:");
    const auto [end, failure] = std::from_chars(value.data(), value.data() + value.size(), cents);
    if (!contribution || failure != std::errc() || end != value.data() + value.size()) return value;
    return to_string(schema::Money{cents});
}

/// A name that stands several times has several values: a conflict that a person has to settle.
Json fields_json(const AnswerRow& row) {
    Json fields = Json::object();
    for (const auto& [name, raw] : row.fields) {
        const std::string value = shown(name, raw);
        if (!fields.contains(name)) {
            fields[name] = value;
        } else if (fields[name].is_array()) {
            fields[name].push_back(value);
        } else {
            fields[name] = Json::array({fields[name], value});
        }
    }
    return fields;
}

Json positions_json(const Freshness& freshness) {
    Json positions = Json::array();
    for (const schema::Position& position : freshness.positions) {
        Json one;
        one["store"] = position.store.value();
        one["epoch"] = position.epoch.value();
        one["seq"] = position.seq.value();
        positions.push_back(std::move(one));
    }
    return positions;
}

std::string age_of(const Freshness& freshness) {
    return (freshness.age_exact ? "" : "at least ") + duration_text(freshness.age_us);
}

std::string unheard_age(const std::string& seconds) {
    std::int64_t age = 0;
    std::from_chars(seconds.data(), seconds.data() + seconds.size(), age);
    return duration_text(age * core::kSecond);
}

}  // namespace

std::string value_text(std::int64_t value, const std::string& unit) {
    if (unit == "thousandths") return to_string(schema::Quantity{value});
    if (unit == "cents") return to_string(schema::Money{value});
    return "";
}

Json row_json(const AnswerRow& row, QueryKind kind, const std::string& unit) {
    const Freshness& freshness = row.freshness;
    Json out;
    out["store"] = row.store;
    out["key"] = row.key;
    if (kind == QueryKind::value) {
        const bool text = schema::is_utf8(row.payload);
        out["value"] = text ? Json(row.payload) : Json(nullptr);
        if (!text) out["value_base64"] = to_base64(row.payload);
        out["unit"] = nullptr;
    } else if (unit.empty()) {
        out["value"] = nullptr;
        out["unit"] = nullptr;
    } else {
        out["value"] = value_text(row.value, unit);
        out["unit"] = unit == "cents" ? "money" : "units";
    }
    if (is_debt(kind)) out["limit"] = value_text(row.second, unit);
    if (!row.fields.empty()) out["fields"] = fields_json(row);
    out["as_of"] = freshness.ever ? Json(to_string(freshness.as_of)) : Json(nullptr);
    out["age_seconds"] = freshness.ever ? seconds_or_null(freshness.age_us) : Json(nullptr);
    out["age_exact"] = freshness.age_exact;
    out["source"] = freshness.source;
    out["verdict"] = std::string(schema::name_of(freshness.verdict));
    out["partial"] = freshness.partial;
    out["pending"] = unit.empty() ? std::to_string(row.pending) : value_text(row.pending, unit);
    out["positions"] = positions_json(freshness);
    return out;
}

std::string row_text(const AnswerRow& row, const std::string& what, QueryKind kind,
                     const std::string& unit) {
    std::string text = what + " " + row.key;
    if (!row.store.empty()) text += " at " + row.store;
    if (kind == QueryKind::value) {
        text += ": " + (schema::is_utf8(row.payload)
                            ? row.payload
                            : bytes_text(static_cast<std::int64_t>(row.payload.size())));
    } else if (!unit.empty()) {
        text += ": " + value_text(row.value, unit);
    }
    if (is_debt(kind)) text += " of a limit of " + value_text(row.second, unit);
    text += "\n";
    for (const auto& [name, value] : row.fields) {
        if (name.rfind("unheard:", 0) == 0) continue;  // Said in words, with the age.
        if (name == "parked" || name == "waived") continue;
        text += "  " + name + ": " + shown(name, value) + "\n";
    }
    return text;
}

std::string freshness_text(const AnswerRow& row, const std::string& unit) {
    const Freshness& freshness = row.freshness;
    std::string text;
    if (freshness.ever) {
        const std::string usual = locale_time(freshness.as_of);
        text = "This data is from " + local_time(freshness.as_of) +
               (usual.empty() ? "" : ", " + usual) + " (" + age_of(freshness) + " ago).\n";
    } else {
        text = "How old this is cannot be said: nothing was heard of its store yet.\n";
    }
    if (row.pending != 0) {
        text += "Of this " +
                (unit.empty() ? std::to_string(row.pending) : value_text(row.pending, unit)) +
                " was entered here and is not confirmed by its home store yet.\n";
    }
    if (freshness.partial) {
        text += "It is incomplete: not every store that may have a part in it is copied here.\n";
    }
    for (const auto& [name, value] : row.fields) {
        if (name.rfind("unheard:", 0) != 0) continue;
        const std::string who = name.substr(8);
        text += who + " may still charge and was " +
                (value.empty() ? "never heard.\n" : "last heard " + unheard_age(value) + " ago.\n");
    }
    for (const auto& [name, value] : row.fields) {
        if (name == "parked")
            text += "It is " + value + ". See `filial parked show " + row.key + "`.\n";
        if (name == "waived") text += "Event " + value + ".\n";
    }
    if (!field_of(row, "forked").empty()) {
        text += "What a second log of the same store says is not in it.\n";
    }
    return text;
}

std::string stale_text(const AnswerRow& row) {
    const Freshness& freshness = row.freshness;
    if (freshness.verdict == Verdict::fresh) return "";
    if (!freshness.ever) return "never heard";
    if (freshness.verdict == Verdict::ask) return age_of(freshness) + " old, older than the policy";
    if (freshness.verdict == Verdict::refuse) return "not live, and only a live answer counts";
    if (!field_of(row, "forked").empty()) return "a second log of the store is there";
    if (!field_of(row, "parked").empty()) return field_of(row, "parked");
    return freshness.partial ? "incomplete" : age_of(freshness) + " old";
}

}  // namespace filial::cli
