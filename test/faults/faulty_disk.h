#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

namespace rocksdb {
class Env;
}

namespace filial::test {

/// What a disk does at one of its operations.
enum class DiskFault {
    none,
    error_once,      ///< A write, sync, rename or the like fails; the next ones work. What a failed
                     ///< sync should have covered no later one covers, as Linux has it.
    error_for_ever,  ///< So do all that follow.
    no_read,         ///< A read fails, once.
    torn,            ///< Half of it is written, and power goes: of what was not synced some stays.
    power_cut,       ///< Power goes: what was not synced is lost, names of files too.
    forgets,         ///< The same, on a disk that says it has synced and has not.
};

/// Between RocksDB and real files: counts what is asked of them, and fails at one of them. It knows
/// what no sync has covered. Its own promises are those that a file system makes, and no more: a
/// file's bytes are there once that file was synced, its name once its folder was. A sync of a file
/// to which nothing was written since the last one asks nothing of it, and does not fail.
class FaultyDisk {
  public:
    /// `lost_and_found`: a new folder beside the database's, for what a lost name would bring back.
    explicit FaultyDisk(std::filesystem::path lost_and_found);
    ~FaultyDisk();

    /// For the options of the database; lives as long as this.
    rocksdb::Env* env() const;

    /// From now on, at the `at`th operation, counted anew from 1.
    void arm(DiskFault fault, std::uint64_t at, std::uint32_t seed);
    /// Whatever used it has ended. After power was cut the files become what a machine finds that
    /// starts again; else the system still has all that was written. Then there is no fault.
    void restart();

    /// Since it was armed.
    std::uint64_t writes() const;
    std::uint64_t reads() const;
    bool happened() const;

  private:
    struct Inside;
    std::shared_ptr<Inside> inside_;
};

}  // namespace filial::test
