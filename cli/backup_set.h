#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "schema/hash.h"
#include "schema/ids.h"
#include "schema/result.h"
#include "schema/timestamp.h"

namespace filial::cli {

/// One file of a backup.
struct BackupFile {
    std::string name;  ///< Below the backup's folder: "publisher/db/000012.sst".
    std::uint64_t bytes = 0;
    schema::Hash hash{};  ///< hash_of the pieces of 1 MiB, each behind the hash so far.
    friend bool operator==(const BackupFile&, const BackupFile&) = default;
};

/// What a backup says of itself: the file `backup` in its folder, written last, so that a folder
/// without it is no backup.
///
///     filial-backup 1
///     store store1
///     epoch 1
///     end 4711
///     at 1764403200000000
///     file 1234 HASH publisher/db/000012.sst
struct BackupSet {
    schema::StoreId store;
    schema::Epoch epoch;   ///< Of the log in it; 0 where its publisher did not run.
    schema::Sequence end;  ///< Its last event.
    schema::Timestamp at;
    std::vector<BackupFile> files;
    friend bool operator==(const BackupSet&, const BackupSet&) = default;
};

std::string backup_text(const BackupSet& set);
/// `corrupt` for anything but such lines, or a file's name that leads out of the folder;
/// `schema_too_new` for a later version.
schema::Result<BackupSet> parse_backup(schema::ByteView text);

/// Copies all files below `from` into `to`, which is made, but for locks and local sockets, and
/// syncs them; what was copied is added to `files`, named below `name`.
schema::Result<void> copy_folder(const std::filesystem::path& from, const std::filesystem::path& to,
                                 const std::string& name, std::vector<BackupFile>& files);

/// Writes the file `backup` into `folder`, synced.
schema::Result<void> seal_backup(const std::filesystem::path& folder, const BackupSet& set);
/// Reads it, and every file that it names: `not_found` where there is none, `corrupt` for the first
/// file that is missing or differs.
schema::Result<BackupSet> read_backup(const std::filesystem::path& folder);

}  // namespace filial::cli
