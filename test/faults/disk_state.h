#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "test/faults/faulty_disk.h"

namespace filial::test {

/// What a FaultyDisk knows of its files, for all threads that use them.
class DiskState {
  public:
    explicit DiskState(std::filesystem::path lost_and_found)
        : lost_and_found_(std::move(lost_and_found)) {}

    void arm(DiskFault fault, std::uint64_t at, std::uint32_t seed);
    void restart();

    enum class Verdict { go, fail, tear };
    Verdict next_write();
    bool next_read();

    /// A file has `bytes`; those that no sync covered are lost with the power.
    void created(const std::string& name);
    void synced(const std::string& name, std::uint64_t bytes);
    /// A sync failed: what it should have covered is given up, whoever syncs later.
    void not_synced(const std::string& name, std::uint64_t bytes);
    void folder_synced(const std::string& folder);
    /// Before these are done on the real files.
    void renaming(const std::string& from, const std::string& to);
    void deleting(const std::string& name);

    std::uint64_t writes() const { return with_lock(writes_); }
    std::uint64_t reads() const { return with_lock(reads_); }
    bool happened() const { return with_lock(happened_); }

  private:
    struct File {
        std::uint64_t durable = 0;
        std::uint64_t given_up = 0;  ///< Up to here, from `durable` on at that time; 0: nothing.
        std::uint64_t given_up_from = 0;
    };
    /// A change of names that its folder's sync has not covered, and how it is lost.
    struct Change {
        std::string folder;
        std::function<void()> undo;
    };
    template <class T>
    T with_lock(const T& value) const {
        const std::lock_guard lock(mutex_);
        return value;
    }
    std::filesystem::path keep(const std::string& name);
    void cut_power();

    const std::filesystem::path lost_and_found_;
    mutable std::mutex mutex_;
    DiskFault fault_ = DiskFault::none;
    std::uint64_t at_ = 0;
    std::mt19937 random_;
    std::uint64_t writes_ = 0;
    std::uint64_t reads_ = 0;
    bool happened_ = false;
    bool off_ = false;  ///< Power is off.
    std::uint64_t kept_ = 0;
    std::map<std::string, File> files_;  ///< Those that are not durable as they are.
    std::vector<Change> changes_;
};

}  // namespace filial::test
