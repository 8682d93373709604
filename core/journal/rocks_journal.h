#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "core/clock.h"
#include "core/journal/journal.h"

namespace rocksdb {
class Env;
}

namespace filial::core {

struct JournalOptions {
    std::filesystem::path dir;  ///< Created if missing.
    std::size_t memtable_bytes = 16 << 20;
    std::size_t cache_bytes = 8 << 20;
    /// Keep a head witness of the log of this store (faults-and-security D1): a file beside the
    /// database that says how far the log had been acknowledged, written at most
    /// kWitnessDelay after the commit. Empty: no witness (a relay's journal).
    std::string witness_of;
    /// Below it commits fail with `no_space`; default: see default_reserve.
    std::optional<std::uint64_t> free_bytes_floor;
    rocksdb::Env* env = nullptr;  ///< Null: the system's files; tests put faults in between.
};

/// A commit is witnessed at most this late: the window in which a lost log tail is not noticed.
constexpr std::int64_t kWitnessDelay = 100 * kMillisecond;

/// The journal on RocksDB, with an own info log so that a full disk is an error and not an abort.
class RocksJournal : public Journal {
  public:
    /// Opens or creates. Fails with `locked` if another process has it, `corrupt` with positions
    /// if the recovered log ends below its witness or the chain differs there: such a journal is
    /// not written to again until it is repaired.
    static schema::Result<std::unique_ptr<RocksJournal>> open(JournalOptions options);
    ~RocksJournal() override;

    std::vector<schema::StoreId> logs() const override;
    std::optional<LogHead> head(const schema::StoreId& store) const override;
    schema::Sequence end(const schema::StoreId& store) const override;
    schema::Result<void> commit(const JournalWrite& write, bool sync) override;
    schema::Result<void> begin(MakeWrite make, std::size_t bytes) override;
    schema::Result<void> finish() override;
    bool finishable() const override;
    schema::Result<void> settle() override;
    schema::Result<void> room() override;
    schema::Result<schema::Range> read(const ReadRequest& request) const override;
    schema::Result<LogHead> head_at(const schema::StoreId& store,
                                    schema::Sequence at) const override;
    schema::Result<Depth> depth(const schema::StoreId& store,
                                const std::vector<std::string>& topics,
                                schema::Sequence after) const override;
    schema::Result<std::optional<schema::Bytes>> get(schema::ByteView key) const override;
    schema::Result<void> scan(
        schema::ByteView prefix, schema::ByteView after,
        const std::function<bool(schema::ByteView, schema::ByteView)>& each) const override;

    /// Makes a whole journal of what is here now in `folder`, which must not be there yet, with its
    /// own witness: opening it gives this log up to this event. Not while a commit is begun. Takes
    /// no room for tables in the same file system, which are linked; durable on return.
    schema::Result<void> copy_to(const std::filesystem::path& folder);
    bool scrub(std::size_t bytes) override;
    std::vector<LogDamage> damages() const override;

    /// Writes the head witness when it is due; the loop calls it in every turn. Fails with `io`.
    schema::Result<void> tick(BootTime now);
    /// Writes the head witness now; called before a clean end.
    schema::Result<void> witness();

  private:
    struct Inside;
    explicit RocksJournal(std::unique_ptr<Inside> inside);
    std::unique_ptr<Inside> inside_;
};

}  // namespace filial::core
