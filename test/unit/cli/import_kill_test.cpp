// What an import that is killed at any moment owes whoever runs it again.
#include "test/unit/cli/import_runner.h"

TEST_CASE("import: killed after any message and run again it books all lines once") {
    int whole = 0;
    {
        const test::TempFolder folder;
        FakePublisher publisher;
        whole = Runner{publisher, folder.path()}.run(sales(30)).steps;
    }
    for (int kill = 0; kill < whole; ++kill) {
        CAPTURE(kill);
        const test::TempFolder folder;
        FakePublisher publisher;
        Runner runner{publisher, folder.path()};
        runner.run(sales(30), kill);
        const Ran again = runner.run(sales(30));
        CHECK(again.result.has_value());
        CHECK(again.counts.booked + again.counts.already_booked == 30);
        CHECK(again.counts.refused == 0);
        CHECK(publisher.booked == subjects(30));
        const Ran third = runner.run(sales(30));
        CHECK(third.counts.already_booked == 30);
        CHECK(publisher.booked == subjects(30));
    }
}

TEST_CASE("import: a kill never hides a refused line that nobody was told of") {
    auto lines = sales(30);
    lines[11] = R"({"op":"sell","qty":"1","sku":"FORBIDDEN"})";
    int whole = 0;
    {
        const test::TempFolder folder;
        FakePublisher publisher;
        whole = Runner{publisher, folder.path()}.run(lines).steps;
    }
    for (int kill = 0; kill < whole; ++kill) {
        CAPTURE(kill);
        const test::TempFolder folder;
        FakePublisher publisher;
        Runner runner{publisher, folder.path()};
        const Ran first = runner.run(lines, kill);
        const Ran again = runner.run(lines);
        for (const LineReport& report : first.reports) CHECK(report.line == 12);
        REQUIRE(again.reports.size() == 1);
        CHECK(again.reports[0].line == 12);
        CHECK_FALSE(again.reports[0].bad);
        CHECK(again.counts.refused == 1);
        CHECK(again.counts.booked + again.counts.already_booked == 29);
        CHECK(publisher.booked.size() == 29);
    }
}

TEST_CASE("import: a bad line is said in every run that reads it, whatever was killed before") {
    auto lines = sales(30);
    const std::vector<std::uint64_t> bad{1, 4, 5, 17, 29};
    for (const std::uint64_t number : bad) lines[number - 1] = "oops";
    int whole = 0;
    {
        const test::TempFolder folder;
        FakePublisher publisher;
        whole = Runner{publisher, folder.path()}.run(lines).steps;
    }
    for (const int tell_every : {1, 1'000}) {
        for (int kill = 0; kill <= whole; ++kill) {
            CAPTURE(kill);
            const test::TempFolder folder;
            FakePublisher publisher;
            Runner runner{publisher, folder.path()};
            runner.tell_every = tell_every;
            runner.run(lines, kill);
            for (int i = 0; i < 2; ++i) {
                const Ran again = runner.run(lines);
                REQUIRE(again.result.has_value());
                std::vector<std::uint64_t> told;
                for (const LineReport& report : again.reports) {
                    told.push_back(report.line);
                    CHECK(report.bad);
                }
                CHECK(told == bad);
                CHECK(again.counts.bad == bad.size());
                CHECK(again.counts.booked + again.counts.already_booked == 25);
            }
            CHECK(publisher.booked.size() == 25);
        }
    }
}

TEST_CASE("import: what was not told to anybody is never kept as settled") {
    auto lines = sales(600);
    lines[399] = R"({"op":"sell","qty":"1","sku":"FORBIDDEN"})";
    int killed_untold = 0;
    for (int kill = 1'150; kill < 1'650; kill += 20) {
        CAPTURE(kill);
        const test::TempFolder folder;
        FakePublisher publisher;
        Runner runner{publisher, folder.path()};
        runner.tell_every = 100'000;
        const Ran first = runner.run(lines, kill);
        REQUIRE(first.reports.empty());
        if (first.counts.refused > 0) ++killed_untold;
        const auto journal = ImportJournal::open(folder.path(), Import::client_of("till"));
        REQUIRE(journal.has_value());
        CHECK(journal->settled() < 400);
    }
    CHECK(killed_untold > 10);
}

TEST_CASE("import: a refused line counts as refused in every run, also long after it was asked") {
    auto lines = sales(2'000);
    lines[2] = R"({"op":"sell","qty":"1","sku":"FORBIDDEN"})";
    lines[4] = R"([{"op":"sell","qty":"1","sku":"A"},{"op":"sell","qty":"1","sku":"WRONG"}])";
    const test::TempFolder folder;
    FakePublisher publisher;
    Runner runner{publisher, folder.path()};
    CHECK(runner.run(lines).counts.booked == 1'998);
    for (int i = 0; i < 2; ++i) {
        const Ran again = runner.run(lines);
        CHECK(again.counts.already_booked == 1'998);
        CHECK(again.counts.refused == 1);
        CHECK(again.counts.bad == 1);
        REQUIRE(again.reports.size() == 2);
        CHECK(again.reports[0].line == 3);
        CHECK(again.reports[1].line == 5);
        CHECK(again.reports[1].bad);
    }
    // A mark does not hide that a line was changed.
    lines[2] = sale(3);
    const Ran changed = runner.run(lines);
    REQUIRE_FALSE(changed.result.has_value());
    CHECK(changed.result.error().message.starts_with("line 3 is not what it was"));
}

TEST_CASE("import: however many lines are no tickets, a kill hides no refused line") {
    std::vector<std::string> lines;
    for (int i = 1; i <= 40; ++i) {
        lines.push_back(i == 2 ? R"({"op":"sell","qty":"1","sku":"FORBIDDEN"})" : sale(i));
        lines.resize(lines.size() + 200);
    }
    for (int kill = 0; kill < 60; ++kill) {
        CAPTURE(kill);
        const test::TempFolder folder;
        FakePublisher publisher;
        Runner runner{publisher, folder.path()};
        runner.run(lines, kill);
        const Ran again = runner.run(lines);
        CHECK(again.counts.refused == 1);
        CHECK(again.counts.booked + again.counts.already_booked == 39);
    }
}

TEST_CASE("import: strict goes on behind a bad line that an earlier run went past") {
    const test::TempFolder folder;
    FakePublisher publisher;
    Runner runner{publisher, folder.path()};
    auto lines = sales(5);
    lines[1] = "oops";
    runner.run(lines);
    lines.push_back(sale(6));
    runner.settings.strict = true;
    const Ran ran = runner.run(lines);
    CHECK(ran.counts.bad == 1);
    CHECK(ran.counts.booked == 1);
}
