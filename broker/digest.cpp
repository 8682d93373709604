// What the broker's copy of a log comes to.
#include "broker/broker.h"
#include "core/journal/log_digest.h"

namespace filial::broker {

using schema::Errc;
using schema::Result;

/// Whoever may read a topic may know what it comes to.
Result<schema::Digests> Broker::digest(const core::Requester& from,
                                       const schema::DigestAsk& ask) const {
    const core::Admission* admission = allow_ == nullptr ? nullptr : allow_->find_store(from.store);
    const bool may = from.local || from.store == self_.value() ||
                     (admission != nullptr && core::AllowList::may_read(*admission, ask.topic));
    if (!may) {
        return schema::fail(Errc::not_allowed, from.store + " has no right to topic " + ask.topic);
    }
    return core::digests_of(journal_, ask);
}

}  // namespace filial::broker
