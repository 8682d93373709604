#include "subscriber/account_pages.h"

#include <algorithm>

#include "schema/limits.h"

namespace filial::subscriber {

using ledger::Standing;
using schema::AnswerRow;
using schema::Bytes;
using schema::GrantOf;
using schema::QueryKind;
using schema::Result;
using schema::RoundFor;
using schema::StoreId;

namespace {

/// Pots that one page looks at; about 30 ms.
constexpr std::size_t kPotsVisited = 5'000;
/// Customers of whom one page reads everything; about as long.
constexpr std::size_t kCustomersVisited = 1'000;
/// Begins the cursors of tasks about goods; no cursor of customers does.
constexpr std::string_view kOfGoods = "goods\n";
/// And about what holders have.
constexpr std::string_view kOfRooms = "rooms\n";

using Found = AccountReader::Found;

std::string of_name(GrantOf of) { return of == GrantOf::credit ? "credit" : "stock"; }

/// Where the pages of lists stand: the owner, and the pot looked at last.
Bytes cursor_of(const std::string& owner, schema::ByteView pot) {
    Bytes cursor = owner;
    cursor += '\0';
    cursor += pot;
    return cursor;
}

void add_round(AnswerRow& row, const ledger::Pot& pot, const AccountNotes& notes) {
    row.fields.emplace_back("round", std::to_string(pot.rounds));
    row.fields.emplace_back("for", AccountPages::purpose_name(pot.purpose));
    if (const AccountNote* opened = notes.last(schema::kRoundOpened)) {
        row.fields.emplace_back("since", schema::to_string(opened->at));
    }
    if (!pot.peer.empty()) row.fields.emplace_back("peer", pot.peer);
    if (!pot.into.empty() && pot.purpose == RoundFor::merge) {
        row.fields.emplace_back("into", pot.into);
    }
}

}  // namespace

AccountPages::AccountPages(const Answers& answers, const schema::Query& query)
    : answers_(answers), query_(query) {}

schema::Freshness AccountPages::heard(const std::string& store, GrantOf of) const {
    schema::Query told = query_;
    told.kind = of == GrantOf::credit ? QueryKind::list_rounds : QueryKind::list_transfers;
    auto freshness = answers_.freshness(told, StoreId{store});
    freshness.positions.clear();
    return freshness;
}

AnswerRow AccountPages::row_of(const Found& found, std::int64_t value) const {
    AnswerRow row;
    row.store = found.owner;
    row.key = found.id;
    row.value = value;
    row.freshness = heard(found.owner, found.of);
    return row;
}

Result<schema::Answer> AccountPages::page() {
    const auto done = query_.kind == QueryKind::account ? account() : list();
    if (!done) return tl::unexpected(done.error());
    return std::move(answer_);
}

Result<PotView> AccountPages::view_of(const Found& found) const {
    const auto reader = answers_.replica_.accounts();
    const auto stores = answers_.replica_.stores();
    if (found.of == GrantOf::stock) return reader.stock(found.owner, found.id, stores);
    const auto record = answers_.replica_.read().customer(found.id);
    if (!record) return tl::unexpected(record.error());
    return reader.credit(*record, stores);
}

Result<void> AccountPages::round_rows(const Found& found, Rows& rows) const {
    const bool under_way = found.pot.standing == Standing::fenced;
    if (found.of != GrantOf::credit || (!under_way && !found.pot.review)) return {};
    const auto view = view_of(found);
    if (!view) return tl::unexpected(view.error());
    const auto notes = answers_.replica_.accounts().notes(found.owner, found.id);
    if (!notes) return tl::unexpected(notes.error());
    AnswerRow row = row_of(found, 0);
    for (const HeldPart& part : view->parts) row.value += part.waits && under_way ? 1 : 0;
    const std::string state = !under_way ? "review" : row.value > 0 ? "waiting" : "ready";
    row.fields.emplace_back("state", state);
    add_round(row, found.pot, *notes);
    for (const HeldPart& part : view->parts) {
        if (!under_way || !part.waits) continue;
        if (part.lost) {
            row.fields.emplace_back("lost:" + part.store.value(), std::to_string(part.out));
        } else {
            row.fields.emplace_back("waits", part.store.value());
        }
    }
    rows.push_back(std::move(row));
    return {};
}

Result<void> AccountPages::task_rows(const Found& found, Rows& rows) const {
    const auto view = view_of(found);
    if (!view) return tl::unexpected(view.error());
    if (view->owner != found.owner) return {};  // Another store goes on with him.
    // What he owed counts with whom he was merged into.
    if (found.of == GrantOf::credit && view->pot.standing == Standing::moved) return {};
    const auto add = [&](const char* task, std::int64_t amount, const std::string& holder) {
        AnswerRow row = row_of(found, amount);
        row.fields = {{"task", task}, {"of", of_name(found.of)}};
        if (!holder.empty()) row.fields.emplace_back("holder", holder);
        rows.push_back(std::move(row));
    };
    if (view->limited && view->reserve < 0) add("beyond", -view->reserve, "");
    for (const HeldPart& part : view->parts) {
        if (part.lost && part.out != 0) add("unaccounted", part.out, part.store.value());
        if (!part.lost && part.room.value_or(0) < 0) {
            add("beyond", -*part.room, part.store.value());
        }
    }
    if (found.of == GrantOf::stock || view->balance >= 0) return {};
    // As long as the customer is owed something, a payment made twice may be what he is owed.
    const auto twice = answers_.replica_.accounts().paid_twice(found.owner, found.id);
    if (!twice) return tl::unexpected(twice.error());
    for (const PaidTwice& payment : *twice) {
        add("paid-twice", std::max(payment.cents, view->balance), payment.store);
        rows.back().fields.emplace_back("document", payment.document);
        rows.back().fields.emplace_back("at", schema::to_string(payment.at));
    }
    return {};
}

Result<void> AccountPages::rows_of(const Found& found, Rows& rows) const {
    if (query_.kind == QueryKind::list_rounds) return round_rows(found, rows);
    if (query_.kind == QueryKind::account_tasks) return task_rows(found, rows);
    if (query_.kind == QueryKind::list_requests) {
        for (const ledger::Amount& request : found.pot.requests) {
            AnswerRow row = row_of(found, request.amount);
            row.fields = {{"of", of_name(found.of)}, {"holder", request.store}};
            rows.push_back(std::move(row));
        }
        return {};
    }
    if (found.pot.shares.empty()) return {};
    const auto view = view_of(found);
    if (!view) return tl::unexpected(view.error());
    for (const HeldPart& part : view->parts) {
        AnswerRow row = row_of(found, part.out);
        row.second = part.room.value_or(0);
        row.fields = {{"of", of_name(found.of)},
                      {"holder", part.store.value()},
                      {"epoch", std::to_string(part.epoch.value())},
                      {"open", part.room ? "yes" : "no"},
                      {"lost", part.lost ? "yes" : "no"}};
        rows.push_back(std::move(row));
    }
    return {};
}

std::size_t AccountPages::rows_max() const {
    constexpr std::size_t most = schema::kPageRowsMax / 2;
    return query_.limit == 0 ? most : std::min<std::size_t>(query_.limit, most);
}

/// Tasks of customers come from everybody who is known here: one who owes more than his limit at
/// home alone has no pot. Then those of goods, from the pots, and those of holders.
Result<void> AccountPages::list() {
    const schema::ByteView after = query_.after;
    if (query_.kind == QueryKind::list_requests) {
        if (after.starts_with(kOfRooms)) return refused_requests(after.substr(kOfRooms.size()));
        const auto done = list_pots(after, "");
        if (done && answer_.next.empty()) answer_.next = kOfRooms;
        return done;
    }
    if (query_.kind != QueryKind::account_tasks) return list_pots(after, "");
    if (after.starts_with(kOfRooms)) return holder_tasks(after.substr(kOfRooms.size()));
    if (after.starts_with(kOfGoods)) {
        const auto done = list_pots(after.substr(kOfGoods.size()), kOfGoods);
        if (done && answer_.next.empty()) answer_.next = kOfRooms;
        return done;
    }
    if (asked_for(GrantOf::credit)) {
        if (const auto done = customer_tasks(after); !done) return done;
    }
    if (answer_.next.empty()) answer_.next = kOfGoods;
    return {};
}

Result<void> AccountPages::customer_tasks(schema::ByteView after) {
    Result<void> result;
    const auto scanned = answers_.replica_.read().scan_customers(
        after, [&](const CustomerRecord& record, schema::ByteView cursor) {
            const Found found{record.home(), GrantOf::credit, record.customer, {}};
            const bool other = !query_.store.empty() && found.owner != query_.store;
            if (!other && !found.owner.empty()) result = task_rows(found, answer_.rows);
            if (!result) return false;
            if (++visited_ < kCustomersVisited && answer_.rows.size() < rows_max()) return true;
            answer_.next = cursor;
            return false;
        });
    return scanned ? result : scanned;
}

/// The store and the record behind it where a list goes on.
Result<std::pair<std::string, Bytes>> AccountPages::place_of(schema::ByteView after) {
    const std::size_t end = after.find('\0');
    std::pair<std::string, Bytes> place(
        after.substr(0, end == Bytes::npos ? 0 : end),
        end == Bytes::npos ? schema::ByteView() : after.substr(end + 1));
    const bool damaged = !after.empty() && end == Bytes::npos;
    if (damaged || (!place.second.empty() && place.second.front() != 'c')) {
        return schema::fail(schema::Errc::invalid, "this cursor belongs to another question");
    }
    return place;
}

bool AccountPages::page_is_full() {
    return ++visited_ >= kPotsVisited || answer_.rows.size() >= rows_max();
}

Result<void> AccountPages::each_store(
    schema::ByteView after, const std::string& only,
    const std::function<Result<void>(const StoreId&, const Bytes& behind)>& scan) {
    const auto place = place_of(after);
    if (!place) return tl::unexpected(place.error());
    for (const StoreId& store : answers_.replica_.stores()) {
        const bool other = !only.empty() && store.value() != only;
        if (other || store.value() < place->first) continue;
        const bool goes_on = store.value() == place->first;
        const auto scanned = scan(store, goes_on ? place->second : Bytes());
        if (!scanned || !answer_.next.empty()) return scanned;
    }
    return {};
}

Result<void> AccountPages::list_pots(schema::ByteView after, std::string_view begin) {
    const bool goods_only = query_.kind == QueryKind::account_tasks;
    return each_store(after, query_.store, [&](const StoreId& owner, const Bytes& behind) {
        Result<void> result;
        const auto scanned = answers_.replica_.accounts().scan(
            owner, behind, [&](const Found& found, schema::ByteView cursor) {
                const bool wanted =
                    asked_for(found.of) && (!goods_only || found.of == GrantOf::stock);
                if (wanted) result = rows_of(found, answer_.rows);
                if (!result) return false;
                if (!page_is_full()) return true;
                answer_.next = Bytes(begin) + cursor_of(owner.value(), cursor);
                return false;
            });
        return scanned ? result : scanned;
    });
}

Result<void> AccountPages::each_room(
    schema::ByteView after, const std::string& only,
    const std::function<void(const StoreId& holder, const AccountReader::HeldRoom&)>& each) {
    return each_store(after, only, [&](const StoreId& holder, const Bytes& behind) {
        const schema::Epoch lives = answers_.replica_.epoch(holder);
        return answers_.replica_.accounts().scan_rooms(
            holder, behind, [&](const AccountReader::HeldRoom& held, schema::ByteView cursor) {
                if (held.room.epoch == lives && asked_for(held.of)) each(holder, held);
                if (!page_is_full()) return true;
                answer_.next = Bytes(kOfRooms) + cursor_of(holder.value(), cursor);
                return false;
            });
    });
}

/// What was taken back from a holder, and what was refused to whoever asked.
Result<void> AccountPages::holder_tasks(schema::ByteView after) {
    const auto add = [&](const StoreId& holder, const AccountReader::HeldRoom& held) {
        const ledger::Room& room = held.room;
        const auto task = [&](const char* name, std::int64_t amount, const std::string& by,
                              const std::string& why) {
            AnswerRow row = row_of({holder.value(), held.of, held.id, {}}, amount);
            row.second = room.open ? room.base : 0;
            row.fields = {{"task", name}, {"of", of_name(held.of)}, {"by", by}, {"why", why}};
            answer_.rows.push_back(std::move(row));
        };
        if (room.cut != 0 && room.open) task("cut", room.cut, room.home, room.why);
        if (!room.refusal.empty()) task("refused", room.wanted, room.asked_of, room.refusal);
    };
    return each_room(after, query_.store, add);
}

Result<void> AccountPages::refused_requests(schema::ByteView after) {
    const auto add = [&](const StoreId& holder, const AccountReader::HeldRoom& held) {
        const ledger::Room& room = held.room;
        const bool other = !query_.store.empty() && room.asked_of != query_.store;
        if (room.refusal.empty() || other) return;
        AnswerRow row = row_of({room.asked_of, held.of, held.id, {}}, room.wanted);
        row.fields = {
            {"of", of_name(held.of)}, {"holder", holder.value()}, {"refused", room.refusal}};
        answer_.rows.push_back(std::move(row));
    };
    return each_room(after, "", add);
}

}  // namespace filial::subscriber
