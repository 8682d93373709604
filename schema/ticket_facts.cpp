#include "schema/ticket_facts.h"

#include <set>

#include "schema/grant_payloads.h"
#include "schema/hash_short.h"
#include "schema/payloads.h"

namespace filial::schema {

namespace {

/// A sum of hashes: their order does not matter, and the same fact twice counts twice.
class Facts {
  public:
    void add(std::string_view reason, std::string_view key, std::string_view sku,
             std::int64_t delta, std::string_view document) {
        fact_.clear();
        for (const std::string_view part : {reason, key, sku, document}) {
            const std::uint64_t size = part.size();
            fact_.append(reinterpret_cast<const char*>(&size), sizeof size).append(part);
        }
        fact_.append(reinterpret_cast<const char*>(&delta), sizeof delta);
        sum_ += short_hash_of(fact_);
    }
    /// Whatever it had moved.
    void add_void(const std::string& document) {
        if (voided_.insert(document).second) add("void", document, "", 0, "");
    }
    std::uint64_t value() const { return sum_ == 0 ? 1 : sum_; }

  private:
    std::uint64_t sum_ = 1;
    Bytes fact_;
    std::set<std::string> voided_;
};

void add(const Operation& operation, Facts& facts) {
    const auto moved = [&](std::string_view reason, std::int64_t delta) {
        facts.add(reason, operation.subject, "", delta, operation.document);
    };
    // Below zero without leaving 64 bits, whatever was handed in.
    const auto below = [](std::int64_t value) {
        return static_cast<std::int64_t>(std::uint64_t{0} - static_cast<std::uint64_t>(value));
    };
    const std::int64_t quantity = operation.quantity.value();
    const std::int64_t amount = operation.amount.value();
    switch (operation.kind) {
        case OperationKind::sell:
            return moved("sale", below(quantity));
        case OperationKind::return_goods:
            return moved("return", quantity);
        case OperationKind::receive:
            return moved("receipt", quantity);
        case OperationKind::charge:
            return moved("charge", amount);
        case OperationKind::pay:
            return moved("payment", below(amount));
        case OperationKind::credit_note:
            return moved("credit-note", below(amount));
        case OperationKind::transfer_send:
            return facts.add("sent", operation.subject, operation.sku, quantity, "");
        case OperationKind::transfer_receive:
        case OperationKind::transfer_more:
            return facts.add("received", operation.subject, operation.sku, quantity, "");
        case OperationKind::void_document:
            return facts.add_void(operation.subject);
        default:
            return;
    }
}

/// A move of goods or of a debt.
void add_move(const Event& event, const std::string& reason, std::int64_t delta,
              const std::string& document, Facts& facts) {
    static const std::set<std::string_view> kFacts{"sale",   "return",  "receipt",
                                                   "charge", "payment", "credit-note"};
    if (reason == "void") return facts.add_void(document);
    if (kFacts.contains(reason)) facts.add(reason, event.key, "", delta, document);
}

Result<void> add(const Event& event, Facts& facts) {
    Parser parser;
    if (event.kind == kStockMoved) {
        const auto moved = decode_stock_moved(parser, event.payload);
        if (!moved) return tl::unexpected(moved.error());
        add_move(event, moved->reason, moved->delta.value(), moved->document, facts);
    } else if (event.kind == kDebtMoved) {
        const auto moved = decode_debt_moved(parser, event.payload);
        if (!moved) return tl::unexpected(moved.error());
        add_move(event, moved->reason, moved->delta.value(), moved->document, facts);
    } else if (event.kind == kTransferSent || event.kind == kTransferReceived) {
        const auto step = decode_transfer_step(parser, event.payload);
        if (!step) return tl::unexpected(step.error());
        facts.add(event.kind == kTransferSent ? "sent" : "received", event.key, step->sku,
                  step->quantity.value(), "");
    }
    return {};
}

}  // namespace

std::uint64_t facts_of(std::span<const Operation> operations) {
    Facts facts;
    for (const Operation& operation : operations) add(operation, facts);
    return facts.value();
}

Result<std::uint64_t> facts_of(std::span<const LoggedEvent> events) {
    Facts facts;
    for (const LoggedEvent& logged : events) {
        if (const auto ok = add(logged.event, facts); !ok) {
            return fail("event " + std::to_string(logged.seq.value()), ok.error());
        }
    }
    return facts.value();
}

}  // namespace filial::schema
