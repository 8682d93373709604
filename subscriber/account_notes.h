#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "schema/grant_payloads.h"
#include "schema/ids.h"
#include "schema/result.h"
#include "schema/timestamp.h"

/// What the folded state of a store does not keep, and people want to see of a customer's account:
/// when something was decided, and why. Records of one log.
namespace filial::subscriber {

/// A round, a verdict or a block in the log of the customer's home.
struct AccountNote {
    std::string kind;  ///< "round.opened", "account.closed", ...
    schema::Sequence seq;
    schema::Timestamp at;
    std::uint64_t round = 0;
    schema::RoundFor purpose = schema::RoundFor::none;
    std::string peer;
    std::string into;
    std::string reason;
    std::int64_t cents = 0;  ///< Debt found at the verdict.
    friend bool operator==(const AccountNote&, const AccountNote&) = default;
};

/// The last ones, oldest first. The one that opened the round that is under way is always there:
/// little can happen between the two.
struct AccountNotes {
    static constexpr std::size_t kKept = 16;
    std::vector<AccountNote> notes;

    void add(AccountNote note);
    /// The last one of this kind; nullptr if there is none.
    const AccountNote* last(std::string_view kind) const;

    schema::Bytes encode() const;
    /// `corrupt` on damage.
    static schema::Result<AccountNotes> decode(schema::Parser& parser, schema::ByteView bytes);
};

/// A payment whose document was paid before, as its customer's home found it.
struct PaidTwice {
    std::string store;  ///< Where it was taken.
    std::string document;
    std::int64_t cents = 0;
    schema::Timestamp at;
    friend bool operator==(const PaidTwice&, const PaidTwice&) = default;
};

/// The last ones, oldest first.
struct PaidTwiceList {
    static constexpr std::size_t kKept = 16;
    std::vector<PaidTwice> payments;

    void add(PaidTwice payment);
    schema::Bytes encode() const;
    /// `corrupt` on damage.
    static schema::Result<PaidTwiceList> decode(schema::Parser& parser, schema::ByteView bytes);
};

/// What handing over did to a customer's limit in one log: `limit.set`, in another topic, holds
/// until the next one of these.
struct HandedLimit {
    schema::Sequence seq;
    std::int64_t cents = 0;
    bool adds = false;  ///< To the limit before; else it is the limit.
    std::string to;     ///< Another store is his home since.
    friend bool operator==(const HandedLimit&, const HandedLimit&) = default;
};

/// In the order of the log. One that does not add ends what was before.
struct HandedLimits {
    std::vector<HandedLimit> steps;

    void add(HandedLimit step);
    schema::Bytes encode() const;
    /// `corrupt` on damage.
    static schema::Result<HandedLimits> decode(schema::Parser& parser, schema::ByteView bytes);
};

}  // namespace filial::subscriber
