#include <doctest/doctest.h>

#include "cli/epochs.h"

#include <cstdlib>
#include <ctime>

#include "cli/console.h"
#include "cli/csv.h"
#include "cli/json.h"
#include "cli/progress.h"
#include "cli/table.h"
#include "cli/time_text.h"

using namespace filial::cli;
using filial::schema::Timestamp;

namespace {

constexpr std::int64_t kSecond = 1'000'000;

/// Sets the time zone for one test.
struct Zone {
    explicit Zone(const char* name) {
        if (const char* old = std::getenv("TZ")) before = old;
        ::setenv("TZ", name, 1);
    }
    ~Zone() { before.empty() ? ::unsetenv("TZ") : ::setenv("TZ", before.c_str(), 1); }
    std::string before;
};

}  // namespace

TEST_CASE("epochs: what was given up is told by position, with who, when and why") {
    const core::EpochBegun lost{
        2, 101, 100, schema::Timestamp{1'000'000}, 120, "ann", "both disks died"};
    const std::string text = cli::epoch_text(lost);
    CHECK(text.starts_with("epoch 2 goes on behind event 100, since 1970-01-01"));
    CHECK(text.ends_with("; events 101 to 120 given up by ann: both disks died"));
    const core::EpochBegun moved{3, 151, 150, schema::Timestamp{2'000'000}, 0, "", ""};
    CHECK(cli::epoch_text(moved).find("given up") == std::string::npos);
    const cli::Json json = cli::epochs_json({lost, moved});
    CHECK(json[0]["lost_upto"] == 120);
    CHECK(json[0]["who"] == "ann");
    CHECK(json[0]["at"] == "1970-01-01T00:00:01Z");
    CHECK(json[1]["lost_upto"].is_null());
    CHECK(json[1]["reason"].is_null());
}

TEST_CASE("time: people read their own time, and its zone") {
    const Timestamp t{std::int64_t{1'795'349'603} * kSecond};  // 2026-11-22T12:13:23Z
    {
        const Zone zone("<-03>3");
        CHECK(local_time(t) == "2026-11-22 09:13:23 -03");
    }
    const Zone zone("UTC0");
    CHECK(local_time(t) == "2026-11-22 12:13:23 UTC");
    CHECK(local_time(Timestamp{-1}) == "1969-12-31 23:59:59 UTC");
    // Without a locale nothing is written twice.
    CHECK(locale_time(t).empty());
}

TEST_CASE("time: durations have two units at most") {
    CHECK(duration_text(0) == "0.0 s");
    CHECK(duration_text(450'000) == "0.4 s");
    CHECK(duration_text(12 * kSecond) == "12 s");
    CHECK(duration_text(192 * kSecond) == "3 min 12 s");
    CHECK(duration_text(180 * kSecond) == "3 min");
    CHECK(duration_text((3 * 3600 + 12 * 60 + 5) * kSecond) == "3 h 12 min");
    CHECK(duration_text((2 * 86'400 + 3 * 3600) * kSecond) == "2 d 3 h");
    CHECK(age_text(-1) == "?");
}

TEST_CASE("numbers: people read sizes and groups of three digits") {
    CHECK(grouped(0) == "0");
    CHECK(grouped(999) == "999");
    CHECK(grouped(422'298) == "422,298");
    CHECK(grouped(1'234'567) == "1,234,567");
    CHECK(bytes_text(-1) == "?");
    CHECK(bytes_text(17) == "17 bytes");
    CHECK(bytes_text(1'536) == "1.5 KiB");
}

TEST_CASE("csv: cells are quoted only where they must be, rows are bytewise sorted lines") {
    CHECK(csv_cell("plain") == "plain");
    CHECK(csv_cell("a,b") == "\"a,b\"");
    CHECK(csv_cell("say \"hi\"") == "\"say \"\"hi\"\"\"");
    CHECK(csv_cell("two\nlines") == "\"two\nlines\"");
    CsvTable table("store,sku,qty");
    table.add({"store2", "b", "1"});
    table.add({"store10", "a", "2"});
    table.add({"store1", "\xc3\xa9", "-3"});
    table.add({"", "x", ""});
    CHECK(table.rows() == 4);
    CHECK(table.text() == "store,sku,qty\n,x,\nstore1,\xc3\xa9,-3\nstore10,a,2\nstore2,b,1\n");
}

TEST_CASE("table: numbers stand to the right, and no line ends with blanks") {
    Table table({"NAME", ">QTY", "NOTE"});
    table.add({"Caf\xc3\xa9", "1,200", ""});
    table.add({"b", "3", "low"});
    CHECK(table.text() ==
          "NAME    QTY  NOTE\n"
          "Caf\xc3\xa9  1,200\n"
          "b         3  low\n");
}

TEST_CASE("json: bytes that are no text are mended or travel as base64") {
    CHECK(dump(Json("a\xff")).find("\xff") == std::string::npos);
    for (const std::string& text : {std::string(), std::string("f"), std::string("fo"),
                                    std::string("foo"), std::string("\0\xff\x10g", 4)}) {
        std::string back;
        REQUIRE(from_base64(to_base64(text), back));
        CHECK(back == text);
    }
    CHECK(to_base64("foob") == "Zm9vYg==");
    std::string back;
    CHECK_FALSE(from_base64("abc", back));
    CHECK_FALSE(from_base64("ab=c", back));
    CHECK(seconds_or_null(-1).is_null());
    CHECK(seconds_or_null(1'500'000) == 1.5);
}

TEST_CASE("progress: elsewhere than at a terminal it speaks every ten seconds") {
    std::string out, err;
    Console console(&out, &err);
    Progress progress(console, "sales.jsonl", 1'000, 0);
    progress.update(100, 10, kSecond);
    CHECK(err.empty());
    progress.update(500, 50'000, 10 * kSecond);
    CHECK(err == "sales.jsonl [############            ]  50%  50,000  5,000/s  10 s left\n");
    progress.update(600, 60'000, 11 * kSecond);
    progress.finish();
    CHECK(err.find("60,000") == std::string::npos);
    CHECK(out.empty());
}
