// What the store's own log comes to.
#include "core/journal/log_digest.h"
#include "publisher/publisher.h"

namespace filial::publisher {

using schema::Errc;
using schema::Result;

/// Whoever may read a topic may know what it comes to.
Result<schema::Digests> Publisher::digest(const core::Requester& from,
                                          const schema::DigestAsk& ask) const {
    const core::Admission* admission = allow_ == nullptr ? nullptr : allow_->find_store(from.store);
    const bool may = from.local || from.store == outbox_->store().value() ||
                     (admission != nullptr && core::AllowList::may_read(*admission, ask.topic));
    if (!may) {
        return schema::fail(Errc::not_allowed, from.store + " has no right to topic " + ask.topic);
    }
    return core::digests_of(journal_, ask);
}

}  // namespace filial::publisher
