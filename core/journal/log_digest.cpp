#include "core/journal/log_digest.h"

namespace filial::core {

using schema::Result;

Result<schema::Digests> digests_of(const Journal& journal, const schema::DigestAsk& ask) {
    const auto head = journal.head(ask.store);
    if (!head) {
        return schema::fail(schema::Errc::not_found,
                            "the log of " + ask.store.value() + " is not held here");
    }
    schema::Digests digests;
    digests.request = ask.request;
    digests.epoch = head->epoch;
    digests.end = head->end;
    for (const schema::Sequence at : ask.at) {
        if (at > head->end || digests.chains.size() == schema::kDigestPositionsMax) continue;
        const auto then = journal.head_at(ask.store, at);
        if (!then) return tl::unexpected(then.error());
        schema::ChainAt& each = digests.chains.emplace_back();
        each.at = at;
        const TopicHead* topic = then->find(ask.topic);
        const schema::Hash chain = topic == nullptr ? schema::Hash{} : topic->chain;
        if (topic != nullptr) each.last = topic->last;
        // Before the first event the head is zeros; behind one they say that it is not known.
        const bool known = each.last.value() == 0 || chain != schema::Hash{};
        if (known) each.chain = schema::Bytes(schema::view(chain));
    }
    return digests;
}

}  // namespace filial::core
