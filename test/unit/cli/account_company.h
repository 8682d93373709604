#pragma once

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "test/unit/cli/fake_link.h"

inline constexpr std::int64_t kTwoDaysUs = std::int64_t{2} * 86'400 * 1'000'000;

inline filial::schema::AnswerRow made_row(const std::string& store, const std::string& key,
                                          std::int64_t value,
                                          std::vector<std::pair<std::string, std::string>> fields) {
    filial::schema::AnswerRow row;
    row.store = store;
    row.key = key;
    row.value = value;
    row.fields = std::move(fields);
    row.freshness.ever = true;
    row.freshness.verdict = filial::schema::Verdict::fresh;
    return row;
}

/// store1 at work: its publisher books what comes, its replica shows the rows of the test and has
/// heard store9 two days ago, and store3 never.
struct AccountCompany {
    std::map<filial::schema::QueryKind, std::vector<filial::schema::AnswerRow>> rows;
    std::vector<filial::schema::Operation> booked;
    bool replica_answers = true;
    bool copies_stock_alone = false;
    std::uint64_t flags = 0;  ///< Of whatever is booked.

    AccountCompany() {
        for (const char* store : {"store1", "store3", "store9"}) {
            rows[filial::schema::QueryKind::reached].push_back(made_row(store, store, 1'000, {}));
        }
        rows[filial::schema::QueryKind::reached][1].freshness.ever = false;
        rows[filial::schema::QueryKind::reached][2].freshness.age_us = kTwoDaysUs;
    }

    void account(const std::string& home, const std::string& standing) {
        filial::schema::AnswerRow row = made_row(home, "ann", 2'000,
                                                 {{"row", "account"},
                                                  {"home", home},
                                                  {"standing", standing},
                                                  {"reserve", "4000"},
                                                  {"unaccounted", "0"},
                                                  {"at:store9", "2000"}});
        row.second = 10'000;
        rows[filial::schema::QueryKind::account].push_back(std::move(row));
    }
    void holder(const std::string& store, bool waits) {
        filial::schema::AnswerRow row = made_row(store, "ann", 6'000,
                                                 {{"row", "holder"},
                                                  {"epoch", "1"},
                                                  {"open", "yes"},
                                                  {"lost", "no"},
                                                  {"waits", waits ? "yes" : "no"}});
        row.second = 4'000;
        rows[filial::schema::QueryKind::account].push_back(std::move(row));
    }

    static bool is_of_goods(filial::schema::QueryKind kind) {
        using filial::schema::QueryKind;
        return kind == QueryKind::stock || kind == QueryKind::list_transfers ||
               kind == QueryKind::verdicts || kind == QueryKind::flagged;
    }

    filial::schema::Result<filial::schema::Message> operator()(filial::schema::Message message) {
        if (auto* ticket = std::get_if<filial::schema::Ticket>(&message)) {
            for (auto& operation : ticket->operations) booked.push_back(operation);
            filial::schema::Accepted accepted;
            accepted.flags = flags;
            accepted.first = accepted.last = filial::schema::Sequence{booked.size()};
            return filial::schema::Message(accepted);
        }
        if (!replica_answers)
            return filial::schema::fail(filial::schema::Errc::unreachable, "nobody there");
        const auto query = std::get<filial::schema::Query>(message);
        if (copies_stock_alone && query.topic.empty() && !is_of_goods(query.kind))
            return filial::schema::fail(filial::schema::Errc::not_held, "accounts are not here");
        filial::schema::Answer answer;
        answer.unit = "cents";
        answer.rows = rows[query.kind];
        return filial::schema::Message(answer);
    }
};

inline FakeLink::Answer link_to_company(AccountCompany& company) {
    return [&company](filial::schema::Message message) { return company(std::move(message)); };
}

/// The one sentence behind what was booked.
inline std::string next_line(const Shell& shell) {
    const auto at = shell.err.find("Next: ");
    REQUIRE(at != std::string::npos);
    CHECK(shell.err.find("Next: ", at + 1) == std::string::npos);
    return shell.err.substr(at);
}

inline bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}
