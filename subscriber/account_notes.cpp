#include "subscriber/account_notes.h"

namespace filial::subscriber {

using schema::Bytes;
using schema::ByteView;
using schema::Fields;
using schema::Parser;
using schema::Result;

namespace {

template <class Item>
void keep_last(std::vector<Item>& items, std::size_t most) {
    if (items.size() > most) items.erase(items.begin());
}

/// [version, [item...]]
schema::Writer begin_list(std::size_t items) {
    schema::Writer out;
    out.array(2).u64(1).array(items);
    return out;
}

template <class Each>
Result<void> each_item(Parser& parser, ByteView bytes, const char* what, const Each& each) {
    auto fields = parser.array(bytes);
    if (!fields) return tl::unexpected(fields.error());
    fields->skip();  // Version.
    Fields list = fields->array();
    while (list.more()) each(list.array());
    return parser.finish(what);
}

schema::RoundFor purpose_of(std::uint64_t number) {
    const auto last = static_cast<std::uint64_t>(schema::RoundFor::block);
    return number <= last ? static_cast<schema::RoundFor>(number) : schema::RoundFor::none;
}

}  // namespace

void AccountNotes::add(AccountNote note) {
    notes.push_back(std::move(note));
    keep_last(notes, kKept);
}

const AccountNote* AccountNotes::last(std::string_view kind) const {
    for (auto at = notes.rbegin(); at != notes.rend(); ++at) {
        if (at->kind == kind) return &*at;
    }
    return nullptr;
}

Bytes AccountNotes::encode() const {
    schema::Writer out = begin_list(notes.size());
    for (const AccountNote& note : notes) {
        out.array(9).str(note.kind).u64(note.seq.value()).i64(note.at.value()).u64(note.round);
        out.u64(static_cast<std::uint64_t>(note.purpose)).str(note.peer).str(note.into);
        out.str(note.reason).i64(note.cents);
    }
    return out.take();
}

Result<AccountNotes> AccountNotes::decode(Parser& parser, ByteView bytes) {
    AccountNotes all;
    const auto read = each_item(parser, bytes, "account's notes", [&](Fields item) {
        AccountNote note;
        note.kind = item.str();
        note.seq = schema::Sequence{item.u64()};
        note.at = schema::Timestamp{item.i64()};
        note.round = item.u64();
        note.purpose = purpose_of(item.u64());
        note.peer = item.str();
        note.into = item.str();
        note.reason = item.str();
        note.cents = item.i64();
        all.notes.push_back(std::move(note));
    });
    if (!read) return tl::unexpected(read.error());
    return all;
}

void PaidTwiceList::add(PaidTwice payment) {
    payments.push_back(std::move(payment));
    keep_last(payments, kKept);
}

Bytes PaidTwiceList::encode() const {
    schema::Writer out = begin_list(payments.size());
    for (const PaidTwice& payment : payments) {
        out.array(4).str(payment.store).str(payment.document).i64(payment.cents);
        out.i64(payment.at.value());
    }
    return out.take();
}

Result<PaidTwiceList> PaidTwiceList::decode(Parser& parser, ByteView bytes) {
    PaidTwiceList all;
    const auto read = each_item(parser, bytes, "payments made twice", [&](Fields item) {
        PaidTwice payment;
        payment.store = item.str();
        payment.document = item.str();
        payment.cents = item.i64();
        payment.at = schema::Timestamp{item.i64()};
        all.payments.push_back(std::move(payment));
    });
    if (!read) return tl::unexpected(read.error());
    return all;
}

void HandedLimits::add(HandedLimit step) {
    if (!step.adds) steps.clear();
    steps.push_back(std::move(step));
}

Bytes HandedLimits::encode() const {
    schema::Writer out = begin_list(steps.size());
    for (const HandedLimit& step : steps) {
        out.array(4).u64(step.seq.value()).i64(step.cents).boolean(step.adds).str(step.to);
    }
    return out.take();
}

Result<HandedLimits> HandedLimits::decode(Parser& parser, ByteView bytes) {
    HandedLimits all;
    const auto read = each_item(parser, bytes, "handed limits", [&](Fields item) {
        HandedLimit step;
        step.seq = schema::Sequence{item.u64()};
        step.cents = item.i64();
        step.adds = item.boolean();
        step.to = item.str();
        all.steps.push_back(std::move(step));
    });
    if (!read) return tl::unexpected(read.error());
    return all;
}

}  // namespace filial::subscriber
