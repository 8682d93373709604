#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "bench/support/setup.h"
#include "schema/result.h"

namespace filial::bench {

/// The middle one; of an even number the mean of the two in the middle. 0 of none.
double median(std::vector<double> values);
/// The smallest value that `share` (0 to 1) of the values do not exceed. 0 of none.
double percentile(std::vector<double> values, double share);

/// One line of a bench: what was reached in each round, and beside it a limit that was measured in
/// turns with it, round by round.
struct Row {
    std::string what;
    std::string unit;
    std::vector<double> reached;
    std::string limit_name;                ///< Empty where there is no limit to hold it against.
    std::vector<double> limit;             ///< As many as `reached`.
    bool less_is_better = false;           ///< A latency, not a rate.
    std::optional<double> ratio_at_least;  ///< What was promised; nullopt: only shown.
    /// Further numbers of each round, and the least that the median of some of them must be.
    std::vector<std::pair<std::string, std::vector<double>>> beside;
    std::map<std::string, double> beside_at_least;

    /// Median of the rounds' ratios: only two numbers of one round have met the same disk.
    double ratio() const;
    /// "PASS", "below", or "" where nothing was promised.
    std::string verdict() const;
};

/// Everything that one bench says.
class Report {
  public:
    Report(const Setup& setup, std::string bench) : setup_(setup), bench_(std::move(bench)) {}
    /// Prints the row for people and keeps it.
    void add(Row row);
    /// A sentence that belongs to the figures.
    void note(std::string text);
    /// A fact about the run for the JSON: how many events, stores, bytes.
    void fact(const std::string& name, const nlohmann::ordered_json& value) {
        facts_[name] = value;
    }
    /// Writes the JSON where the setup says. `io`.
    schema::Result<void> write() const;

  private:
    const Setup& setup_;
    std::string bench_;
    std::vector<Row> rows_;
    std::vector<std::string> notes_;
    nlohmann::ordered_json facts_;
};

}  // namespace filial::bench
