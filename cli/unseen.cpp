#include "cli/unseen.h"

#include <algorithm>
#include <chrono>

#include "schema/query.h"

namespace filial::cli {

using schema::Errc;
using schema::Query;
using schema::QueryKind;
using schema::Result;

namespace {

constexpr std::chrono::milliseconds kProbeWait{15'000};

}  // namespace

bool Unseen::has(std::string_view topic) const {
    return std::find(topics.begin(), topics.end(), topic) != topics.end();
}

Result<Unseen> unseen_topics(Link& link) {
    Unseen unseen;
    for (const auto& [topic, kind] : {std::pair(schema::kTopicStock, QueryKind::stock),
                                      std::pair(schema::kTopicDebts, QueryKind::debt),
                                      std::pair(schema::kTopicCustomers, QueryKind::customer)}) {
        Query query;  // About no key: what counts is whether there is an answer.
        query.kind = kind;
        const auto answer = ask_for<schema::Answer>(link, query, kProbeWait);
        if (answer || answer.error().code == Errc::not_found) continue;
        const Errc code = answer.error().code;
        if (code != Errc::not_held && code != Errc::not_allowed) {
            return tl::unexpected(answer.error());
        }
        unseen.topics.emplace_back(topic);
        if (unseen.why.empty()) unseen.why = answer.error().message;
    }
    // They come along with either of the two.
    if (unseen.has(schema::kTopicCustomers) && unseen.has(schema::kTopicDebts)) {
        unseen.topics.emplace_back(schema::kTopicAccounts);
    }
    return unseen;
}

Json unseen_json(const Unseen& unseen) {
    Json topics = Json::array();
    for (const std::string& topic : unseen.topics) topics.push_back(topic);
    return topics;
}

std::string to_string(const Unseen& unseen) {
    std::string text;
    for (const std::string& topic : unseen.topics) text += (text.empty() ? "" : ", ") + topic;
    return text + " not looked through: " + unseen.why;
}

}  // namespace filial::cli
