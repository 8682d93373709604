#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace filial::sim {

/// What has happened in all seeds that were played, and in how many of them.
class Coverage {
  public:
    /// `counts` of one seed, by name.
    void add(const std::map<std::string, std::int64_t>& counts);
    /// Everything, for people.
    void print() const;
    /// The lines that scripts/test gathers into docs/reliability.md, after seeds that all held.
    void print_counts(std::uint64_t steps) const;
    /// Prints each row of faults with its seeds, and whether each of them, each fault, each rare
    /// point, and what they have to lead to happened in at least 1 % of the seeds; names what did
    /// not.
    bool is_complete() const;

  private:
    bool enough(std::int64_t seeds) const { return seeds * 100 >= seeds_; }

    std::int64_t seeds_ = 0;
    std::map<std::string, std::int64_t> times_;
    std::map<std::string, std::int64_t> seen_;  ///< In so many seeds.
    std::map<int, std::int64_t> rows_;          ///< The same, by a row's number.
};

}  // namespace filial::sim
