#include "ledger/documents.h"

#include <map>

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

/// Moves kept in one value. A till that writes everything under one number must not make every
/// further move rewrite all that came before.
constexpr std::uint64_t kMovesInAValue = 64;

/// The newest moves of a document and where the older ones are: [voided, moves in all, moves...],
/// where every full kMovesInAValue older moves stand in a value of their own.
struct Tail {
    bool voided = false;
    std::uint64_t count = 0;  ///< Moves that stand open, older values included.
    Bytes moves;              ///< Encoded, one after the other.

    std::uint64_t held() const { return count == 0 ? 0 : (count - 1) % kMovesInAValue + 1; }
    std::uint64_t older_values() const { return count == 0 ? 0 : (count - 1) / kMovesInAValue; }
};

Bytes tail_key(std::string_view document) { return "doc/" + Bytes(document); }

/// Texts have no control characters, so this is nobody's tail.
Bytes older_key(std::string_view document, std::uint64_t index) {
    return tail_key(document) + '\x01' + std::to_string(index);
}

Result<Tail> read_tail(const State& state, std::string_view document) {
    Tail tail;
    const auto value = state.get(tail_key(document));
    if (!value) return tail;
    auto fields = parser().array(*value);
    if (!fields) return fail("own state of document " + Bytes(document), fields.error());
    tail.voided = fields->boolean();
    tail.count = fields->u64();
    tail.moves = fields->bin();
    if (const auto done = parser().finish("own state of a document"); !done) {
        return tl::unexpected(done.error());
    }
    return tail;
}

void write_tail(State& state, std::string_view document, const Tail& tail) {
    schema::Writer out;
    out.array(3).boolean(tail.voided).u64(tail.count).bin(tail.moves);
    state.put(tail_key(document), out.take());
}

using Net = std::map<std::pair<DocumentMove::Of, std::string>, std::int64_t>;

Result<void> add_up(const Bytes& moves, std::uint64_t count, Net& net) {
    schema::Writer out;
    out.array(count).raw(moves);
    auto fields = parser().array(out.bytes());
    if (!fields) return fail("own state of a document", fields.error());
    while (fields->more()) {
        schema::Fields parts = fields->array();
        const auto of = static_cast<DocumentMove::Of>(parts.u64());
        std::int64_t& sum = net[{of, std::string(parts.str())}];
        const auto added = schema::add(sum, parts.i64());
        if (!added) return tl::unexpected(added.error());
        sum = *added;
    }
    return parser().finish("own state of a document");
}

Result<Net> net_of(const State& state, std::string_view document, const Tail& tail) {
    Net net;
    for (std::uint64_t i = 0; i < tail.older_values(); ++i) {
        const auto value = state.get(older_key(document, i));
        if (!value) return fail(Errc::corrupt, "own state of document " + Bytes(document));
        if (const auto ok = add_up(*value, kMovesInAValue, net); !ok) {
            return tl::unexpected(ok.error());
        }
    }
    if (const auto ok = add_up(tail.moves, tail.held(), net); !ok) {
        return tl::unexpected(ok.error());
    }
    return net;
}

Result<std::vector<Event>> reversal(const State& state, const Setting& setting,
                                    const Operation& operation, const DocumentMove& move) {
    const std::uint64_t flags = fact_flag(operation);
    if (move.of == DocumentMove::Of::stock) {
        const auto back = schema::negate(schema::Quantity{move.delta});
        if (!back) return tl::unexpected(back.error());
        auto moved = stock_moved(state, operation.at, move.key,
                                 {*back, "void", operation.subject, flags, {}});
        if (!moved) return tl::unexpected(moved.error());
        auto events = stock_shortfall(state, operation.at, move.key, *back);
        if (events) events->insert(events->begin(), std::move(*moved));
        return events;
    }
    const auto back = schema::negate(schema::Money{move.delta});
    if (!back) return tl::unexpected(back.error());
    return debt_moved(state, setting, operation.at, move.key,
                      {*back, "void", operation.subject, flags});
}

}  // namespace

Result<void> note_move(State& state, const DocumentMove& move, std::string_view reason,
                       std::string_view document) {
    if (document.empty() || reason == "transfer") return {};
    auto tail = read_tail(state, document);
    if (!tail) return tl::unexpected(tail.error());
    if (reason == "void") {
        for (std::uint64_t i = 0; i < tail->older_values(); ++i) {
            state.erase(older_key(document, i));
        }
        write_tail(state, document, Tail{true, 0, {}});
        return {};
    }
    if (tail->held() == kMovesInAValue) {
        state.put(older_key(document, tail->older_values()), std::move(tail->moves));
        tail->moves.clear();
    }
    schema::Writer out;
    out.array(3).u64(static_cast<std::uint64_t>(move.of)).str(move.key).i64(move.delta);
    tail->moves += out.bytes();
    ++tail->count;
    write_tail(state, document, *tail);
    return {};
}

Result<std::vector<Event>> decide_void(const State& state, const Setting& setting,
                                       const Operation& operation) {
    const std::string& document = operation.subject;
    const auto tail = read_tail(state, document);
    if (!tail) return tl::unexpected(tail.error());
    if (tail->count == 0 && tail->voided) {
        return fail(Errc::refused,
                    "document " + document + " was voided already: nothing is booked twice");
    }
    if (tail->count == 0) {
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
    const auto net = net_of(state, document, *tail);
    if (!net) return fail("void " + document, net.error());
    std::vector<Event> events;
    for (const auto& [of_key, delta] : *net) {
        auto moved = reversal(state, setting, operation, {of_key.first, of_key.second, delta});
        if (!moved) return fail("void " + document, moved.error());
        for (Event& event : *moved) events.push_back(std::move(event));
    }
    return events;
}

}  // namespace filial::ledger
