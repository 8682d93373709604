#include "core/journal/database_copy.h"

#include <rocksdb/db.h>
#include <rocksdb/utilities/checkpoint.h>

#include "core/journal/folder.h"
#include "core/journal/rocks_options.h"

namespace filial::core {

using schema::Errc;
using schema::fail;
using schema::Result;

Result<void> copy_database(rocksdb::DB& db, const std::filesystem::path& folder) {
    std::error_code error;
    if (std::filesystem::exists(folder, error)) {
        return fail(Errc::invalid, folder.string() + " is there already: name a new folder");
    }
    if (const auto ok = create_folders(folder.parent_path()); !ok) return ok;
    rocksdb::Checkpoint* made = nullptr;
    auto status = rocksdb::Checkpoint::Create(&db, &made);
    const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
    if (status.ok()) status = checkpoint->CreateCheckpoint(folder.string());
    if (!status.ok()) return tl::unexpected(from_status("copy to " + folder.string(), status));
    return sync_folder(folder.parent_path());
}

}  // namespace filial::core
