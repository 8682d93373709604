#include "schema/greeting_words.h"

#include "schema/limits.h"

namespace filial::schema {
namespace {

/// Credit of a leg that stands; the places of other numbers are filled with 0.
constexpr std::uint64_t kUsualCredit = 1'048'576;

Bytes usual_fetch(const Hello& hearer) {
    Fetch fetch;
    fetch.session = hearer.nonce;
    fetch.store = StoreId{hearer.store};
    fetch.epoch = hearer.epoch;
    fetch.after = {{std::string(kAllTopics), Sequence{0}}};
    fetch.credit = kUsualCredit;
    fetch.restart = true;
    fetch.codecs = 1u << static_cast<unsigned>(BlockCodec::columns);
    fetch.dictionaries = true;
    fetch.incarnation = hearer.incarnation;
    return encode(Message{std::move(fetch)});
}

Bytes usual_block(const Hello& speaker, const Hello& hearer) {
    BlockMessage message;
    message.session = hearer.nonce;
    message.block.store = StoreId{speaker.store};
    message.block.epoch = speaker.epoch;
    message.block.topics = {std::string(kAllTopics)};
    message.block.codec = BlockCodec::columns;
    return encode(Message{std::move(message)});
}

Bytes usual_mark(const Hello& speaker, const Hello& hearer) {
    Mark mark;
    mark.store = StoreId{speaker.store};
    mark.epoch = speaker.epoch;
    const std::vector<TopicEnd> ends{{std::string(kTopicAccounts), Sequence{0}},
                                     {std::string(kTopicControl), Sequence{0}},
                                     {std::string(kTopicCustomers), Sequence{0}},
                                     {std::string(kTopicDebts), Sequence{0}},
                                     {std::string(kTopicStock), Sequence{0}}};
    mark.ends = ends;
    mark.applied = {{mark.store, mark.epoch, ends}};
    MarkMessage message;
    message.session = hearer.nonce;
    message.mark = encode(mark);
    return encode(Message{std::move(message)});
}

Bytes names(const Hello& hello) {
    Writer out;
    out.array(hello.offers.size());
    for (const std::string& store : hello.offers) out.str(store);
    return out.take();
}

}  // namespace

Bytes greeting_words(const Hello& speaker, const Hello& hearer) {
    return names(speaker) + names(hearer) + usual_block(speaker, hearer) + usual_fetch(hearer) +
           usual_mark(speaker, hearer);
}

}  // namespace filial::schema
