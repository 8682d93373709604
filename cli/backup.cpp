#include "cli/backup.h"

#include "cli/backup_set.h"
#include "cli/file.h"
#include "cli/json.h"
#include "cli/time_text.h"
#include "schema/hash.h"

namespace filial::cli {

using schema::Errc;
using schema::Result;
namespace fs = std::filesystem;

namespace {

/// A copy in the same file system is made of links; the tables in memory have to be written out.
constexpr std::chrono::milliseconds kCopyWait{60'000};

/// What the programs copy into, beside their databases; gone in the end.
class Stage {
  public:
    explicit Stage(const fs::path& data)
        : folder_(data / ("backup-" + schema::to_hex(schema::random_bytes(4)))) {}
    ~Stage() {
        std::error_code none;
        fs::remove_all(folder_, none);
    }
    Stage(const Stage&) = delete;
    Stage& operator=(const Stage&) = delete;
    const fs::path& folder() const { return folder_; }

  private:
    fs::path folder_;
};

/// Copies one database: through its program, or where that does not run, from its folder.
Result<void> copy_one(Context& context, Process process, const fs::path& data, const Stage& stage,
                      const fs::path& to, BackupSet& set) {
    const std::string name = name_of(process);
    auto link = context.connect(process);
    if (!link) return tl::unexpected(link.error());
    const fs::path staged = stage.folder() / name;
    const auto answer = ask_for<schema::Status>(
        **link, schema::Backup{0, fs::absolute(staged).lexically_normal().string()}, kCopyWait);
    if (answer) {
        if (process == Process::publisher) {
            set.epoch = schema::Epoch{static_cast<std::uint32_t>(answer->epoch)};
            set.end = schema::Sequence{answer->end};
        }
        return copy_folder(staged, to / name, name, set.files);
    }
    if (answer.error().code != Errc::unreachable) return schema::fail(name, answer.error());
    std::error_code none;
    if (!fs::exists(data / name, none)) return {};
    FileLock lock;
    if (const auto ok = lock.take(data / name / "lock"); !ok) return schema::fail(name, ok.error());
    return copy_folder(data / name, to / name, name, set.files);
}

}  // namespace

Result<int> run_backup(Context& context, const std::string& dir) {
    const auto options = context.options();
    if (!options) return tl::unexpected(options.error());
    const std::string doing = "backup to " + dir;
    const fs::path to(dir);
    std::error_code error;
    if (fs::exists(to, error) && !fs::is_empty(to, error)) {
        return schema::fail(Errc::invalid, doing +
                                               ": there is something in it already; name a "
                                               "new folder");
    }
    BackupSet set;
    set.store = (*options)->store;
    set.at = context.clock.wall();
    const Stage stage((*options)->data);
    for (const Process process : {Process::subscriber, Process::publisher}) {
        const auto copied = copy_one(context, process, (*options)->data, stage, to, set);
        if (!copied) return schema::fail(doing, copied.error());
    }
    if (set.files.empty()) {
        return schema::fail(Errc::not_found, doing + ": " + (*options)->data.string() +
                                                 " has neither a log nor a replica yet");
    }
    if (const auto sealed = seal_backup(to, set); !sealed) {
        return schema::fail(doing, sealed.error());
    }
    std::uint64_t bytes = 0;
    for (const BackupFile& file : set.files) bytes += file.bytes;
    if (context.console.json) {
        Json out;
        out["store"] = set.store.value();
        out["dir"] = fs::absolute(to).lexically_normal().string();
        out["epoch"] = set.epoch.value();
        out["end"] = set.end.value();
        out["files"] = set.files.size();
        out["bytes"] = bytes;
        context.console.line(dump(out));
        return kDone;
    }
    context.console.line(
        "backed up " + set.store.value() + " to " + dir + ": " + grouped(set.files.size()) +
        " files, " + bytes_text(static_cast<std::int64_t>(bytes)) +
        (set.end.value() > 0 ? ", its log up to " + grouped(set.end.value()) : "") +
        "; keys are not in it");
    return kDone;
}

}  // namespace filial::cli
