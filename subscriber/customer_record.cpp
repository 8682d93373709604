#include "subscriber/customer_record.h"

#include <tuple>

#include "schema/amounts.h"
#include "subscriber/number_record.h"
#include "subscriber/replica_keys.h"

namespace filial::subscriber {

using schema::Result;

schema::Bytes encode(const LimitPart& limit) {
    schema::Writer out;
    out.array(4).u64(1).u64(limit.seq.value()).i64(limit.at.value()).i64(limit.cents);
    return out.take();
}

Result<void> CustomerRecord::add(schema::Parser& parser, schema::ByteView rest,
                                 schema::ByteView value) {
    const char kind = rest.empty() ? '\0' : rest.front();
    if (!rest.empty()) rest.remove_prefix(1);
    if (kind == 'd') {
        debts.emplace_back(schema::StoreId{std::string(rest)}, NumberRecord::sum_of(value));
        return {};
    }
    const auto end = rest.find('\0');
    if (end == schema::ByteView::npos) return schema::fail(schema::Errc::corrupt, "customer's key");
    const schema::StoreId store{std::string(rest.substr(0, end))};
    const schema::Epoch epoch{read_u32(rest.substr(end + 1))};
    if (kind == 'f') {
        auto part = ledger::decode_customer_part(parser, value);
        if (!part) return tl::unexpected(part.error());
        parts.push_back({store, epoch, std::move(*part)});
        return {};
    }
    if (kind == 'h') {
        auto steps = HandedLimits::decode(parser, value);
        if (!steps) return tl::unexpected(steps.error());
        handed.emplace_back(store, std::move(*steps));
        return {};
    }
    auto fields = parser.array(value);
    if (kind != 'l' || !fields) return schema::fail(schema::Errc::corrupt, "customer's limit");
    fields->skip();  // Version.
    LimitPart limit{store, epoch, {}, {}, 0};
    limit.seq = schema::Sequence{fields->u64()};
    limit.at = schema::Timestamp{fields->i64()};
    limit.cents = fields->i64();
    limits.push_back(limit);
    return parser.finish("customer's limit");
}

Result<std::int64_t> CustomerRecord::balance() const {
    __extension__ __int128 sum = 0;  // No order of the stores can leave it on the way.
    for (const auto& [store, cents] : debts) sum += cents;
    if (sum > INT64_MAX || sum < INT64_MIN) {
        return schema::fail(schema::Errc::overflow,
                            "debt of " + customer + ": the sum of its stores leaves 64 bits");
    }
    return static_cast<std::int64_t>(sum);
}

const HandedLimits* CustomerRecord::handed_by(const std::string& store) const {
    for (const auto& [from, steps] : handed) {
        if (from.value() == store) return &steps;
    }
    return nullptr;
}

std::string CustomerRecord::home() const {
    std::string home = ledger::merge(parts).home_store();
    // Nobody is handed on more often than there are logs that say so.
    for (std::size_t i = 0; i < handed.size(); ++i) {
        const HandedLimits* said = handed_by(home);
        if (said == nullptr || said->steps.empty() || said->steps.back().to.empty()) break;
        home = said->steps.back().to;
    }
    return home;
}

std::int64_t CustomerRecord::limit(const std::string& home) const {
    const LimitPart* best = nullptr;
    for (const LimitPart& one : limits) {
        if (!home.empty() && one.store.value() != home) continue;
        if (best == nullptr) {
            best = &one;
        } else if (home.empty()) {
            const bool greater = std::tie(best->at, best->store, best->epoch, best->seq) <
                                 std::tie(one.at, one.store, one.epoch, one.seq);
            if (greater) best = &one;
        } else if (best->epoch < one.epoch) {
            best = &one;
        }
    }
    std::int64_t cents = best == nullptr ? 0 : best->cents;
    const HandedLimits* said = handed_by(home);
    if (said == nullptr) return cents;
    for (const HandedLimit& step : said->steps) {
        if (best != nullptr && step.seq < best->seq) continue;  // Set since.
        if (!step.adds) cents = 0;
        cents = schema::add(cents, step.cents).value_or(cents);
    }
    return cents;
}

}  // namespace filial::subscriber
