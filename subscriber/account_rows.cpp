// What is answered about one account.
#include "subscriber/account_pages.h"

namespace filial::subscriber {

using ledger::Standing;
using schema::AnswerRow;
using schema::GrantOf;
using schema::Result;
using schema::RoundFor;

std::string AccountPages::purpose_name(RoundFor purpose) {
    switch (purpose) {
        case RoundFor::close:
            return "close";
        case RoundFor::move:
            return "move-home";
        case RoundFor::merge:
            return "merge";
        case RoundFor::block:
            return "block";
        case RoundFor::none:
            break;
    }
    return "";
}

std::string AccountPages::standing_of(const ledger::Pot& pot) {
    switch (pot.standing) {
        case Standing::open:
            return "open";
        case Standing::fenced:
            return "round";
        case Standing::closed:
            return "closed";
        case Standing::moved:
            return pot.purpose == RoundFor::merge ? "merged" : "moved";
    }
    return "open";
}

std::vector<std::pair<std::string, std::string>> AccountPages::remarks(const PotView& view) {
    std::vector<std::pair<std::string, std::string>> fields;
    if (view.pot.blocked) fields.emplace_back("blocked", "yes");
    if (view.pot.standing == Standing::open) return fields;
    std::string text = standing_of(view.pot);
    if (view.pot.standing == Standing::fenced) {
        text += " " + std::to_string(view.pot.rounds) + " (" + purpose_name(view.pot.purpose) + ")";
    } else if (view.pot.standing == Standing::moved) {
        text += view.pot.purpose == RoundFor::merge ? " into " + view.pot.into : "";
        text += view.pot.purpose == RoundFor::merge ? "" : " to " + view.pot.peer;
    }
    fields.emplace_back("account", text);
    return fields;
}

Result<void> AccountPages::account() {
    const auto record = answers_.replica_.read().customer(query_.key);
    if (!record) return tl::unexpected(record.error());
    const auto reader = answers_.replica_.accounts();
    const auto view = reader.credit(*record, answers_.replica_.stores());
    if (!view) return tl::unexpected(view.error());
    if (record->empty() && record->handed.empty()) return answers_.not_found(query_);
    answer_.unit = "cents";

    auto head = answers_.debt_row(*record);
    if (!head) return tl::unexpected(head.error());
    head->fields = {{"row", "account"}, {"home", view->owner}};
    head->fields.emplace_back("standing", standing_of(view->pot));
    if (view->pot.blocked) head->fields.emplace_back("blocked", "yes");
    if (view->pot.review) head->fields.emplace_back("review", "yes");
    if (!view->pot.peer.empty()) head->fields.emplace_back("peer", view->pot.peer);
    if (!view->pot.into.empty()) head->fields.emplace_back("into", view->pot.into);
    // What he owes, if he was merged into another one, is in that one's reserve.
    const bool gone = view->pot.standing == Standing::moved;
    head->fields.emplace_back("reserve", std::to_string(gone ? 0 : view->reserve));
    head->fields.emplace_back("unaccounted", std::to_string(view->unaccounted()));
    const auto notes = reader.notes(view->owner, view->id);
    if (!notes) return tl::unexpected(notes.error());
    if (view->pot.standing == Standing::fenced) {
        head->fields.emplace_back("round", std::to_string(view->pot.rounds));
        head->fields.emplace_back("for", purpose_name(view->pot.purpose));
        if (const AccountNote* opened = notes->last(schema::kRoundOpened)) {
            head->fields.emplace_back("since", schema::to_string(opened->at));
        }
    }
    for (const auto& [store, cents] : record->debts) {
        head->fields.emplace_back("at:" + store.value(), std::to_string(cents));
    }
    if (const auto added = answers_.add_merged(view->pot, *head); !added) return added;
    head->freshness = answers_.freshness_of_all(query_);
    answer_.rows.push_back(std::move(*head));

    const AccountReader::Found found{view->owner, GrantOf::credit, view->id, view->pot};
    for (const HeldPart& part : view->parts) {
        AnswerRow row = row_of(found, part.out);
        row.store = part.store.value();
        row.second = part.room.value_or(0);
        row.fields = {{"row", "holder"}, {"epoch", std::to_string(part.epoch.value())}};
        row.fields.emplace_back("open", part.room ? "yes" : "no");
        row.fields.emplace_back("lost", part.lost ? "yes" : "no");
        row.fields.emplace_back("waits", part.waits ? "yes" : "no");
        row.freshness = heard(part.store.value(), GrantOf::credit);
        answer_.rows.push_back(std::move(row));
    }
    for (const ledger::Amount& request : view->pot.requests) {
        AnswerRow row = row_of(found, request.amount);
        row.store = request.store;
        row.fields = {{"row", "request"}};
        answer_.rows.push_back(std::move(row));
    }
    for (const AccountNote& note : notes->notes) {
        AnswerRow row = row_of(found, note.cents);
        row.fields = {{"row", "note"},
                      {"kind", note.kind},
                      {"seq", std::to_string(note.seq.value())},
                      {"at", schema::to_string(note.at)},
                      {"for", purpose_name(note.purpose)},
                      {"peer", note.peer},
                      {"reason", note.reason}};
        answer_.rows.push_back(std::move(row));
    }
    return {};
}

}  // namespace filial::subscriber
