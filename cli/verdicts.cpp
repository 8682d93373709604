#include "cli/verdicts.h"

#include "cli/json.h"
#include "cli/pages.h"
#include "cli/table.h"
#include "cli/time_text.h"

namespace filial::cli {

using schema::AnswerRow;
using schema::Query;
using schema::QueryKind;
using schema::Result;

Result<std::vector<ToldVerdict>> told_verdicts(Context& context, const std::string& store) {
    Query query;
    query.kind = QueryKind::verdicts;
    query.store = store;
    auto link = context.connect(Process::subscriber);
    if (!link) return tl::unexpected(link.error());
    std::vector<ToldVerdict> all;
    const auto asked = ask_pages(**link, query, [&](const AnswerRow& row) {
        ToldVerdict one;
        one.from = row.store;
        one.store = field_of(row, "for");
        one.finding = field_of(row, "finding");
        one.key = row.key;
        one.topic = field_of(row, "topic");
        one.text = field_of(row, "text");
        one.at = field_of(row, "at");
        one.cause.store = schema::StoreId{one.store};
        one.cause.epoch = schema::Epoch{
            static_cast<std::uint32_t>(std::strtoul(field_of(row, "epoch").c_str(), nullptr, 10))};
        one.cause.seq = schema::Sequence{std::strtoull(field_of(row, "seq").c_str(), nullptr, 10)};
        all.push_back(std::move(one));
    });
    if (!asked) return tl::unexpected(with_advice(asked.error(), "verdicts", Process::subscriber));
    return all;
}

Result<int> run_verdicts(Context& context, bool all) {
    const auto options = context.options();
    if (!options) return tl::unexpected(options.error());
    const std::string self = (*options)->books_at().value();
    const auto told = told_verdicts(context, all ? "" : self);
    if (!told) return tl::unexpected(told.error());
    Table table({"STORE", "EVENT", "FINDING", "KEY", "FOUND BY", "WHEN", "WHAT"});
    for (const ToldVerdict& one : *told) {
        const auto at = schema::parse_timestamp(one.at);
        if (context.console.json) {
            Json json;
            json["store"] = one.store;
            json["epoch"] = one.cause.epoch.value();
            json["seq"] = one.cause.seq.value();
            json["topic"] = one.topic;
            json["key"] = one.key;
            json["finding"] = one.finding;
            json["text"] = one.text;
            json["from"] = one.from;
            json["at"] = one.at;
            context.console.line(dump(json));
            continue;
        }
        table.add({one.store, to_string(one.cause), one.finding, one.key, one.from,
                   at ? local_time(*at) : one.at, one.text});
    }
    if (!context.console.json) {
        if (table.rows() > 0) context.console.out(table.text());
        context.console.say(counted(table.rows(), "verdict") + (all ? "" : " for " + self));
    }
    return kDone;
}

}  // namespace filial::cli
