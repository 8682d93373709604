#pragma once

#include <map>
#include <set>
#include <string>

#include "cli/tap_positions.h"
#include "schema/mark.h"

namespace filial::cli {

struct TapSettings;

/// What a person is told of where a tap begins, and of why nothing comes. Pure.
class TapBeginning {
  public:
    /// `known` has the positions that are remembered under the tap's name.
    TapBeginning(const TapSettings& settings, const std::map<schema::StoreId, TapPosition>& known);

    /// Where it begins, in one line.
    const std::string& begins() const { return begins_; }
    /// A log ends there.
    void marked(const schema::Mark& mark);
    /// Why it waits, by the marks that came: no log has the topic, or each that it reads from
    /// `from` on ends below. Empty where something is to come, or nothing can be said.
    std::string waits() const;

  private:
    std::string topic_;
    std::uint64_t from_ = 0;  ///< 0: it does not wait for a position.
    std::set<schema::StoreId> known_;
    std::string begins_;
    std::map<schema::StoreId, std::uint64_t> ends_;  ///< Of the topic, by log; 0: has none of it.
};

}  // namespace filial::cli
