#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "schema/event.h"
#include "schema/grant_payloads.h"
#include "schema/ids.h"

/// What the checker of the property test needs of one event, read once. Written apart from the
/// ledger's own reading of it.
namespace filial::test {

struct Item {
    schema::Epoch epoch;
    schema::Sequence seq;
    std::string kind;
    std::string key;
    std::string peer;
    schema::Epoch of_epoch;   ///< The holder's, as the payload says.
    std::int64_t amount = 0;  ///< Delta of a move, amount of a grant, limit set or handed over.
    std::int64_t debt = 0;    ///< Handed over.
    std::int64_t beyond = 0;
    std::uint64_t flags = 0;
    bool of_stock = false;
    bool roomed = false;
    bool closes = false;
    schema::RoundFor purpose = schema::RoundFor::none;
    std::string into;
    std::string reason;
    std::string addressee;
    schema::Position cause;  ///< Of a notice that it took.
    std::string taken_kind;  ///< Of notice.taken.
    bool ends_write = false;

    bool fact() const { return (flags & schema::kFlagFact) != 0; }
};

Item item_of(const schema::LoggedEvent& logged);

}  // namespace filial::test
