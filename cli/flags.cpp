#include "cli/flags.h"

#include <map>
#include <vector>

#include "cli/json.h"
#include "cli/pages.h"
#include "cli/submit.h"
#include "cli/table.h"
#include "cli/time_text.h"
#include "cli/unseen.h"

namespace filial::cli {

schema::Result<int> run_flags(Context& context) {
    schema::Query query;
    query.kind = schema::QueryKind::flagged;
    auto link = context.connect(Process::subscriber);
    if (!link) return tl::unexpected(link.error());
    std::map<std::string, std::map<std::string, std::int64_t>> counts;
    std::vector<KnownAfter> snapshots;
    const auto asked = ask_pages(**link, query, [&](const schema::AnswerRow& row) {
        if (auto known = known_after(row)) {
            snapshots.push_back(std::move(*known));
            return;
        }
        const std::uint64_t flag = std::strtoull(row.key.c_str(), nullptr, 10);
        const auto names = flag_names(flag);
        counts[row.store][names.empty() ? "flag " + row.key : names.front()] += row.value;
    });
    if (!asked) {
        return tl::unexpected(with_advice(asked.error(), "status --flags", Process::subscriber));
    }
    auto unseen = unseen_topics(**link);
    if (!unseen) {
        return tl::unexpected(with_advice(unseen.error(), "status --flags", Process::subscriber));
    }
    std::erase(unseen->topics, schema::kTopicCustomers);  // Their events have no flags.
    const int code = snapshots.empty() && !unseen->any() ? kDone : kStale;
    if (context.console.json) {
        Json out = Json::object();
        for (const auto& [store, flags] : counts) {
            for (const auto& [flag, count] : flags) out[store][flag] = count;
        }
        for (const KnownAfter& known : snapshots) {
            out[known.store]["known_after"][known.topic] = known.seq;
        }
        if (unseen->any()) out["not_looked_through"] = unseen_json(*unseen);
        context.console.line(dump(out));
        return code;
    }
    Table table({"STORE", "FLAG", ">EVENTS"});
    std::int64_t sum = 0;
    for (const auto& [store, flags] : counts) {
        for (const auto& [flag, count] : flags) {
            table.add({store, flag, grouped(static_cast<std::uint64_t>(count))});
            sum += count;
        }
    }
    if (table.rows() > 0) context.console.out(table.text());
    context.console.say(grouped(static_cast<std::uint64_t>(sum)) +
                        " flags on events; `filial why stock SKU` or `filial why debt CUSTOMER` "
                        "shows them one by one");
    for (const KnownAfter& known : snapshots) context.console.say(to_string(known));
    if (unseen->any()) context.console.say("filial: " + to_string(*unseen));
    return code;
}

}  // namespace filial::cli
