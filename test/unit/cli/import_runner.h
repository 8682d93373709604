#pragma once

#include <doctest/doctest.h>

#include <filesystem>

#include "cli/import.h"
#include "test/support/temp_folder.h"
#include "test/unit/cli/fake_publisher.h"

using namespace filial;
using namespace filial::cli;
using filial::schema::Errc;
using filial::schema::Result;

inline std::string sale(int i) {
    return R"({"op":"sell","at":"2026-11-22T09:00:00Z","qty":"1","sku":"S)" + std::to_string(i) +
           "\"}";
}

inline std::vector<std::string> sales(int count) {
    std::vector<std::string> lines;
    for (int i = 1; i <= count; ++i) lines.push_back(sale(i));
    return lines;
}

inline std::vector<std::string> subjects(int count) {
    std::vector<std::string> all;
    for (int i = 1; i <= count; ++i) all.push_back("S" + std::to_string(i));
    return all;
}

/// What became of one run of an import.
struct Ran {
    Result<void> result;
    ImportCounts counts;
    std::vector<LineReport> reports;  ///< That were told; others are lost with the process.
    int steps = 0;
};

/// One run against `publisher`, ended without a word after `steps` messages in either direction
/// (-1: never). Messages in between take `delay` turns, so that many are on the way.
struct Runner {
    FakePublisher& publisher;
    std::filesystem::path folder;
    ImportSettings settings{"till", 8, false, {filial::schema::Timestamp{7}, "", false}};
    int lose_every = 0;  ///< Every so many messages the connection is lost.
    int tell_every = 1;  ///< After so many turns a person is told.

    Ran run(const std::vector<std::string>& lines, int steps = -1) {
        Ran ran;
        auto journal = ImportJournal::open(folder, Import::client_of(settings.source));
        REQUIRE(journal.has_value());
        Import import(settings, publisher.state(Import::client_of(settings.source)), *journal);
        std::deque<filial::schema::Ticket> there;
        std::deque<filial::schema::Message> back;
        std::size_t at = 0;
        bool ended = false;
        std::int64_t now = 0;
        const auto stop = [&] { return steps >= 0 && ran.steps >= steps; };
        const auto step = [&]() -> Result<void> {
            while (import.wants_lines() && !ended) {
                if (at == lines.size()) {
                    ended = true;
                    if (const auto ok = import.end(); !ok) return ok;
                    break;
                }
                if (const auto ok = import.line(lines[at++], false); !ok) return ok;
            }
            while (!stop()) {
                const auto ticket = import.next(now);
                if (!ticket) return tl::unexpected(ticket.error());
                if (*ticket == nullptr) break;
                there.push_back(**ticket);
                import.sent();
                ++ran.steps;
            }
            if (!there.empty() && !stop()) {
                back.push_back(publisher.take(there.front()));
                there.pop_front();
                ++ran.steps;
            }
            if (lose_every > 0 && ran.steps % lose_every == 0) {
                there.clear();
                back.clear();
                import.lost();
                ++ran.steps;
            }
            if (!back.empty() && !stop()) {
                const auto ok = import.answer(back.front(), now);
                back.pop_front();
                ++ran.steps;
                if (!ok) return ok;
            }
            return {};
        };
        int turn = 0;
        const auto tell = [&] {
            auto reports = import.take_reports();
            if (reports.empty()) return;
            for (LineReport& report : reports) ran.reports.push_back(std::move(report));
            REQUIRE(import.save().has_value());
        };
        while (!import.done() && !stop()) {
            ran.result = step();
            if (!ran.result) break;
            if (++turn % tell_every == 0 && !stop()) tell();
            now += 1'000;
            REQUIRE(now < 10'000'000);
        }
        ran.counts = import.counts();
        if (!stop()) tell();
        if (!stop() && import.done()) REQUIRE(import.save().has_value());
        // What was sent before a kill may still arrive.
        if (stop()) {
            for (const auto& ticket : there) publisher.take(ticket);
        }
        return ran;
    }
};
