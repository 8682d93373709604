#include "cli/heard.h"

#include "cli/pages.h"
#include "cli/time_text.h"

namespace filial::cli {

using schema::AnswerRow;
using schema::Query;
using schema::QueryKind;
using schema::Result;

std::string heard_text(const Heard& heard, const std::string& store) {
    const auto found = heard.find(store);
    if (found == heard.end() || found->second < 0) return "never";
    return duration_text(found->second) + " ago";
}

Json heard_json(const Heard& heard, const std::string& store) {
    const auto found = heard.find(store);
    return seconds_or_null(found == heard.end() ? -1 : found->second);
}

Result<Heard> heard_stores(Context& context) {
    Query query;
    query.kind = QueryKind::reached;
    auto link = context.connect(Process::subscriber);
    if (!link) return tl::unexpected(link.error());
    Heard heard;
    const auto ask = [&] {
        return ask_pages(**link, query, [&](const AnswerRow& row) {
            heard[row.store] = row.freshness.ever ? row.freshness.age_us : -1;
        });
    };
    auto asked = ask();
    if (!asked && asked.error().code == schema::Errc::not_held) {
        query.topic = schema::kTopicControl;  // It is copied wherever anything is.
        asked = ask();
    }
    if (!asked) return tl::unexpected(asked.error());
    return heard;
}

Result<void> knows_store(Context& context, const std::string& at, const std::string& doing) {
    const auto options = context.options();
    if (!options) return tl::unexpected(options.error());
    if (at.empty() || at == (*options)->store.value()) return {};
    const auto heard = heard_stores(context);
    if (!heard) return tl::unexpected(with_advice(heard.error(), doing, Process::subscriber));
    if (heard->contains(at)) return {};
    std::string known;
    for (const auto& [store, age] : *heard) known += (known.empty() ? "" : ", ") + store;
    return schema::fail(
        schema::Errc::not_found,
        doing + ": nothing was ever heard here of a store " + at + "; " +
            (known.empty() ? "no store's log has come here yet" : "stores here: " + known));
}

std::string with_heard(const Heard& heard, const std::string& store) {
    if (heard.empty()) return store;
    const auto found = heard.find(store);
    if (found == heard.end() || found->second < 0) return store + ", not heard of yet";
    return store + ", last heard " + duration_text(found->second) + " ago";
}

std::string waiting_for(const Heard& heard, const WaitsFor& waits) {
    std::string text;
    const auto add = [&](const std::string& each) {
        text += (text.empty() ? "waiting for " : ", and ") + each;
    };
    for (const std::string& store : waits.stores) add(with_heard(heard, store));
    for (const std::string& lost : waits.lost) add(lost + ", to be told again or written off");
    return text;
}

}  // namespace filial::cli
