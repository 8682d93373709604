#include "subscriber/digest_pages.h"

#include "schema/limits.h"

namespace filial::subscriber {

using schema::AnswerRow;
using schema::Result;
using schema::StoreId;

namespace {

/// Of the rows that are hashed: another form of them is another digest of the same state.
constexpr const char* kContentForm = "3:";

void add_damage(AnswerRow& row, const core::LogDamage& damage) {
    row.fields.emplace_back("damage", damage.why);
    row.fields.emplace_back("after", std::to_string(damage.after.value()));
    row.fields.emplace_back("upto", std::to_string(damage.upto.value()));
}

AnswerRow digest_row(const LogDigest& digest) {
    AnswerRow row;
    row.store = digest.store.value();
    row.key = digest.topic;
    row.value = static_cast<std::int64_t>(digest.position.value());
    row.second = static_cast<std::int64_t>(digest.events);
    row.fields = {{"epoch", std::to_string(digest.epoch.value())},
                  {"last", std::to_string(digest.last.value())},
                  {"parked", std::to_string(digest.parked)},
                  {"waived", std::to_string(digest.waived)}};
    if (digest.damage) {
        add_damage(row, *digest.damage);
    } else {
        row.fields.emplace_back("chain", schema::to_hex(schema::view(digest.chain)));
        if (!digest.known) return row;
        row.fields.emplace_back("content",
                                kContentForm + schema::to_hex(schema::view(digest.content)));
    }
    return row;
}

}  // namespace

Result<schema::Answer> digest_rows(const Replica& replica, const schema::Query& query) {
    if (const auto named = replica.copies(StoreId{query.store}, query.topic); !named) {
        return tl::unexpected(named.error());
    }
    schema::Answer answer;
    answer.request = query.request;
    const auto wanted = [&](const std::string& store, const std::string& topic) {
        return answer.rows.size() < schema::kPageRowsMax &&
               (query.store.empty() || store == query.store) &&
               (query.topic.empty() || topic == query.topic);
    };
    const auto& digests = replica.digests();
    for (const StoreId& store : replica.stores()) {
        for (const std::string& topic : replica.topics()) {
            if (!wanted(store.value(), topic)) continue;
            const auto known = digests.find({store, topic});
            if (known != digests.end()) {
                answer.rows.push_back(digest_row(known->second));
                continue;
            }
            const core::LogDamage* found = nullptr;
            for (const core::LogDamage& each : replica.damages()) {
                if (each.store == store && each.topic == topic) found = &each;
            }
            const schema::Sequence at = replica.position(store, topic);
            if (at.value() == 0 && found == nullptr) continue;
            AnswerRow& row = answer.rows.emplace_back();
            row.store = store.value();
            row.key = topic;
            row.value = static_cast<std::int64_t>(at.value());
            row.fields = {{"epoch", std::to_string(replica.epoch(store).value())}};
            if (found != nullptr) add_damage(row, *found);
        }
    }
    return answer;
}

Result<schema::Digests> digests_of(const Replica& replica, const schema::DigestAsk& ask) {
    schema::Digests digests;
    digests.request = ask.request;
    digests.epoch = replica.epoch(ask.store);
    digests.end = replica.position(ask.store, ask.topic);
    for (const schema::Sequence at : ask.at) {
        auto chain = replica.chain_at(ask.store, ask.topic, at);
        if (!chain) return tl::unexpected(chain.error());
        if (*chain) digests.chains.push_back(std::move(**chain));
    }
    return digests;
}

}  // namespace filial::subscriber
