#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/context.h"
#include "cli/json.h"

namespace filial::cli {

/// Which of stock, debts, customers and accounts a replica has nothing of, for who asks it. An
/// answer over many topics leaves them out, and has to say so.
struct Unseen {
    std::vector<std::string> topics;
    std::string why;  ///< The replica's own words about the first one.

    bool any() const { return !topics.empty(); }
    bool has(std::string_view topic) const;
};

/// Asks the replica behind `link`, in three questions that cost nothing. Topics that are not copied
/// there and those that may not be read from here count alike.
schema::Result<Unseen> unseen_topics(Link& link);

/// As a list in JSON; for people with the reason, "debts, customers not looked through: why".
Json unseen_json(const Unseen& unseen);
std::string to_string(const Unseen& unseen);

}  // namespace filial::cli
