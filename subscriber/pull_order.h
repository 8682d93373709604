#pragma once

#include <set>
#include <string>
#include <vector>

#include "schema/call.h"
#include "schema/ids.h"

namespace filial::subscriber {

/// What is asked of the other ends first, in steps: what somebody needs now, then `control` and
/// `accounts` (in them are fences, grants and verdicts), then the topics that the configuration
/// puts first, then all the rest. A step begins when all of the one before is here. Pure.
class PullOrder {
  public:
    /// `topics`: what is copied here. `first`: those that go before others, in their order.
    /// `always`: there are steps though nobody called.
    PullOrder(std::vector<std::string> topics, const std::vector<std::string>& first, bool always);

    /// Begins again: no line stands. What is needed stays.
    void begin();
    /// A call needs this; a topic that is not copied here is left out. True if it is new: the order
    /// begins again with it.
    bool need(const schema::Need& need);
    /// No call is under way any more.
    void forget_needs();

    /// Topics of that log to ask for in the present step; empty: none of it yet.
    std::vector<std::string> topics(const schema::StoreId& store) const;
    bool stepped() const { return steps_ > 1; }
    bool last() const { return step_ + 1 >= steps_; }
    /// All of the present step is here.
    void advance() { step_ += last() ? 0 : 1; }
    const std::vector<schema::Need>& needs() const { return needs_; }

  private:
    void plan();

    std::vector<std::string> topics_;
    std::vector<std::string> first_;  ///< Topics of the steps behind the needs, one each.
    bool always_;
    std::vector<schema::Need> needs_;
    std::size_t steps_ = 1;
    std::size_t step_ = 0;
};

}  // namespace filial::subscriber
