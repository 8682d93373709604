#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <string>

#include "subscriber/as_of.h"

namespace filial::subscriber {

/// As-of of what a home's customers owe: the newest mark of that home of which this replica holds
/// everything, home's own debts up to the mark's end and those of all other stores as far as home
/// had applied them then. A mark that is reached in home's log alone would promise too much: home
/// knew more. Pure.
class DebtAsOf {
  public:
    /// A newer mark of a store; the newest kMarksKept that may still be reached are kept.
    void offer(const core::HeldMark& held, const std::string& source);

    /// How far this replica is in `debts` of a store.
    using DebtsOf = std::function<schema::Position(const schema::StoreId&)>;
    /// The newest mark of `home` that is covered; null: none is, since this process began.
    const AsOfMark* find(const schema::StoreId& home, const DebtsOf& debts) const;
    void forget(const schema::StoreId& home) { marks_.erase(home); }

    static constexpr std::size_t kMarksKept = 16;

  private:
    std::map<schema::StoreId, std::deque<AsOfMark>> marks_;  ///< Oldest first.
};

}  // namespace filial::subscriber
