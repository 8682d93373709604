#include "core/journal/rocks_journal.h"

#include <rocksdb/db.h>

#include <deque>
#include <mutex>
#include <utility>

#include "core/journal/database_copy.h"
#include "core/journal/folder.h"
#include "core/journal/head_witness.h"
#include "core/journal/journal_scrub.h"
#include "core/journal/journal_store.h"
#include "core/journal/kept_state.h"
#include "core/journal/log_batch.h"
#include "core/journal/log_head.h"
#include "core/journal/log_layout.h"
#include "core/journal/log_reader.h"
#include "core/journal/witness_check.h"
#include "schema/limits.h"

namespace filial::core {

using schema::Bytes;
using schema::ByteView;
using schema::Errc;
using schema::fail;
using schema::Result;
using schema::Sequence;
using schema::StoreId;

struct RocksJournal::Inside {
    JournalOptions options;
    FolderLock lock;
    JournalStore store;
    LogHeads heads;
    KeptState state;

    std::optional<HeadWitness> witness;
    bool witnessed = false;           ///< The database knows that a witness was written.
    LogHead durable;                  ///< Of the witnessed log: what a sync has covered.
    bool behind = false;              ///< `durable` is not witnessed yet.
    std::optional<BootTime> seen_at;  ///< When tick first saw that.

    /// What a write brings, once it is in the database.
    struct Prepared {
        rocksdb::WriteBatch batch = guarded_batch(0);
        LogHeads heads;  ///< The ones that it changes.
        KeptState::Step state{};
        bool flag = false;  ///< It says that a witness was written.
    };
    std::deque<Prepared>
        begun{};  ///< Of writes that are not finished; their batches are elsewhere.
    /// Where the logs end by the writes of `begun` that are in the database. Of the thread that
    /// writes while any is begun.
    LogHeads ahead{};
    /// Over `state` and `heads` while a write is begun: the thread that writes moves the former
    /// on and reads the latter. Whoever is shown a row may ask for another one.
    std::unique_ptr<std::recursive_mutex> shared = std::make_unique<std::recursive_mutex>();
    std::unique_ptr<JournalScrub> scrub{};  ///< The look under way.
    std::vector<LogDamage> damages{};       ///< Of the last one.

    /// Whether `bytes` may be tried now.
    Result<void> ready(std::size_t bytes, bool frees = false) {
        // Of the older changes at most a few go into this batch; the disk must have room for all.
        return store.ready(bytes + older_bytes(), heads, frees);
    }
    std::size_t older_bytes() const {
        const std::lock_guard alone(*shared);
        return state.older_bytes();
    }
    /// Where the log ends, by all that is in the database.
    LogHead head_of(const StoreId& store) const;
    bool owes_flag() const { return witness && witness->last() && !witnessed; }
    /// Changes nothing but `made`, whose flag is set, and reads nothing that `get` or `scan`
    /// changes.
    Result<void> prepare(const JournalWrite& write, Prepared& made) const;
    /// The database has the write: by the thread that wrote it, and then by the owner.
    void wrote_state(Prepared& made);
    void wrote(Prepared& made, bool sync);

    LogReader reader() const { return {store.db(), store.column(kLogColumn)}; }
    const LogHead* own() const {
        const auto it = heads.find(StoreId{options.witness_of});
        return it == heads.end() ? nullptr : &it->second;
    }
    void covered_by_sync();
    Result<void> write_witness();
};

namespace {

/// Of what RocksDB may hold in memory: as much of the state is held beside it before it has rows.
constexpr std::size_t kStateShare = 4;

}  // namespace

void RocksJournal::Inside::covered_by_sync() {
    const LogHead* head = own();
    if (!witness || !head || (head->end == durable.end && head->epoch == durable.epoch)) return;
    durable = *head;
    behind = true;
}

Result<void> RocksJournal::Inside::write_witness() {
    if (const auto ok = witness->write(durable); !ok) return fail("head witness", ok.error());
    behind = false;
    seen_at.reset();
    return {};
}

RocksJournal::RocksJournal(std::unique_ptr<Inside> inside) : inside_(std::move(inside)) {}
RocksJournal::~RocksJournal() {
    while (inside_ && inside_->store.begun() > 0)
        (void)inside_->store.end();  // It uses all of this.
}

Result<std::unique_ptr<RocksJournal>> RocksJournal::open(JournalOptions options) {
    if (const auto ok = create_folders(options.dir); !ok) return tl::unexpected(ok.error());
    auto lock = FolderLock::take(options.dir);
    if (!lock) return tl::unexpected(lock.error());
    const auto reserve = reserve_in(options.dir, options.free_bytes_floor);
    if (!reserve) return tl::unexpected(reserve.error());
    const JournalStore::Setup setup{
        options.dir / "db", {options.memtable_bytes, options.cache_bytes, options.env}, *reserve};
    std::optional<HeadWitness> witness;
    if (!options.witness_of.empty()) {
        auto found = HeadWitness::read(options.dir / kWitnessFile);
        if (!found) return tl::unexpected(found.error());
        if (const auto ok = check_witness(setup, StoreId{options.witness_of}, *found); !ok) {
            return tl::unexpected(ok.error());
        }
        witness = std::move(*found);
    }
    if (const auto ok = create_folders(setup.dir); !ok) return tl::unexpected(ok.error());
    auto store = JournalStore::open(setup, RocksDatabase::Mode::write);
    if (!store) return tl::unexpected(store.error());

    auto recovered = store->recovered();
    KeptState state(options.memtable_bytes / kStateShare);
    if (const auto ok = state.load(*store); !ok) {
        return fail("open " + options.dir.string(), ok.error());
    }
    auto inside = std::make_unique<Inside>(Inside{std::move(options),
                                                  std::move(*lock),
                                                  std::move(*store),
                                                  std::move(recovered.heads),
                                                  std::move(state),
                                                  std::move(witness),
                                                  recovered.witnessed,
                                                  {},
                                                  false,
                                                  {}});
    // Recovery has written what it found into tables, or synced what it left in the log.
    if (const auto ok = inside->store.sync(); !ok) return tl::unexpected(ok.error());
    inside->covered_by_sync();
    const auto& last = inside->witness ? inside->witness->last() : std::nullopt;
    if (last && last->seq == inside->durable.end) inside->behind = false;
    return std::unique_ptr<RocksJournal>(new RocksJournal(std::move(inside)));
}

std::vector<StoreId> RocksJournal::logs() const {
    std::vector<StoreId> stores;
    stores.reserve(inside_->heads.size());
    for (const auto& [store, head] : inside_->heads) stores.push_back(store);
    return stores;
}

std::optional<LogHead> RocksJournal::head(const StoreId& store) const {
    const auto it = inside_->heads.find(store);
    if (it == inside_->heads.end()) return std::nullopt;
    return it->second;
}

Sequence RocksJournal::end(const StoreId& store) const {
    const auto it = inside_->heads.find(store);
    return it == inside_->heads.end() ? Sequence{} : it->second.end;
}

Result<void> RocksJournal::Inside::prepare(const JournalWrite& write, Prepared& made) const {
    made.batch = guarded_batch(bytes_of(write));
    rocksdb::WriteBatch& batch = made.batch;
    LogHeads& changed = made.heads;
    for (const Append& append : write.appends) {
        auto it = changed.find(append.store);
        if (it == changed.end()) it = changed.emplace(append.store, head_of(append.store)).first;
        const auto ok = add_append(batch, store.column(kLogColumn), append, it->second);
        if (!ok) return ok;
    }
    for (const Trim& trim : write.trims) {
        auto it = changed.find(trim.store);
        if (it == changed.end()) it = changed.emplace(trim.store, head_of(trim.store)).first;
        const auto ok = add_trim(batch, store.db(), store.column(kLogColumn), trim, it->second);
        if (!ok) return ok;
    }
    for (const auto& [name, head] : changed) {
        const auto ok = put(batch, store.column(kHeadsColumn), name.value(), encode(head));
        if (!ok) return ok;
    }
    if (made.flag) {
        if (auto ok = put(batch, store.column(kHeadsColumn), kWitnessedKey, "1"); !ok) return ok;
    }
    auto step = state.add(batch, store, write.state);
    if (!step) return tl::unexpected(step.error());
    made.state = std::move(*step);
    return {};
}

LogHead RocksJournal::Inside::head_of(const StoreId& name) const {
    if (const auto found = ahead.find(name); found != ahead.end()) return found->second;
    const std::lock_guard alone(*shared);
    const auto known = heads.find(name);
    return known == heads.end() ? LogHead{} : known->second;
}

void RocksJournal::Inside::wrote_state(Prepared& made) {
    {
        const std::lock_guard alone(*shared);
        state.wrote(std::move(made.state));
    }
    auto rows = state.due();  // Nobody else changes it, and the owner need not wait for this.
    if (!rows) return;
    const std::lock_guard alone(*shared);
    state.turn(std::move(*rows));
}

void RocksJournal::Inside::wrote(Prepared& made, bool sync) {
    const std::lock_guard alone(*shared);
    for (auto& [name, head] : made.heads) heads[name] = std::move(head);
    witnessed = witnessed || made.flag;
    if (sync) covered_by_sync();
}

Result<void> RocksJournal::commit(const JournalWrite& write, bool sync) {
    if (write.empty()) return {};
    Inside& in = *inside_;
    schema::check(in.store.begun() == 0, "what was begun is finished first");
    Inside::Prepared made;
    made.flag = in.owes_flag();
    const bool frees = write.appends.empty() && !write.trims.empty();
    if (const auto ok = in.ready(bytes_of(write), frees); !ok) return ok;
    if (const auto ok = in.prepare(write, made); !ok) return ok;
    if (const auto ok = in.store.write(made.batch, sync); !ok) return ok;
    in.wrote_state(made);
    in.wrote(made, sync);
    return {};
}

Result<void> RocksJournal::begin(MakeWrite make, std::size_t bytes) {
    Inside& in = *inside_;
    if (const auto ok = in.ready(bytes); !ok) return ok;
    Inside::Prepared& made = in.begun.emplace_back();
    made.flag = in.owes_flag();
    auto fill = [&in, &made, make = std::move(make)](rocksdb::WriteBatch& batch) -> Result<void> {
        const auto write = make();
        if (!write) return tl::unexpected(write.error());
        if (const auto ok = in.prepare(*write, made); !ok) return ok;
        batch = std::move(made.batch);
        return {};
    };
    in.store.begin(std::move(fill), [&in, &made] {
        for (const auto& [name, head] : made.heads) in.ahead[name] = head;
        in.wrote_state(made);
    });
    return {};
}

Result<void> RocksJournal::finish() {
    Inside& in = *inside_;
    const auto ok = in.store.end();
    if (ok) in.wrote(in.begun.front(), true);
    in.begun.pop_front();
    if (in.begun.empty()) in.ahead.clear();
    return ok;
}

bool RocksJournal::finishable() const { return inside_->store.written(); }

Result<void> RocksJournal::settle() {
    if (const auto ok = inside_->ready(bytes_of({})); !ok) return ok;
    return inside_->store.settle();
}

Result<void> RocksJournal::room() { return inside_->ready(bytes_of({})); }

Result<schema::Range> RocksJournal::read(const ReadRequest& request) const {
    const auto it = inside_->heads.find(request.store);
    if (it == inside_->heads.end()) {
        return fail(Errc::not_found, "there is no log of " + request.store.value() + " here");
    }
    if (const auto ok = inside_->store.readable(); !ok) return tl::unexpected(ok.error());
    return inside_->reader().read(it->second, request);
}

Result<LogHead> RocksJournal::head_at(const StoreId& store, Sequence at) const {
    const auto it = inside_->heads.find(store);
    if (it == inside_->heads.end()) {
        return fail(Errc::not_found, "there is no log of " + store.value() + " here");
    }
    if (at > it->second.end) {
        return fail(Errc::gap, "the log of " + store.value() + " ends at " +
                                   std::to_string(it->second.end.value()));
    }
    if (at == it->second.end) return it->second;
    if (const auto ok = inside_->store.readable(); !ok) return tl::unexpected(ok.error());
    return inside_->reader().head_at(it->second, at);
}

Result<void> RocksJournal::copy_to(const std::filesystem::path& folder) {
    const std::string what = "copy " + inside_->options.dir.string();
    if (const auto ok = inside_->store.readable(); !ok) return fail(what, ok.error());
    if (const auto ok = copy_database(inside_->store.db(), folder / "db"); !ok) {
        return fail(what, ok.error());
    }
    const LogHead* head = inside_->own();
    if (!inside_->witness || head == nullptr || head->end.value() == 0) return {};
    auto witness = HeadWitness::read(folder / kWitnessFile);
    if (!witness) return fail(what, witness.error());
    if (const auto ok = witness->write(*head); !ok) return fail(what, ok.error());
    return {};
}

Result<Depth> RocksJournal::depth(const StoreId& store, const std::vector<std::string>& topics,
                                  Sequence after) const {
    const auto it = inside_->heads.find(store);
    if (it == inside_->heads.end()) {
        return fail(Errc::not_found, "there is no log of " + store.value() + " here");
    }
    if (after >= it->second.end) return Depth{};
    if (const auto ok = inside_->store.readable(); !ok) return tl::unexpected(ok.error());
    return inside_->reader().depth(it->second, topics, after);
}

Result<std::optional<Bytes>> RocksJournal::get(ByteView key) const {
    const JournalStore& store = inside_->store;
    if (const auto ok = store.readable(); !ok) return tl::unexpected(ok.error());
    const std::lock_guard alone(*inside_->shared);
    return inside_->state.get(store, key);
}

Result<void> RocksJournal::scan(ByteView prefix, ByteView after,
                                const std::function<bool(ByteView, ByteView)>& each) const {
    const JournalStore& store = inside_->store;
    if (const auto ok = store.readable(); !ok) return ok;
    const std::lock_guard alone(*inside_->shared);
    return inside_->state.scan(store, prefix, after, each);
}

Result<void> RocksJournal::tick(BootTime now) {
    Inside& in = *inside_;
    if (!in.behind) return {};
    if (!in.seen_at) in.seen_at = now;
    // Half of the delay is left to the turns of the loop.
    if (now.value() - in.seen_at->value() < kWitnessDelay / 2) return {};
    const auto written = in.write_witness();
    if (written || written.error().code != Errc::no_space) return written;
    in.seen_at = now;  // No room to create it; commits will say so too. Tried again later.
    return {};
}

Result<void> RocksJournal::witness() {
    Inside& in = *inside_;
    const LogHead* head = in.own();
    if (!in.witness || !head) return {};
    if (head->end != in.durable.end && !in.store.failing()) {
        if (const auto ok = in.store.sync(); !ok) return ok;
        in.covered_by_sync();
    }
    return in.behind ? in.write_witness() : Result<void>{};
}

bool RocksJournal::scrub(std::size_t bytes) {
    Inside& in = *inside_;
    if (in.store.begun() > 0 || !in.store.readable()) return false;
    if (!in.scrub) in.scrub = std::make_unique<JournalScrub>(in.heads);
    if (in.scrub->step(in.store, bytes, &in.heads)) return false;
    in.damages = in.scrub->damages();
    in.scrub.reset();
    return true;
}

std::vector<LogDamage> RocksJournal::damages() const { return inside_->damages; }

}  // namespace filial::core
