#include <doctest/doctest.h>

#include <filesystem>

#include "cli/file.h"
#include "cli/json.h"
#include "test/unit/cli/fake_link.h"

using namespace filial;
using schema::Answer;
using schema::AnswerRow;
using schema::Message;
using schema::Query;
using schema::QueryKind;
using schema::Result;

namespace {

AnswerRow row_of(QueryKind kind) {
    AnswerRow row;
    row.store = "store1";
    row.key = kind == QueryKind::export_stock ? "22114" : "12370";
    row.value = kind == QueryKind::export_stock ? -1'500 : 100'152;
    row.second = 125'000;
    row.fields = {{"home", "store10"}, {"country", "Korea, Republic of"}};
    if (kind == QueryKind::export_in_transit) {
        row.key = "T1";
        row.value = 8'000;
        row.fields = {{"from", "store5"}, {"to", "store3"}, {"sku", "22943"}};
    }
    return row;
}

std::string text_of(const std::filesystem::path& file) {
    const auto text = cli::read_file(file, 1'000'000);
    REQUIRE(text.has_value());
    return *text;
}

}  // namespace

TEST_CASE("export: five files with the headers and forms of the truth") {
    char name[] = "/tmp/filial-export-XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    const std::filesystem::path dir = name;
    Shell shell([](Message message) -> Result<Message> {
        const Query query = std::get<Query>(message);
        Answer answer;
        answer.rows.push_back(row_of(query.kind));
        if (query.after.empty()) {
            answer.next = "more";
        } else {
            answer.rows[0].key = "0" + answer.rows[0].key;
        }
        return Message(answer);
    });
    CHECK(shell.run({"export", (dir / "out").string(), "--json"}) == 0);
    const cli::Json json = cli::Json::parse(shell.out);
    CHECK(json["rows"]["stock"] == 2);
    CHECK(text_of(dir / "out/stock.csv") ==
          "store,sku,qty\nstore1,022114,-1.5\nstore1,22114,-1.5\n");
    CHECK(text_of(dir / "out/debts.csv") ==
          "customer,home,balance_cents,limit_cents\n012370,store10,100152,125000\n"
          "12370,store10,100152,125000\n");
    CHECK(text_of(dir / "out/debts_by_store.csv") ==
          "customer,store,delta_cents\n012370,store1,100152\n12370,store1,100152\n");
    CHECK(text_of(dir / "out/customers.csv") ==
          "customer,home,country\n012370,store10,\"Korea, Republic of\"\n"
          "12370,store10,\"Korea, Republic of\"\n");
    CHECK(text_of(dir / "out/in_transit.csv") ==
          "transfer,from,to,sku,qty\n0T1,store5,store3,22943,8\nT1,store5,store3,22943,8\n");
    std::size_t files = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(dir / "out")) {
        ++files;
    }
    CHECK(files == 5);
    std::filesystem::remove_all(dir);
}

TEST_CASE("export: a table whose topic is not copied here is left out and named") {
    char name[] = "/tmp/filial-export-XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    const std::filesystem::path dir = name;
    REQUIRE(cli::write_file(dir / "debts.csv", "of yesterday\n").has_value());
    Shell shell([](Message message) -> Result<Message> {
        const Query query = std::get<Query>(message);
        if (query.kind == QueryKind::parked) return Message(Answer{});
        if (query.kind != QueryKind::export_stock) {
            return schema::fail(schema::Errc::not_held, "this topic is not subscribed here");
        }
        Answer answer;
        answer.rows.push_back(row_of(query.kind));
        return Message(answer);
    });
    CHECK(shell.run({"export", dir.string(), "--json"}) == 0);
    const cli::Json json = cli::Json::parse(shell.out);
    CHECK(json["rows"]["stock"] == 1);
    CHECK(json["rows"]["debts"].is_null());
    CHECK(shell.err.find("no debts.csv") != std::string::npos);
    CHECK(std::filesystem::exists(dir / "stock.csv"));
    CHECK_FALSE(std::filesystem::exists(dir / "debts.csv"));
    std::filesystem::remove_all(dir);
}
