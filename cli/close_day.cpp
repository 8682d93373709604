#include "cli/close_day.h"

#include <ctime>

#include "cli/heard.h"
#include "cli/json.h"
#include "cli/pages.h"
#include "cli/table.h"
#include "cli/time_text.h"
#include "schema/trade_payloads.h"

namespace filial::cli {

using schema::AnswerRow;
using schema::Errc;
using schema::Query;
using schema::QueryKind;
using schema::Result;

namespace {

/// Local time minus UTC at this moment, daylight saving included.
std::int64_t offset_minutes(schema::Timestamp at) {
    const std::time_t seconds = static_cast<std::time_t>(at.value() / 1'000'000);
    std::tm local{};
    return ::localtime_r(&seconds, &local) != nullptr ? local.tm_gmtoff / 60 : 0;
}

/// The end of the local day, as UTC.
Result<std::int64_t> end_of_day(const std::string& date, std::int64_t offset) {
    const auto begin = schema::parse_timestamp(date + "T00:00:00Z");
    if (!begin) return schema::fail(Errc::invalid, date + ": expected a day such as 2010-12-01");
    return begin->value() + (24 * 60 - offset) * 60'000'000;
}

/// A day that begins later than a day from now is a slip of the hand, and would leave no day for
/// whatever is closed until then.
Result<void> has_begun(const std::string& date, std::int64_t offset, schema::Timestamp now) {
    const auto end = end_of_day(date, offset);
    if (!end) return tl::unexpected(end.error());
    constexpr std::int64_t day_us = std::int64_t{24 * 60} * 60'000'000;
    if (*end - now.value() <= 2 * day_us) return {};
    return schema::fail(Errc::refused, "close-day: " + date +
                                           " has not begun by this machine's clock (" +
                                           local_time(now) +
                                           "), and no earlier day could be closed after it: check "
                                           "the date, or set the clock");
}

struct Cut {
    schema::DayClosed day;
    std::vector<std::string> said;  ///< Late stores with when they were last heard.
    Json late = Json::array();      ///< The same for scripts.
};

Result<Cut> make_cut(Context& context, const CloseDayArgs& args, const std::string& date,
                     std::int64_t offset) {
    const auto late_after = core::parse_duration_us(args.late_after);
    if (!late_after) return schema::fail("--late-after", late_after.error());
    const auto end = end_of_day(date, offset);
    if (!end) return tl::unexpected(end.error());
    auto link = context.connect(Process::subscriber);
    if (!link) return tl::unexpected(link.error());
    Query query;
    query.kind = QueryKind::reached;
    Cut cut;
    cut.day.offset_minutes = offset;
    const auto asked = ask_pages(**link, query, [&](const AnswerRow& row) {
        const schema::Freshness& heard = row.freshness;
        const bool since =
            heard.ever && (heard.age_us <= *late_after || heard.as_of.value() >= *end);
        if (!since) {
            cut.day.late.push_back(row.store);
            cut.said.push_back(row.store + " (" +
                               (heard.ever ? "last heard " + duration_text(heard.age_us) + " ago"
                                           : "never heard") +
                               ")");
            Json late;
            late["store"] = row.store;
            late["last_heard_seconds"] =
                heard.ever ? Json(heard.age_us / 1'000'000) : Json(nullptr);
            cut.late.push_back(std::move(late));
        }
        if (row.value <= 0) return;
        const auto epoch =
            static_cast<std::uint32_t>(std::strtoul(field_of(row, "epoch").c_str(), nullptr, 10));
        cut.day.cut.push_back({schema::StoreId{row.store}, schema::Epoch{epoch},
                               schema::Sequence{static_cast<std::uint64_t>(row.value)}});
    });
    if (!asked) {
        return tl::unexpected(with_advice(asked.error(), "close-day", Process::subscriber));
    }
    return cut;
}

Result<int> close(Context& context, const CloseDayArgs& args, const std::string& date,
                  std::int64_t offset) {
    const auto defaults = defaults_of(context, args.ticket);
    if (!defaults) return schema::fail("close-day", defaults.error());
    const auto begun = has_begun(date, offset, context.clock.wall());
    if (!begun) return tl::unexpected(begun.error());
    const auto cut = make_cut(context, args, date, offset);
    if (!cut) return tl::unexpected(cut.error());
    schema::Operation operation;
    operation.kind = schema::OperationKind::close_day;
    operation.at = defaults->at;
    operation.subject = date;
    operation.payload = schema::encode(cut->day);
    if (!context.console.json) {
        std::string text =
            "day " + date + ": " + std::to_string(cut->day.cut.size()) + " stores counted";
        for (std::size_t i = 0; i < cut->said.size(); ++i) {
            text += (i == 0 ? "; late: " : ", ") + cut->said[i];
        }
        context.console.say(text);
    }
    Json beside;
    beside["late"] = cut->late;
    return submit(context, args.ticket, operation, beside);
}

constexpr const char* kColumns[] = {"sold", "returned", "received",    "corrected", "charged",
                                    "paid", "credited", "transferred", "voided",    "voided_debt"};

/// Who was late when the day was closed, in the place of totals.
Json late_json(const AnswerRow& row) {
    Json json;
    json["store"] = row.store;
    json["day"] = row.key;
    json["counts"] = "unheard";
    json["events"] = 0;
    for (const char* name : kColumns) json[name] = nullptr;
    return json;
}

Result<int> show(Context& context, const std::string& date, const std::string& by) {
    Query query;
    query.kind = QueryKind::day_totals;
    query.key = date;
    query.store = by;
    auto link = context.connect(Process::subscriber);
    if (!link) return tl::unexpected(link.error());
    Table table({"STORE", "DAY", "COUNTS AS", ">SOLD", ">RETURNED", ">RECEIVED", ">CORRECTED",
                 ">CHARGED", ">PAID", ">CREDITED", ">TRANSFERRED", ">VOIDED", ">VOIDED DEBT"});
    std::string late;
    const auto asked = ask_pages(**link, query, [&](const AnswerRow& row) {
        const std::string& counts = field_of(row, "counts");
        if (counts == "unheard") {
            late += (late.empty() ? "" : ", ") + row.store;
            if (context.console.json) context.console.line(dump(late_json(row)));
            return;
        }
        if (context.console.json) {
            Json json;
            json["store"] = row.store;
            json["day"] = row.key;
            json["counts"] = counts;
            json["events"] = row.value;
            for (const char* name : kColumns) json[name] = field_of(row, name);
            context.console.line(dump(json));
            return;
        }
        std::vector<std::string> cells{row.store, row.key,
                                       counts == "day"    ? "the day"
                                       : counts == "late" ? "adjustment, came late"
                                                          : "dated ahead"};
        for (const char* name : kColumns) cells.push_back(field_of(row, name));
        table.add(std::move(cells));
    });
    if (!asked) {
        const bool unknown = asked.error().code == Errc::not_found;
        const auto known = unknown ? knows_store(context, by, "close-day " + date) : Result<void>();
        if (!known) return tl::unexpected(known.error());
        return tl::unexpected(with_advice(asked.error(), "close-day", Process::subscriber));
    }
    if (!context.console.json) {
        if (table.rows() > 0) context.console.out(table.text());
        context.console.say("day " + date + " as " + by +
                            " closed it: every store makes the same "
                            "of the same cut" +
                            (late.empty() ? ""
                                          : "; late when it was closed: " + late +
                                                ", what came of them since counts into a later "
                                                "day"));
    }
    return kDone;
}

}  // namespace

Result<int> run_close_day(Context& context, const CloseDayArgs& args) {
    const auto options = context.options();
    if (!options) return tl::unexpected(options.error());
    const schema::Timestamp now = context.clock.wall();
    const std::string date = args.date.empty() ? local_time(now).substr(0, 10) : args.date;
    if (!args.show) return close(context, args, date, offset_minutes(now));
    return show(context, date, args.by.empty() ? (*options)->store.value() : args.by);
}

}  // namespace filial::cli
