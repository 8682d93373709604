#include "cli/findings.h"

#include <array>
#include <cstdlib>

#include "cli/pages.h"
#include "schema/payloads.h"

namespace filial::cli {

using schema::AnswerRow;
using schema::StoreVerdict;

namespace {

/// What a flag of an event means for the people of its store.
struct FindingInfo {
    std::uint64_t flag;
    const char* name;
    const char* text;
};
constexpr std::array kFindings{
    FindingInfo{schema::kFlagBelowZero, "below-zero",
                "its stock went below zero: enter the receipt that is missing, or count it"},
    FindingInfo{schema::kFlagUnknownKey, "unknown-customer",
                "the store's log did not know this customer: register him, or correct the number"},
    FindingInfo{schema::kFlagUndecided, "undecided",
                "a notice could not be decided: look at it with `filial why`"},
    FindingInfo{schema::kFlagNoRoom, "no-room",
                "charged beyond what the store might: ask the customer's home for a part of his "
                "limit, or take cash"},
    FindingInfo{schema::kFlagAfterClose, "after-close",
                "booked after the account was closed: his home has to review it"},
    FindingInfo{schema::kFlagPaidTwice, "paid-twice",
                "this document was paid before: the money is credit, ask the customer"},
    FindingInfo{schema::kFlagOverCommitted, "over-committed",
                "more is granted than there is: recall some of it"},
};

std::uint64_t number_in(const AnswerRow& row, const char* name) {
    return std::strtoull(field_of(row, name).c_str(), nullptr, 10);
}

}  // namespace

StoreVerdict verdict_about(const AnswerRow& row) {
    StoreVerdict one;
    one.cause = {schema::StoreId{row.store},
                 schema::Epoch{static_cast<std::uint32_t>(number_in(row, "epoch"))},
                 schema::Sequence{number_in(row, "seq")}};
    one.topic = field_of(row, "topic");
    const std::string& client = field_of(row, "client");
    for (std::size_t i = 0; i < one.client.size() && i * 2 + 2 <= client.size(); ++i) {
        one.client[i] = static_cast<std::uint8_t>(std::stoul(client.substr(i * 2, 2), nullptr, 16));
    }
    one.number = number_in(row, "number");
    one.index = number_in(row, "index");
    return one;
}

std::vector<StoreVerdict> verdicts_on(const AnswerRow& row) {
    StoreVerdict one = verdict_about(row);
    std::vector<StoreVerdict> all;
    const std::string& parked = field_of(row, "parked");
    if (!parked.empty()) {
        one.finding = "parked";
        one.text = "head office cannot replay this event, nor later ones of its key: " +
                   parked.substr(0, 512);
        all.push_back(one);
    }
    for (const FindingInfo& info : kFindings) {
        if ((static_cast<std::uint64_t>(row.value) & info.flag) == 0) continue;
        one.finding = info.name;
        one.text = info.text;
        all.push_back(one);
    }
    return all;
}

}  // namespace filial::cli
