#include "cli/pages.h"

namespace filial::cli {

using schema::Errc;
using schema::Result;

namespace {

/// One page of 2,000 rows comes in a few milliseconds; a busy replica may be writing meanwhile.
constexpr std::chrono::milliseconds kPageWait{15'000};

}  // namespace

Result<std::string> ask_pages(Link& link, schema::Query query,
                              const std::function<void(const schema::AnswerRow&)>& each) {
    while (true) {
        const auto answer = ask_for<schema::Answer>(link, query, kPageWait);
        if (!answer) return tl::unexpected(answer.error());
        for (const schema::AnswerRow& row : answer->rows) each(row);
        if (answer->next.empty()) return answer->unit;
        if (answer->next == query.after) {
            return schema::fail(Errc::corrupt, "the same page came twice");
        }
        query.after = answer->next;
    }
}

std::optional<KnownAfter> known_after(const schema::AnswerRow& row) {
    const std::string& seq = field_of(row, "known_after");
    if (seq.empty()) return std::nullopt;
    return KnownAfter{row.store, field_of(row, "topic"), std::strtoull(seq.c_str(), nullptr, 10)};
}

std::string to_string(const KnownAfter& known) {
    return "of " + known.store + "'s " + known.topic + " no single event up to " +
           std::to_string(known.seq) + " is known here: a snapshot stands for them";
}

const std::string& field_of(const schema::AnswerRow& row, std::string_view name) {
    static const std::string kNone;
    for (const auto& [field, value] : row.fields) {
        if (field == name) return value;
    }
    return kNone;
}

}  // namespace filial::cli
