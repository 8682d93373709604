#include "publisher/readmission.h"

#include <algorithm>

#include "core/journal/log_head.h"
#include "schema/planted.h"

namespace filial::publisher {

using schema::Hash;
using schema::Result;

namespace {

/// The log as a broker says that it holds it.
core::LogHead head_of(const schema::StoreId& store, const schema::Rejoined& word) {
    core::LogHead head{store, word.held_epoch, {}, word.held_end, {}};
    for (const schema::ChainEnd& end : word.held) {
        head.topics.push_back({end.topic, end.last, 0, 0, end.chain});
    }
    return head;
}

bool chains_known(const core::LogHead& head) {
    return std::none_of(head.topics.begin(), head.topics.end(),
                        [](const core::TopicHead& topic) { return topic.chain == Hash{}; });
}

std::string upto(schema::Sequence end) { return std::to_string(end.value()); }

}  // namespace

void Readmission::heard(const std::string& broker, schema::Rejoined answer) {
    words_[broker] = std::move(answer);
}

Result<Readmission::Next> Readmission::next(const core::Journal& journal,
                                            const schema::StoreId& self, bool rebuilt) const {
    const auto unlike = [&](std::string why) -> Next {
        if (!rebuilt) return {Step::set_aside, {}, std::move(why)};
        return {Step::wait,
                {},
                "the brokers hold different logs of this store, and which one goes on has to be "
                "decided by a person: " +
                    why};
    };
    if (!differs_.empty()) return unlike(differs_);
    if (words_.empty()) return Next{Step::wait, {}, "no broker has answered yet"};

    Next next{Step::wait, {}, {}};
    const schema::Sequence end = journal.end(self);
    for (const auto& [broker, word] : words_) {
        next.epoch = std::max(next.epoch, word.epoch);
        if (next.why.empty()) next.why = word.text;
        if (word.held_end.value() == 0) continue;
        if (end < word.held_end && schema::planted(schema::Bug::opens_before_all)) continue;
        if (end < word.held_end) {
            return Next{Step::fetch,
                        {},
                        broker + " holds this store's log up to " + upto(word.held_end) + ", " +
                            upto(end) + " is here"};
        }
        const auto here = journal.head_at(self, word.held_end);
        if (!here) return tl::unexpected(here.error());
        const core::LogHead there = head_of(self, word);
        if (!chains_known(*here) || !chains_known(there)) continue;
        if (core::chains_of(*here) == core::chains_of(there)) continue;
        return unlike("what " + broker + " holds of this store's log up to " + upto(word.held_end) +
                      " is not what is here: chain " +
                      schema::to_hex(schema::view(core::chains_of(there))) + " there, " +
                      schema::to_hex(schema::view(core::chains_of(*here))) + " here");
    }
    if (next.epoch.value() > 0) next.step = Step::open;
    return next;
}

}  // namespace filial::publisher
