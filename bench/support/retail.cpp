#include "bench/support/retail.h"

#include <algorithm>
#include <fstream>
#include <string_view>

#include "cli/json_operation.h"
#include "schema/limits.h"

namespace filial::bench {

using schema::Errc;
using schema::fail;
using schema::Operation;
using schema::OperationKind;
using schema::Result;

namespace {

constexpr const char* kElsewhere = "elsewhere";

Result<StoreTrade> read_store(const std::filesystem::path& file) {
    StoreTrade trade{file.stem().string(), {}};
    std::ifstream in(file);
    for (std::string line; std::getline(in, line);) {
        if (line.empty()) continue;
        auto operations = cli::parse_operations(line, {{}, {}, false, true});
        if (!operations) return fail(file.string(), operations.error());
        for (Operation& operation : *operations) trade.operations.push_back(std::move(operation));
    }
    return trade;
}

bool is_transfer(OperationKind kind) {
    return kind == OperationKind::transfer_send || kind == OperationKind::transfer_receive ||
           kind == OperationKind::transfer_cancel;
}

bool names_customer(OperationKind kind) {
    return schema::operation_info(kind).subject == "customer";
}

/// "536376" of "536376#83": the document without its line.
std::string_view document_of(const Operation& operation) {
    const std::string_view text = operation.document;
    return text.substr(0, text.find('#'));
}

}  // namespace

Result<std::vector<StoreTrade>> read_trade(const std::filesystem::path& dir) {
    std::vector<std::filesystem::path> files;
    std::error_code failed;
    for (const auto& entry : std::filesystem::directory_iterator(dir / "ops", failed)) {
        if (entry.path().extension() == ".jsonl") files.push_back(entry.path());
    }
    if (files.empty()) {
        return fail(Errc::invalid, dir.string() + " has no ops/*.jsonl; see data/README.md");
    }
    std::sort(files.begin(), files.end());
    std::vector<StoreTrade> all;
    for (const auto& file : files) {
        auto trade = read_store(file);
        if (!trade) return tl::unexpected(trade.error());
        all.push_back(std::move(*trade));
    }
    return all;
}

std::vector<StoreTrade> repeated(const std::vector<StoreTrade>& trade, std::size_t passes) {
    std::vector<StoreTrade> all = trade;
    for (std::size_t pass = 1; pass < passes; ++pass) {
        for (std::size_t i = 0; i < trade.size(); ++i) {
            for (Operation operation : trade[i].operations) {
                const bool once = is_transfer(operation.kind) || names_customer(operation.kind);
                if (once) operation.subject += "." + std::to_string(pass);
                all[i].operations.push_back(std::move(operation));
            }
        }
    }
    return all;
}

std::vector<Operation> as_one_shop(const std::vector<StoreTrade>& trade, const std::string& shop) {
    std::vector<Operation> all;
    for (const StoreTrade& store : trade) {
        for (Operation operation : store.operations) {
            if (operation.kind == OperationKind::customer_add) operation.peer = shop;
            if (is_transfer(operation.kind)) operation.peer = kElsewhere;
            if (operation.kind == OperationKind::transfer_receive) {
                operation.subject = "in-" + operation.subject;
            }
            all.push_back(std::move(operation));
        }
    }
    std::stable_sort(all.begin(), all.end(),
                     [](const Operation& a, const Operation& b) { return a.at < b.at; });
    return all;
}

std::size_t count(const std::vector<StoreTrade>& trade) {
    std::size_t operations = 0;
    for (const StoreTrade& store : trade) operations += store.operations.size();
    return operations;
}

std::vector<std::vector<Operation>> receipts(const std::vector<Operation>& operations) {
    std::vector<std::vector<Operation>> all;
    std::string_view document;
    for (const Operation& operation : operations) {
        const bool same = !document.empty() && document_of(operation) == document &&
                          all.back().size() < schema::kOperationsMax;
        if (!same) all.emplace_back();
        all.back().push_back(operation);
        document = document_of(operation);
    }
    return all;
}

std::vector<std::vector<Operation>> one_by_one(const std::vector<Operation>& operations) {
    std::vector<std::vector<Operation>> all;
    all.reserve(operations.size());
    for (const Operation& operation : operations) all.push_back({operation});
    return all;
}

}  // namespace filial::bench
