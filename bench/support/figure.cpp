#include "bench/support/figure.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <map>

#include "core/clock.h"

namespace filial::bench {

using nlohmann::ordered_json;
using schema::Errc;
using schema::fail;
using schema::Result;

namespace {

std::string processor() {
    std::ifstream in("/proc/cpuinfo");
    for (std::string line; std::getline(in, line);) {
        const std::size_t colon = line.find(": ");
        if (line.rfind("model name", 0) == 0 && colon != std::string::npos) {
            return line.substr(colon + 2);
        }
    }
    return "unknown";
}

ordered_json machine() {
    const auto pages = static_cast<double>(::sysconf(_SC_PHYS_PAGES));
    const auto page_bytes = static_cast<double>(::sysconf(_SC_PAGE_SIZE));
    return {{"processor", processor()},
            {"cores", ::sysconf(_SC_NPROCESSORS_ONLN)},
            {"memory_gib", std::round(pages * page_bytes / (1 << 30))}};
}

/// As many digits as mean something: "182,400", "12.4", "0.031".
std::string number(double value) {
    if (std::abs(value) < 100) return fmt::format("{:.3g}", value);
    std::string text = fmt::format("{:.0f}", value);
    for (std::size_t at = text.size(); at > 3 && text[at - 4] != '-';) {
        at -= 3;
        text.insert(at, ",");
    }
    return text;
}

ordered_json as_json(const Row& row) {
    ordered_json out{{"what", row.what},
                     {"unit", row.unit},
                     {"median", median(row.reached)},
                     {"rounds", row.reached}};
    if (!row.limit.empty()) {
        out["limit"] = {
            {"name", row.limit_name}, {"median", median(row.limit)}, {"rounds", row.limit}};
        out["ratio"] = row.ratio();
    }
    if (row.ratio_at_least) out["ratio_at_least"] = *row.ratio_at_least;
    for (const auto& [name, values] : row.beside) {
        out["beside"][name] = {{"median", median(values)}, {"rounds", values}};
        const auto least = row.beside_at_least.find(name);
        if (least != row.beside_at_least.end()) out["beside"][name]["at_least"] = least->second;
    }
    if (!row.verdict().empty()) out["verdict"] = row.verdict();
    return out;
}

void print(const Row& row) {
    std::string line = fmt::format("{}: {} {}", row.what, number(median(row.reached)), row.unit);
    if (!row.limit.empty()) {
        line += fmt::format("; {} {}; ratio {:.2f}", row.limit_name, number(median(row.limit)),
                            row.ratio());
    }
    if (row.ratio_at_least) line += fmt::format(" (at least {:.2f})", *row.ratio_at_least);
    for (const auto& [name, values] : row.beside) {
        line += fmt::format("; {} {}", name, number(median(values)));
        const auto least = row.beside_at_least.find(name);
        if (least != row.beside_at_least.end()) {
            line += fmt::format(" (at least {})", number(least->second));
        }
    }
    if (!row.verdict().empty()) line += "  " + row.verdict();
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);
}

}  // namespace

double median(std::vector<double> values) {
    if (values.empty()) return 0;
    std::sort(values.begin(), values.end());
    const std::size_t middle = values.size() / 2;
    return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double percentile(std::vector<double> values, double share) {
    if (values.empty()) return 0;
    std::sort(values.begin(), values.end());
    const auto at = static_cast<std::size_t>(std::ceil(share * static_cast<double>(values.size())));
    return values[std::clamp<std::size_t>(at, 1, values.size()) - 1];
}

double Row::ratio() const {
    schema::check(limit.size() == reached.size(), "a limit is measured in every round");
    std::vector<double> ratios;
    for (std::size_t i = 0; i < reached.size(); ++i) {
        ratios.push_back(less_is_better ? limit[i] / reached[i] : reached[i] / limit[i]);
    }
    return median(ratios);
}

std::string Row::verdict() const {
    if (!ratio_at_least && beside_at_least.empty()) return "";
    bool kept = !ratio_at_least || ratio() >= *ratio_at_least;
    for (const auto& [name, values] : beside) {
        const auto least = beside_at_least.find(name);
        if (least != beside_at_least.end()) kept = kept && median(values) >= least->second;
    }
    return kept ? "PASS" : "below";
}

void Report::add(Row row) {
    print(row);
    rows_.push_back(std::move(row));
}

void Report::note(std::string text) {
    std::printf("  %s\n", text.c_str());
    std::fflush(stdout);
    notes_.push_back(std::move(text));
}

Result<void> Report::write() const {
    if (setup_.json.empty()) return {};
    ordered_json out{{"bench", bench_},
                     {"version", FILIAL_VERSION},
                     {"at", schema::to_string(core::SystemClock().wall())},
                     {"machine", machine()},
                     {"rounds", setup_.rounds}};
    if (!facts_.is_null()) out["facts"] = facts_;
    for (const Row& row : rows_) out["rows"].push_back(as_json(row));
    out["notes"] = notes_;
    std::ofstream file(setup_.json);
    file << out.dump(2) << "\n";
    file.close();
    if (!file) return fail(Errc::io, "write " + setup_.json.string());
    return {};
}

}  // namespace filial::bench
