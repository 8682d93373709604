#include "broker/life.h"

#include "schema/hash.h"

namespace filial::broker {

using schema::Incarnation;
using schema::Result;

namespace {

constexpr std::string_view kLifeKey = "life";

}  // namespace

Result<Incarnation> life_of(core::Journal& journal) {
    const auto known = journal.get(kLifeKey);
    if (!known) return tl::unexpected(known.error());
    Incarnation life{};
    if (*known) {
        if ((*known)->size() != life.size()) {
            return schema::fail(
                schema::Errc::corrupt,
                "the broker's life has " + std::to_string((*known)->size()) + " bytes");
        }
        return schema::id16_from(**known);
    }
    life = schema::id16_from(schema::random_bytes(life.size()));
    core::JournalWrite write;
    write.state.emplace_back(kLifeKey, schema::Bytes(schema::view(life)));
    if (const auto kept = journal.commit(write, true); !kept) {
        return schema::fail("keep the broker's life", kept.error());
    }
    if (const auto settled = journal.settle(); !settled) {
        return schema::fail("keep the broker's life", settled.error());
    }
    return life;
}

bool is_life_key(schema::ByteView key) { return key == kLifeKey; }

}  // namespace filial::broker
