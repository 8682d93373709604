#include "test/unit/cli/import_runner.h"

TEST_CASE("import: every line is booked once, in the order of the file") {
    const test::TempFolder folder;
    FakePublisher publisher;
    Runner runner{publisher, folder.path()};
    const Ran ran = runner.run(sales(100));
    CHECK(ran.result.has_value());
    CHECK(ran.counts.lines == 100);
    CHECK(ran.counts.booked == 100);
    CHECK(publisher.booked == subjects(100));
}

TEST_CASE("import: a busy publisher gets the same tickets again in order") {
    const test::TempFolder folder;
    FakePublisher publisher;
    Runner runner{publisher, folder.path()};
    publisher.busy_next = 5;
    const Ran ran = runner.run(sales(50));
    CHECK(ran.counts.booked == 50);
    CHECK(publisher.booked == subjects(50));
}

TEST_CASE("import: lost connections lose and double nothing") {
    // A line that is lost before eight tickets are out and one answer is back books nothing new;
    // from there on every loss leaves some progress.
    for (int every = 13; every < 60; ++every) {
        CAPTURE(every);
        const test::TempFolder folder;
        FakePublisher publisher;
        Runner runner{publisher, folder.path()};
        runner.lose_every = every;
        const Ran ran = runner.run(sales(60));
        CHECK(ran.counts.booked == 60);
        CHECK(publisher.booked == subjects(60));
    }
}

TEST_CASE("import: an appended file goes on") {
    const test::TempFolder folder;
    FakePublisher publisher;
    Runner runner{publisher, folder.path()};
    runner.run(sales(20));
    const Ran ran = runner.run(sales(35));
    CHECK(ran.result.has_value());
    CHECK(ran.counts.already_booked == 20);
    CHECK(ran.counts.booked == 15);
    CHECK(publisher.booked == subjects(35));
}

TEST_CASE("import: a changed earlier line is refused with its number and nothing is sent") {
    const test::TempFolder folder;
    FakePublisher publisher;
    Runner runner{publisher, folder.path()};
    runner.run(sales(20));
    auto lines = sales(25);
    lines[6] = sale(700);
    const Ran ran = runner.run(lines);
    REQUIRE_FALSE(ran.result.has_value());
    CHECK(ran.result.error().code == Errc::refused);
    CHECK(ran.result.error().message.starts_with("line 7 is not what it was"));
    CHECK(publisher.booked == subjects(20));

    std::filesystem::remove_all(folder / "x");
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
        std::filesystem::remove(entry.path());
    }
    const Ran without = runner.run(lines);
    REQUIRE_FALSE(without.result.has_value());
    CHECK(without.result.error().message.starts_with("a line at or before 20 is not"));
    const Ran mended = runner.run(sales(25));
    CHECK(mended.result.has_value());
    CHECK(publisher.booked == subjects(25));
}

TEST_CASE("import: a file that lost lines is refused") {
    const test::TempFolder folder;
    FakePublisher publisher;
    Runner runner{publisher, folder.path()};
    runner.run(sales(20));
    const Ran ran = runner.run(sales(19));
    REQUIRE_FALSE(ran.result.has_value());
    CHECK(ran.result.error().code == Errc::refused);
    CHECK(ran.result.error().message.find("19 lines, but 20 were imported") != std::string::npos);
}

TEST_CASE("import: bad and refused lines are reported with number and reason, others go on") {
    const test::TempFolder folder;
    FakePublisher publisher;
    Runner runner{publisher, folder.path()};
    const std::vector<std::string> lines{
        sale(1),
        "",
        "not json",
        sale(2),
        R"([{"op":"sell","qty":"1","sku":"A"},{"op":"sell","qty":"1","sku":"FORBIDDEN"}])",
        "  \r",
        sale(3)};
    const Ran ran = runner.run(lines);
    CHECK(ran.counts.lines == 7);
    CHECK(ran.counts.booked == 3);
    CHECK(ran.counts.bad == 1);
    CHECK(ran.counts.refused == 1);
    CHECK(publisher.booked == subjects(3));
    REQUIRE(ran.reports.size() == 2);
    CHECK(ran.reports[0].line == 3);
    CHECK(ran.reports[0].bad);
    CHECK(ran.reports[1].line == 5);
    CHECK_FALSE(ran.reports[1].bad);
    CHECK(ran.reports[1].why == "operation 2: a rule says no");
    const Ran again = runner.run(lines);
    REQUIRE(again.reports.size() == 2);
    CHECK(again.reports[0].why == ran.reports[0].why);
    CHECK(again.counts.bad == 1);
    CHECK(again.counts.refused == 1);
    CHECK(again.counts.already_booked == 3);
}

TEST_CASE("import: strict stops at the first line that is not booked, which can be mended") {
    const test::TempFolder folder;
    FakePublisher publisher;
    Runner runner{publisher, folder.path()};
    runner.settings.strict = true;
    auto lines = sales(10);
    lines[4] = R"({"op":"sell","qty":"1","sku":"FORBIDDEN"})";
    const Ran ran = runner.run(lines);
    CHECK(ran.counts.refused == 1);
    CHECK(publisher.booked == subjects(4));
    lines[4] = "oops";
    CHECK(runner.run(lines).counts.bad == 1);
    CHECK(publisher.booked == subjects(4));
    lines[4] = sale(5);
    CHECK(runner.run(lines).counts.booked == 6);
    CHECK(publisher.booked == subjects(10));
}

TEST_CASE("import: two sources are two clients, and one runs at a time") {
    const test::TempFolder folder;
    FakePublisher publisher;
    Runner first{publisher, folder.path()};
    Runner second{publisher, folder.path()};
    second.settings.source = "other";
    first.run(sales(3));
    second.run(sales(3));
    CHECK(publisher.booked.size() == 6);
    const auto held = ImportJournal::open(folder.path(), Import::client_of("till"));
    REQUIRE(held.has_value());
    const auto locked = ImportJournal::open(folder.path(), Import::client_of("till"));
    REQUIRE_FALSE(locked.has_value());
    CHECK(locked.error().code == Errc::locked);
}

TEST_CASE("import: a line without a time that was booked before counts as booked") {
    ImportWindow window(4, 0);
    filial::schema::Ticket ticket;
    ticket.number = 1;
    window.add(ticket, true);
    const auto* sent = window.next(0);
    REQUIRE(sent != nullptr);
    const std::uint64_t request = sent->request;
    window.sent();
    window.answer(filial::schema::TicketRefused{request, 0, Errc::number_reused, "other"}, 0);
    const auto outcomes = window.take_outcomes();
    REQUIRE(outcomes.size() == 1);
    CHECK(outcomes[0].what == Outcome::What::already_booked);
}

TEST_CASE("import: a full disk is waited for, not a refused line") {
    ImportWindow window(4, 0);
    filial::schema::Ticket ticket;
    ticket.number = 1;
    window.add(ticket, false);
    const auto* sent = window.next(0);
    REQUIRE(sent != nullptr);
    const std::uint64_t request = sent->request;
    window.sent();
    window.answer(filial::schema::TicketRefused{request, 0, Errc::no_space, "disk full"}, 0);
    CHECK(window.take_outcomes().empty());
    CHECK(window.reason() == "disk full");
    CHECK(window.next(0) == nullptr);
    CHECK(window.next(1'000'000) != nullptr);
}
