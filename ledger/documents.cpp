#include "ledger/documents.h"

#include <map>
#include <optional>
#include <utility>

#include "ledger/claims.h"
#include "ledger/debts.h"
#include "ledger/stock.h"
#include "ledger/transfers.h"

namespace filial::ledger {

using schema::Bytes;
using schema::Errc;
using schema::Event;
using schema::fail;
using schema::Operation;
using schema::Result;

namespace {

/// Lines of a ticket whose moves of goods stand in one value.
constexpr std::uint64_t kMovesInAValue = 64;
constexpr std::size_t kSequenceBytes = 8;

// Under a document's name:
//   doc/NAME                       [upto]: what is not above it was voided
//   doc/NAME 02 SEQUENCE           [sku, delta, n]... of SEQUENCE + n, the goods of one ticket
//   doc/NAME 03 CUSTOMER 02 SEQUENCE   [delta, on the bill: 0 not, 1 charged, 2 paid]
// Texts have no control characters, so that nobody's name is a part of another one's.
Bytes voided_key(std::string_view document) { return "doc/" + Bytes(document); }

Bytes goods_keys(std::string_view document) { return voided_key(document) + '\x02'; }

Bytes debt_keys(std::string_view document) { return voided_key(document) + '\x03'; }

Bytes debt_keys(std::string_view document, std::string_view customer) {
    Bytes key = debt_keys(document);
    key += customer;
    key += '\x02';
    return key;
}

void add_sequence(Bytes& key, std::uint64_t sequence) {
    for (std::size_t i = kSequenceBytes; i-- > 0;) {
        key += static_cast<char>(sequence >> (8 * i) & 0xff);
    }
}

std::uint64_t sequence_of(schema::ByteView key) {
    std::uint64_t sequence = 0;
    for (const char byte : key.substr(key.size() - kSequenceBytes)) {
        sequence = sequence << 8 | static_cast<unsigned char>(byte);
    }
    return sequence;
}

enum class OnBill : std::uint8_t { no = 0, charged = 1, paid = 2 };

/// Nothing where the document was never voided.
Result<std::optional<std::uint64_t>> voided_upto(const State& state, std::string_view document) {
    const auto value = state.get(voided_key(document));
    if (!value) return std::optional<std::uint64_t>{};
    auto fields = parser().array(*value);
    if (!fields) return fail("own state of document " + Bytes(document), fields.error());
    const std::uint64_t upto = fields->u64();
    const auto done = parser().finish("own state of a document");
    if (!done) return tl::unexpected(done.error());
    return std::optional<std::uint64_t>{upto};
}

void close(State& state, std::string_view document, schema::Sequence upto) {
    schema::Writer out;
    out.array(1).u64(upto.value());
    state.put(voided_key(document), out.take());
}

bool is_kept(std::string_view reason, std::string_view document) {
    return !document.empty() && reason != "transfer";
}

enum class Of : std::uint8_t { stock = 0, debt = 1 };
using Net = std::map<std::pair<Of, std::string>, std::int64_t>;

Result<void> add_up(Net& net, Of of, std::string_view key, std::int64_t delta) {
    std::int64_t& sum = net[{of, std::string(key)}];
    const auto added = schema::add(sum, delta);
    if (!added) return tl::unexpected(added.error());
    sum = *added;
    return {};
}

Result<void> add_goods(schema::ByteView moves, std::uint64_t from, std::uint64_t voided, Net& net) {
    const auto count = schema::Parser::count_values(moves);
    if (!count) return fail("own state of a document", count.error());
    schema::Writer out;
    out.array(*count).raw(moves);
    auto fields = parser().array(out.bytes());
    if (!fields) return fail("own state of a document", fields.error());
    while (fields->more()) {
        schema::Fields parts = fields->array();
        const std::string_view sku = parts.str();
        const std::int64_t delta = parts.i64();
        if (from + parts.u64() <= voided) continue;
        if (const auto ok = add_up(net, Of::stock, sku, delta); !ok) return ok;
    }
    return parser().finish("own state of a document");
}

struct DebtMove {
    std::int64_t delta = 0;
    OnBill on = OnBill::no;
};

Result<DebtMove> debt_move(schema::ByteView value) {
    auto fields = parser().array(value);
    if (!fields) return fail("own state of a document", fields.error());
    DebtMove move;
    move.delta = fields->i64();
    move.on = static_cast<OnBill>(fields->u64());
    const auto done = parser().finish("own state of a document");
    if (!done) return tl::unexpected(done.error());
    return move;
}

/// What stands under it.
Result<Net> net_of(const State& state, std::string_view document, std::uint64_t voided) {
    Net net;
    Result<void> all;
    const auto goods =
        state.scan(goods_keys(document), [&](schema::ByteView key, schema::ByteView value) {
            if (all) all = add_goods(value, sequence_of(key), voided, net);
        });
    if (!goods) return tl::unexpected(goods.error());
    const Bytes prefix = debt_keys(document);
    const auto debts = state.scan(prefix, [&](schema::ByteView key, schema::ByteView value) {
        if (!all || sequence_of(key) <= voided) return;
        const auto move = debt_move(value);
        key.remove_prefix(prefix.size());
        key.remove_suffix(1 + kSequenceBytes);
        all = move ? add_up(net, Of::debt, key, move->delta) : tl::unexpected(move.error());
    });
    if (!debts) return tl::unexpected(debts.error());
    if (!all) return tl::unexpected(all.error());
    return net;
}

Result<std::vector<Event>> reversal(const State& state, const Setting& setting,
                                    const Operation& operation, Of of, const std::string& key,
                                    std::int64_t delta) {
    const std::uint64_t flags = fact_flag(operation);
    if (of == Of::stock) {
        const auto back = schema::negate(schema::Quantity{delta});
        if (!back) return tl::unexpected(back.error());
        auto moved =
            stock_moved(state, operation.at, key, {*back, "void", operation.subject, flags, {}});
        if (!moved) return tl::unexpected(moved.error());
        auto events = stock_shortfall(state, operation.at, key, *back);
        if (events) events->insert(events->begin(), std::move(*moved));
        return events;
    }
    const auto back = schema::negate(schema::Money{delta});
    if (!back) return tl::unexpected(back.error());
    return debt_moved(state, setting, operation.at, key, {*back, "void", operation.subject, flags});
}

}  // namespace

Result<void> note_goods(State& state, const schema::LoggedEvent& logged, std::int64_t delta,
                        std::string_view reason, std::string_view document) {
    if (!is_kept(reason, document)) return {};
    if (reason == "void") {
        close(state, document, logged.seq);
        return {};
    }
    const std::uint64_t behind = logged.event.index % kMovesInAValue;
    Bytes key = goods_keys(document);
    add_sequence(key, logged.seq.value() - behind);
    schema::Writer out;
    out.array(3).str(logged.event.key).i64(delta).u64(behind);
    state.add_part(key, out.take());
    return {};
}

Result<void> note_debt(State& state, const schema::LoggedEvent& logged, std::int64_t delta,
                       std::string_view reason, std::string_view document, bool billed) {
    if (!is_kept(reason, document)) return {};
    if (reason == "void") {
        close(state, document, logged.seq);
        return {};
    }
    OnBill on = reason == "payment" ? OnBill::paid : OnBill::charged;
    if (!billed || reason == "credit-note") on = OnBill::no;
    Bytes key = debt_keys(document, logged.event.key);
    add_sequence(key, logged.seq.value());
    schema::Writer out;
    out.array(2).i64(delta).u64(static_cast<std::uint64_t>(on));
    state.put_new(key, out.take());
    return {};
}

Result<Bill> own_bill(const State& state, std::string_view customer, std::string_view document) {
    const auto voided = voided_upto(state, document);
    if (!voided) return tl::unexpected(voided.error());
    Bill bill;
    Result<void> all;
    const auto add = [&](std::int64_t& sum, std::int64_t delta) {
        const auto added = schema::add(sum, delta);
        // A bill that leaves 64 bits is no reason to lose a move.
        if (added) sum = *added;
    };
    const auto scanned = state.scan(debt_keys(document, customer), [&](schema::ByteView key,
                                                                       schema::ByteView value) {
        if (!all || sequence_of(key) <= voided->value_or(0)) return;
        const auto move = debt_move(value);
        if (!move) all = tl::unexpected(move.error());
        if (!move || move->on == OnBill::no) return;
        move->on == OnBill::paid ? add(bill.paid, -move->delta) : add(bill.charged, move->delta);
    });
    if (!scanned) return tl::unexpected(scanned.error());
    if (!all) return tl::unexpected(all.error());
    return bill;
}

Result<std::vector<Event>> decide_void(const State& state, const Setting& setting,
                                       const Operation& operation) {
    const std::string& document = operation.subject;
    const auto voided = voided_upto(state, document);
    if (!voided) return tl::unexpected(voided.error());
    const auto net = net_of(state, document, voided->value_or(0));
    if (!net) return fail("void " + document, net.error());
    if (net->empty() && *voided) {
        return fail(Errc::refused,
                    "document " + document + " was voided already: nothing is booked twice");
    }
    if (net->empty()) {
        const auto transfer = is_transfer(state, document);
        if (!transfer) return tl::unexpected(transfer.error());
        if (*transfer) {
            return fail(Errc::refused, document +
                                           " is a transfer, which cannot be voided: use "
                                           "transfer cancel at the store that sent it");
        }
        return fail(Errc::refused, "no document " + document +
                                       " was booked here: check the number, and void it at the "
                                       "store that booked it");
    }
    std::vector<Event> events;
    for (const auto& [of_key, delta] : *net) {
        auto moved = reversal(state, setting, operation, of_key.first, of_key.second, delta);
        if (!moved) return fail("void " + document, moved.error());
        for (Event& event : *moved) events.push_back(std::move(event));
    }
    return events;
}

}  // namespace filial::ledger
