#include "ledger/lives.h"

#include <algorithm>

#include "schema/grant_payloads.h"

namespace filial::ledger {

using schema::Epoch;
using schema::fail;
using schema::Result;

namespace {

constexpr std::string_view kLivesKey = "lives";

}  // namespace

Result<Lives> Lives::read(const State& state) {
    const auto known =
        kept_row<Lives>(state, kLivesKey, [](schema::ByteView value) -> Result<Lives> {
            Lives lives;
            auto list = parser().array(value);
            if (!list) return fail("own state of other stores' epochs", list.error());
            while (list->more()) {
                schema::Fields parts = list->array();
                std::string store(parts.str());
                Life life;
                life.epoch = Epoch{parts.u32()};
                life.told = Epoch{parts.u32()};
                life.retired = parts.boolean();
                life.left = parts.boolean();
                lives.lives_[std::move(store)] = life;
            }
            const auto done = parser().finish("own state of other stores' epochs");
            if (!done) return tl::unexpected(done.error());
            return lives;
        });
    if (!known) return tl::unexpected(known.error());
    return **known;
}

void Lives::write(State& state) const {
    schema::Writer out;
    out.array(lives_.size());
    for (const auto& [store, life] : lives_) {
        out.array(5).str(store).u64(life.epoch.value()).u64(life.told.value());
        out.boolean(life.retired).boolean(life.left);
    }
    state.put(kLivesKey, out.take());
}

Life Lives::of(const std::string& store) const {
    const auto found = lives_.find(store);
    return found == lives_.end() ? Life{} : found->second;
}

bool Lives::over(const std::string& store, Epoch epoch) const {
    const Life life = of(store);
    return life.retired || epoch < life.epoch;
}

bool Lives::told(const std::string& store, Epoch epoch) const { return epoch <= of(store).told; }

std::vector<std::string> Lives::retired() const {
    std::vector<std::string> stores;
    for (const auto& [store, life] : lives_) {
        if (life.retired) stores.push_back(store);
    }
    return stores;
}

bool is_for_everybody(const schema::Event& event, Epoch epoch) {
    if (event.topic != schema::kTopicControl) return false;
    return (event.kind == schema::kLogOpened && epoch.value() > 1) ||
           event.kind == schema::kStoreRetired || event.kind == schema::kStoreLeft ||
           event.kind == schema::kTailTold;
}

Result<void> apply_life(State& state, std::string_view kind, const schema::Position& cause,
                        const std::string& key) {
    const bool opened = kind == schema::kLogOpened;
    const bool told = kind == schema::kTailTold;
    const bool left = kind == schema::kStoreLeft;
    if (!opened && !told && !left && kind != schema::kStoreRetired) return {};
    auto lives = Lives::read(state);
    if (!lives) return tl::unexpected(lives.error());
    if (opened || told) {
        Life& life = lives->change(cause.store.value());
        life.epoch = std::max(life.epoch, cause.epoch);
        if (told) life.told = Epoch{cause.epoch.value() - 1};
    } else if (left) {
        lives->change(cause.store.value()).left = true;
    } else {
        lives->change(key).retired = true;
    }
    lives->write(state);
    return {};
}

}  // namespace filial::ledger
