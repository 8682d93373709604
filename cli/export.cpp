#include "cli/export.h"

#include <array>
#include <filesystem>

#include "cli/csv.h"
#include "cli/file.h"
#include "cli/json.h"
#include "cli/pages.h"
#include "cli/parked.h"
#include "cli/time_text.h"
#include "schema/amounts.h"

namespace filial::cli {

using schema::AnswerRow;
using schema::QueryKind;
using schema::Result;

namespace {

std::string quantity(const AnswerRow& row) { return to_string(schema::Quantity{row.value}); }
std::string cents(std::int64_t value) { return std::to_string(value); }

struct Export {
    const char* name;
    QueryKind kind;
    const char* header;
    void (*add)(CsvTable&, const AnswerRow&);
};

const std::array kExports{
    Export{"stock", QueryKind::export_stock, "store,sku,qty",
           [](CsvTable& table, const AnswerRow& row) {
               table.add({row.store, row.key, quantity(row)});
           }},
    Export{"debts", QueryKind::export_debts, "customer,home,balance_cents,limit_cents",
           [](CsvTable& table, const AnswerRow& row) {
               table.add({row.key, field_of(row, "home"), cents(row.value), cents(row.second)});
           }},
    Export{"debts_by_store", QueryKind::export_debts_by_store, "customer,store,delta_cents",
           [](CsvTable& table, const AnswerRow& row) {
               table.add({row.key, row.store, cents(row.value)});
           }},
    Export{"customers", QueryKind::export_customers, "customer,home,country",
           [](CsvTable& table, const AnswerRow& row) {
               table.add({row.key, field_of(row, "home"), field_of(row, "country")});
           }},
    Export{"in_transit", QueryKind::export_in_transit, "transfer,from,to,sku,qty",
           [](CsvTable& table, const AnswerRow& row) {
               table.add({row.key, field_of(row, "from"), field_of(row, "to"), field_of(row, "sku"),
                          quantity(row)});
           }},
};

}  // namespace

Result<int> run_export(Context& context, const std::string& dir) {
    auto link = context.connect(Process::subscriber);
    if (!link) return tl::unexpected(link.error());
    std::error_code error;
    std::filesystem::create_directories(dir, error);
    if (error) {
        return schema::fail(schema::Errc::io, "export: make " + dir + ": " + error.message());
    }
    Json counts;
    for (const Export& what : kExports) {
        CsvTable table(what.header);
        schema::Query query;
        query.kind = what.kind;
        const auto asked =
            ask_pages(**link, query, [&](const AnswerRow& row) { what.add(table, row); });
        const auto file = std::filesystem::path(dir) / (std::string(what.name) + ".csv");
        // A subscriber of some topics has some of the tables; a file of an earlier export would
        // pass for one of this.
        if (!asked && asked.error().code == schema::Errc::not_held) {
            std::filesystem::remove(file, error);
            counts[what.name] = nullptr;
            context.console.say("filial: export: no " + std::string(what.name) +
                                ".csv: " + asked.error().message);
            continue;
        }
        if (!asked) {
            return tl::unexpected(with_advice(asked.error(), std::string("export ") + what.name,
                                              Process::subscriber));
        }
        if (const auto written = write_file(file, table.text()); !written) {
            return schema::fail("export", written.error());
        }
        counts[what.name] = table.rows();
        if (!context.console.json) {
            context.console.line(file.string() + ": " + counted(table.rows(), "row"));
        }
    }
    const auto parked =
        parked_keys(**link,
                    {schema::kTopicStock, schema::kTopicDebts, schema::kTopicCustomers,
                     schema::kTopicAccounts, schema::kTopicControl},
                    "");
    if (!parked) return tl::unexpected(with_advice(parked.error(), "export", Process::subscriber));
    if (*parked > 0) context.console.say("filial: export: " + parked_sentence(*parked));
    if (context.console.json) {
        Json out;
        out["dir"] = dir;
        out["rows"] = std::move(counts);
        out["parked_keys"] = *parked;
        context.console.line(dump(out));
    }
    return *parked > 0 ? kStale : kDone;
}

}  // namespace filial::cli
