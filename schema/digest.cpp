#include "schema/digest.h"

namespace filial::schema {

namespace {

constexpr std::size_t kChainBytes = 32;

}  // namespace

void write_digest_ask(Writer& out, const DigestAsk& ask) {
    out.u64(ask.request).str(ask.store.value()).str(ask.topic).array(ask.at.size());
    for (const Sequence at : ask.at) out.u64(at.value());
    if (ask.reload) out.boolean(true);
}

DigestAsk read_digest_ask(Fields& fields) {
    DigestAsk ask;
    ask.request = fields.u64();
    ask.store = StoreId{std::string(fields.str())};
    ask.topic = fields.str();
    Fields positions = fields.array();
    if (positions.size() > kDigestPositionsMax) fields.refuse("at most 64 positions");
    while (positions.more() && ask.at.size() < kDigestPositionsMax) {
        ask.at.emplace_back(positions.u64());
    }
    ask.reload = fields.boolean();
    return ask;
}

void write_digests(Writer& out, const Digests& digests) {
    out.u64(digests.request).u64(digests.epoch.value()).u64(digests.end.value());
    out.array(digests.chains.size());
    for (const ChainAt& each : digests.chains) {
        out.array(3).u64(each.at.value()).u64(each.last.value()).bin(each.chain);
    }
}

Digests read_digests(Fields& fields) {
    Digests digests;
    digests.request = fields.u64();
    digests.epoch = Epoch{fields.u32()};
    digests.end = Sequence{fields.u64()};
    Fields chains = fields.array();
    if (chains.size() > kDigestPositionsMax) fields.refuse("at most 64 positions");
    while (chains.more() && digests.chains.size() < kDigestPositionsMax) {
        Fields parts = chains.array();
        ChainAt each;
        each.at = Sequence{parts.u64()};
        each.last = Sequence{parts.u64()};
        each.chain = parts.bin();
        if (!each.chain.empty() && each.chain.size() != kChainBytes) parts.refuse("a chain head");
        digests.chains.push_back(std::move(each));
    }
    return digests;
}

}  // namespace filial::schema
