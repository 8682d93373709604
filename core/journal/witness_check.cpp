#include "core/journal/witness_check.h"

#include "core/journal/log_head.h"
#include "core/journal/log_reader.h"

namespace filial::core {

using schema::Errc;
using schema::fail;
using schema::Result;
using schema::StoreId;

namespace {

tl::unexpected<schema::Error> lost(const std::filesystem::path& dir, const WitnessSlot& witness,
                                   const std::string& what) {
    return fail(Errc::corrupt, dir.string() + ": the log of " + witness.store.value() + " " + what +
                                   "; it takes no more writes until it is repaired from the "
                                   "broker");
}

/// Nothing is damaged, and a repair would put the other store's log aside.
Result<void> of_another(const std::filesystem::path& dir, const StoreId& has, const StoreId& of) {
    return fail(Errc::invalid, dir.string() + " has the log of " + has.value() +
                                   ", and is opened as that of " + of.value() +
                                   ": put `store` or `data` of the configuration right");
}

/// Compares the recovered log with its witness: nothing that was acknowledged may be missing.
Result<void> compare(const JournalStore& store, const std::filesystem::path& dir, const StoreId& of,
                     const HeadWitness& witness) {
    const auto& heads = store.recovered().heads;
    const auto it = heads.find(of);
    LogHead head;
    head.store = of;
    if (it != heads.end()) head = it->second;
    if (it == heads.end() && !heads.empty()) return of_another(dir, heads.begin()->first, of);
    if (!witness.last()) {
        if (!store.recovered().witnessed) return {};
        return fail(Errc::corrupt, dir.string() + ": the head witness of " + of.value() +
                                       " is missing or damaged; whether its log, which "
                                       "ends at " +
                                       std::to_string(head.end.value()) +
                                       ", is whole can only be told by the broker");
    }

    const WitnessSlot& slot = *witness.last();
    if (slot.store != head.store) return of_another(dir, slot.store, of);
    if (head.end < slot.seq) {
        const auto missing = slot.seq.value() - head.end.value();
        return lost(dir, slot,
                    "ends at " + std::to_string(head.end.value()) + " but was acknowledged up to " +
                        std::to_string(slot.seq.value()) + ": " + std::to_string(missing) +
                        " acknowledged events are missing");
    }
    const bool other_machine = head.epoch == slot.epoch && head.incarnation != slot.incarnation &&
                               slot.incarnation != schema::Incarnation{};
    if (head.epoch < slot.epoch || other_machine) {
        return lost(dir, slot,
                    "is of another life than its witness at " + std::to_string(slot.seq.value()));
    }
    auto then = head;
    if (head.end > slot.seq) {
        const LogReader reader(store.db(), store.column(kLogColumn));
        auto earlier = reader.head_at(head, slot.seq);
        if (!earlier) return fail("compare with the head witness", earlier.error());
        then = std::move(*earlier);
    }
    if (chains_of(then) == slot.chains) return {};
    return lost(dir, slot,
                "ends at " + std::to_string(head.end.value()) +
                    " but differs from what was acknowledged at " +
                    std::to_string(slot.seq.value()));
}

}  // namespace

Result<void> check_witness(const JournalStore::Setup& setup, const StoreId& of,
                           const HeadWitness& witness) {
    const auto& dir = setup.dir;
    if (!JournalStore::exists(setup)) {
        if (!witness.last()) return {};
        return lost(dir, *witness.last(),
                    "has no database but was acknowledged up to " +
                        std::to_string(witness.last()->seq.value()));
    }
    const auto store = JournalStore::open(setup, RocksDatabase::Mode::read);
    if (store) return compare(*store, dir, of, witness);
    auto error = store.error();
    if (witness.last()) {
        error.message +=
            "; its log was acknowledged up to " + std::to_string(witness.last()->seq.value());
    }
    return tl::unexpected(error);
}

}  // namespace filial::core
