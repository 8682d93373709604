#include "test/faults/disk_state.h"

#include <unistd.h>

#include <fstream>

namespace filial::test {

namespace fs = std::filesystem;

namespace {

std::string folder_of(const std::string& name) { return fs::path(name).parent_path().string(); }

/// Zeros in [from, to), as a file system shows blocks that it never wrote.
void blank(const std::string& name, std::uint64_t from, std::uint64_t to) {
    std::fstream file(name, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(from));
    const std::string zeros(to - from, '\0');
    file.write(zeros.data(), static_cast<std::streamsize>(zeros.size()));
}

}  // namespace

void DiskState::arm(DiskFault fault, std::uint64_t at, std::uint32_t seed) {
    const std::lock_guard lock(mutex_);
    fault_ = fault;
    at_ = at;
    random_.seed(seed);
    writes_ = reads_ = 0;
    happened_ = false;
}

DiskState::Verdict DiskState::next_write() {
    const std::lock_guard lock(mutex_);
    if (off_) return Verdict::fail;
    ++writes_;
    if (writes_ < at_) return Verdict::go;
    switch (fault_) {
        case DiskFault::none:
        case DiskFault::no_read:
            return Verdict::go;
        case DiskFault::error_once:
            if (writes_ > at_) return Verdict::go;
            happened_ = true;
            return Verdict::fail;
        case DiskFault::error_for_ever:
            happened_ = true;
            return Verdict::fail;
        case DiskFault::torn:
            happened_ = off_ = true;
            return Verdict::tear;
        case DiskFault::power_cut:
        case DiskFault::forgets:
            happened_ = off_ = true;
            return Verdict::fail;
    }
    return Verdict::go;
}

bool DiskState::next_read() {
    const std::lock_guard lock(mutex_);
    if (off_) return false;
    ++reads_;
    if (fault_ != DiskFault::no_read || reads_ != at_) return true;
    happened_ = true;
    return false;
}

void DiskState::created(const std::string& name) {
    const std::lock_guard lock(mutex_);
    files_[name] = {};
    changes_.push_back({folder_of(name), [name] {
                            std::error_code gone_already;
                            fs::remove(name, gone_already);
                        }});
}

void DiskState::synced(const std::string& name, std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    if (off_ || fault_ == DiskFault::forgets) return;
    const auto found = files_.find(name);
    if (found != files_.end()) found->second.durable = bytes;
}

void DiskState::not_synced(const std::string& name, std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    const auto found = files_.find(name);
    if (found == files_.end() || off_) return;
    File& file = found->second;
    if (file.given_up == 0) file.given_up_from = file.durable;
    file.given_up = bytes;
}

void DiskState::folder_synced(const std::string& folder) {
    const std::lock_guard lock(mutex_);
    if (off_ || fault_ == DiskFault::forgets) return;
    std::erase_if(changes_, [&](const Change& change) { return change.folder == folder; });
}

fs::path DiskState::keep(const std::string& name) {
    const fs::path kept = lost_and_found_ / std::to_string(++kept_);
    std::error_code none;
    fs::create_hard_link(name, kept, none);
    return none ? fs::path() : kept;
}

void DiskState::renaming(const std::string& from, const std::string& to) {
    const std::lock_guard lock(mutex_);
    const fs::path before = keep(to);
    const auto found = files_.find(from);
    const auto overwritten = files_.find(to);
    const File was = overwritten == files_.end() ? File{UINT64_MAX} : overwritten->second;
    if (found != files_.end()) {
        files_[to] = found->second;
        files_.erase(from);
    } else {
        files_.erase(to);
    }
    changes_.push_back({folder_of(to), [this, from, to, before, was] {
                            std::error_code none;
                            fs::rename(to, from, none);
                            files_[from] = files_[to];
                            files_.erase(to);
                            if (before.empty()) return;
                            fs::rename(before, to, none);
                            files_[to] = was;
                        }});
}

void DiskState::deleting(const std::string& name) {
    const std::lock_guard lock(mutex_);
    const fs::path kept = keep(name);
    if (kept.empty()) return;
    changes_.push_back({folder_of(name), [name, kept] {
                            std::error_code none;
                            fs::rename(kept, name, none);
                        }});
}

void DiskState::cut_power() {
    const bool torn = fault_ == DiskFault::torn;
    // A journal of names keeps them in order, or loses the later ones.
    const std::size_t stay = torn ? random_() % (changes_.size() + 1) : 0;
    while (changes_.size() > stay) {
        changes_.back().undo();
        changes_.pop_back();
    }
    for (const auto& [name, file] : files_) {
        std::error_code gone;
        const std::uint64_t size = fs::file_size(name, gone);
        if (gone) continue;
        if (size > file.durable) {
            const std::uint64_t more = torn ? random_() % (size - file.durable + 1) : 0;
            fs::resize_file(name, file.durable + more);
            // A log may have its new size before the blocks are written; ext4 and XFS do better.
            const bool blank_end = torn && name.ends_with(".log") && random_() % 2 == 0;
            if (blank_end) fs::resize_file(name, size);
        }
    }
}

void DiskState::restart() {
    const std::lock_guard lock(mutex_);
    if (off_) cut_power();
    for (const auto& [name, file] : files_) {
        std::error_code gone;
        const std::uint64_t size = fs::file_size(name, gone);
        const std::uint64_t end = std::min(file.given_up, gone ? 0 : size);
        // The system forgets what it could not write, now or when it likes.
        if (end > file.given_up_from && (off_ || random_() % 2 == 0)) {
            blank(name, file.given_up_from, end);
        }
    }
    if (off_) {
        files_.clear();
        changes_.clear();
    }
    off_ = false;
    fault_ = DiskFault::none;
}

}  // namespace filial::test
