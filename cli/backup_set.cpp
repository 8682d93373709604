#include "cli/backup_set.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>

#include "cli/file.h"
#include "core/disk_text.h"

namespace filial::cli {

using schema::ByteView;
using schema::Errc;
using schema::fail;
using schema::Hash;
using schema::Result;
namespace fs = std::filesystem;

namespace {

constexpr const char* kSealName = "backup";
constexpr std::string_view kKind = "filial-backup";
constexpr std::uint64_t kVersion = 1;
/// A replica of the largest company has a few thousand files.
constexpr std::size_t kSealBytesMax = 16 << 20;
constexpr std::size_t kPieceBytes = 1 << 20;

/// Locks belong to whoever runs, and the owner's note is written anew.
bool is_left_out(const fs::path& file) {
    const std::string name = file.filename().string();
    return name == "lock" || name == "LOCK" || name.ends_with(".sock") || name.ends_with(".lock");
}

/// Reads `from` piece by piece; writes it to `to` where that is open.
Result<BackupFile> pass(const fs::path& from, std::ofstream* to) {
    std::ifstream in(from, std::ios::binary);
    if (!in) return fail(Errc::corrupt, "read " + from.string() + ": it is not there");
    BackupFile file;
    std::string piece(kPieceBytes, '\0');
    while (in) {
        in.read(piece.data(), static_cast<std::streamsize>(piece.size()));
        const auto got = static_cast<std::size_t>(in.gcount());
        if (got == 0) break;
        file.bytes += got;
        const ByteView bytes = ByteView(piece).substr(0, got);
        file.hash = schema::hash_of(schema::view(file.hash), bytes);
        if (to != nullptr) to->write(piece.data(), static_cast<std::streamsize>(got));
    }
    if (in.bad()) return fail(Errc::io, "read " + from.string());
    return file;
}

Result<void> sync_file(const fs::path& file) {
    const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return system_failed("sync " + file.string());
    const bool synced = ::fsync(fd) == 0;
    const auto result = synced ? Result<void>{} : system_failed("sync " + file.string());
    ::close(fd);
    return result;
}

/// A name that stays inside the folder.
bool is_inside(const std::string& name) {
    const fs::path path(name);
    if (name.empty() || path.is_absolute()) return false;
    return std::none_of(path.begin(), path.end(),
                        [](const fs::path& part) { return part == ".."; });
}

}  // namespace

std::string backup_text(const BackupSet& set) {
    std::ostringstream out;
    out << kKind << ' ' << kVersion << "\nstore " << set.store.value() << "\nepoch "
        << set.epoch.value() << "\nend " << set.end.value() << "\nat " << set.at.value() << '\n';
    for (const BackupFile& file : set.files) {
        out << "file " << file.bytes << ' ' << schema::to_hex(schema::view(file.hash)) << ' '
            << file.name << '\n';
    }
    return out.str();
}

Result<BackupSet> parse_backup(ByteView text) {
    std::istringstream in{std::string(text)};
    const auto wrong = [] { return fail(Errc::corrupt, "no description of a backup"); };
    std::string word, store;
    std::uint64_t version = 0;
    if (!(in >> word >> version) || word != kKind) return wrong();
    if (version > kVersion) {
        return fail(Errc::schema_too_new, "a backup of version " + std::to_string(version));
    }
    std::uint32_t epoch = 0;
    std::uint64_t end = 0;
    std::int64_t at = 0;
    const auto named = [&](const char* name, auto& value) {
        return (in >> word) && word == name && (in >> value);
    };
    if (!named("store", store) || !named("epoch", epoch) || !named("end", end) ||
        !named("at", at)) {
        return wrong();
    }
    const auto id = schema::parse_store_id(store);
    if (!id) return wrong();
    BackupSet set{*id, schema::Epoch{epoch}, schema::Sequence{end}, schema::Timestamp{at}, {}};
    while (in >> word) {
        BackupFile file;
        std::string hex;
        if (word != "file" || !(in >> file.bytes >> hex) || hex.size() != 2 * file.hash.size() ||
            in.get() != ' ' || !std::getline(in, file.name) || !is_inside(file.name)) {
            return wrong();
        }
        for (std::size_t i = 0; i < file.hash.size(); ++i) {
            const char* digits = hex.data() + 2 * i;
            const auto read = std::from_chars(digits, digits + 2, file.hash[i], 16);
            if (read.ptr != digits + 2) return wrong();
        }
        set.files.push_back(std::move(file));
    }
    return set;
}

Result<void> copy_folder(const fs::path& from, const fs::path& to, const std::string& name,
                         std::vector<BackupFile>& files) {
    std::error_code error;
    fs::create_directories(to, error);
    if (error) return fail(Errc::io, "make " + to.string() + ": " + error.message());
    fs::permissions(to, fs::perms::owner_all, error);
    for (fs::directory_iterator at(from, error); !error && at != fs::directory_iterator();
         at.increment(error)) {
        const fs::path part = at->path().filename();
        const std::string below = name.empty() ? part.string() : name + "/" + part.string();
        if (at->is_directory(error)) {
            if (const auto ok = copy_folder(at->path(), to / part, below, files); !ok) return ok;
            continue;
        }
        if (!at->is_regular_file(error) || is_left_out(at->path())) continue;
        std::ofstream out(to / part, std::ios::binary | std::ios::trunc);
        auto file = pass(at->path(), &out);
        if (!file) return tl::unexpected(file.error());
        out.close();
        if (!out) return system_failed("write " + (to / part).string());
        fs::permissions(to / part, fs::perms::owner_read | fs::perms::owner_write, error);
        if (const auto ok = sync_file(to / part); !ok) return ok;
        file->name = below;
        files.push_back(std::move(*file));
    }
    if (error) return fail(Errc::io, "copy " + from.string() + ": " + error.message());
    return core::sync_folder(to);
}

Result<void> seal_backup(const fs::path& folder, const BackupSet& set) {
    return write_file(folder / kSealName, backup_text(set));
}

Result<BackupSet> read_backup(const fs::path& folder) {
    const fs::path seal = folder / kSealName;
    const auto text = read_file(seal, kSealBytesMax);
    if (!text && text.error().code == Errc::not_found) {
        return fail(Errc::not_found, folder.string() +
                                         " is no backup, or one that was not finished: it has no "
                                         "file `backup`");
    }
    if (!text) return tl::unexpected(text.error());
    auto set = parse_backup(*text);
    if (!set) return fail(seal.string(), set.error());
    for (const BackupFile& file : set->files) {
        auto found = pass(folder / file.name, nullptr);
        if (!found) return tl::unexpected(found.error());
        found->name = file.name;
        if (*found != file) {
            return fail(Errc::corrupt, (folder / file.name).string() +
                                           " is not what was backed up: take another backup");
        }
    }
    return set;
}

}  // namespace filial::cli
