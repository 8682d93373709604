#include "cli/restore.h"

#include "cli/backup_set.h"
#include "cli/file.h"
#include "cli/json.h"
#include "cli/time_text.h"
#include "core/disk_text.h"
#include "core/quarantine.h"

namespace filial::cli {

using schema::Errc;
using schema::Result;
namespace fs = std::filesystem;

namespace {

constexpr std::chrono::milliseconds kReadmitWait{5'000};
/// Digits of an incarnation that people type.
constexpr std::size_t kDigitsShown = 8;

/// Both databases of a store, whose programs stand still as long as this lives.
class Still {
  public:
    Result<void> take(const core::Options& options) {
        const auto publisher = take_one(publisher_, options.publisher_dir());
        return publisher ? take_one(subscriber_, options.subscriber_dir()) : publisher;
    }

  private:
    static Result<void> take_one(FileLock& lock, const fs::path& folder) {
        std::error_code none;
        if (!fs::exists(folder, none)) return {};
        const auto taken = lock.take(folder / "lock");
        if (taken) return {};
        return schema::fail("stop the store's programs first", taken.error());
    }
    FileLock publisher_;
    FileLock subscriber_;
};

/// Renames a folder to the first free `NAME.aside-N`, and returns its whole path, for a person to
/// copy; empty where there is nothing.
Result<std::string> set_aside(const fs::path& folder) {
    std::error_code error;
    if (!fs::exists(folder, error)) return std::string();
    int number = 1;
    const auto name = [&] {
        return fs::path(folder.string() + ".aside-" + std::to_string(number));
    };
    while (fs::exists(name(), error)) ++number;
    fs::rename(folder, name(), error);
    if (error) {
        return schema::fail(Errc::io, "set " + folder.string() + " aside: " + error.message());
    }
    return fs::absolute(name()).lexically_normal().string();
}

Result<void> put_in_place(const fs::path& from, const fs::path& to,
                          std::vector<std::string>& aside) {
    auto before = set_aside(to);
    if (!before) return tl::unexpected(before.error());
    if (!before->empty()) aside.push_back(std::move(*before));
    std::error_code error;
    if (!fs::exists(from, error)) return {};
    fs::rename(from, to, error);
    if (error) return schema::fail(Errc::io, "put " + to.string() + ": " + error.message());
    return {};
}

Result<const core::Options*> store_options(Context& context) {
    auto options = context.options();
    if (!options) return options;
    if (!(*options)->hubs.empty()) return options;
    return schema::fail(Errc::invalid,
                        "this store has no broker ([[hub]] in filial.toml), and only one can say "
                        "that its log did not go on elsewhere");
}

void print(Console& console, const core::Quarantine& quarantine, const std::string& done,
           const std::vector<std::string>& aside) {
    const std::string code =
        schema::to_hex(schema::view(quarantine.incarnation)).substr(0, kDigitsShown);
    const std::string readmit = "filial readmit " + quarantine.store.value() + " " + code;
    if (console.json) {
        Json out;
        out["store"] = quarantine.store.value();
        out["incarnation"] = schema::to_hex(schema::view(quarantine.incarnation));
        out["readmit"] = readmit;
        out["aside"] = aside;
        console.line(dump(out));
        return;
    }
    console.line(done);
    for (const std::string& folder : aside) console.line("  kept: what was here, in " + folder);
    console.line(
        "\nStart the store's programs. Nothing is booked until head office, in the folder "
        "of its broker, has run:\n  " +
        readmit);
}

}  // namespace

Result<int> run_restore(Context& context, const std::string& dir) {
    const std::string doing = "restore " + dir;
    const auto options = store_options(context);
    if (!options) return schema::fail(doing, options.error());
    const core::Options& store = **options;
    const auto set = read_backup(dir);
    if (!set) return schema::fail(doing, set.error());
    if (set->store != store.store) {
        return schema::fail(Errc::invalid, doing + ": it is a backup of " + set->store.value() +
                                               ", this is " + store.store.value());
    }
    Still still;
    if (const auto ok = still.take(store); !ok) return schema::fail(doing, ok.error());

    const fs::path ready = store.data / "restore.new";
    std::error_code error;
    fs::remove_all(ready, error);
    std::vector<BackupFile> files;
    if (const auto ok = copy_folder(dir, ready, "", files); !ok) {
        return schema::fail(doing, ok.error());
    }
    const auto quarantine = core::begin_quarantine(
        store.store, "it was restored from a backup of " + local_time(set->at));
    // First: from here on nothing of this folder goes on unasked, whatever stands in it.
    if (const auto ok = core::write_quarantine(store.data, quarantine); !ok) {
        return schema::fail(doing, ok.error());
    }
    std::vector<std::string> aside;
    for (const auto& [name, to] :
         {std::pair("publisher", store.publisher_dir()), {"subscriber", store.subscriber_dir()}}) {
        const auto ok = put_in_place(ready / name, to, aside);
        if (!ok) return schema::fail(doing, ok.error());
    }
    fs::remove_all(ready, error);
    if (const auto ok = core::sync_folder(store.data); !ok) return schema::fail(doing, ok.error());
    print(context.console, quarantine,
          "restored " + store.store.value() + " as of " + local_time(set->at), aside);
    return kDone;
}

Result<int> run_replace_store(Context& context) {
    const std::string doing = "replace-store";
    const auto options = store_options(context);
    if (!options) return schema::fail(doing, options.error());
    const core::Options& store = **options;
    Still still;
    if (const auto ok = still.take(store); !ok) return schema::fail(doing, ok.error());
    const auto quarantine =
        core::begin_quarantine(store.store, "its machine or its log was replaced");
    if (const auto ok = core::write_quarantine(store.data, quarantine); !ok) {
        return schema::fail(doing, ok.error());
    }
    std::vector<std::string> aside;
    const auto moved = set_aside(store.publisher_dir());
    if (!moved) return schema::fail(doing, moved.error());
    if (!moved->empty()) aside.push_back(*moved);
    if (const auto ok = core::sync_folder(store.data); !ok) return schema::fail(doing, ok.error());
    print(context.console, quarantine,
          store.store.value() + " gets its log back from what its brokers hold", aside);
    return kDone;
}

namespace {

/// The sentences of the process that answers, or what it was told to do.
Result<std::vector<std::string>> tell(Context& context, Process process, const std::string& doing,
                                      const std::string& store, schema::Readmit message) {
    if (!store.empty()) {
        const auto id = schema::parse_store_id(store);
        if (!id) return schema::fail(doing, id.error());
        message.store = *id;
    }
    auto link = context.connect(process);
    if (!link) return tl::unexpected(with_advice(link.error(), doing, process));
    auto answer = ask_for<schema::Status>(**link, std::move(message), kReadmitWait);
    if (!answer) return tl::unexpected(with_advice(answer.error(), doing, process));
    return std::move(answer->waiting);
}

}  // namespace

Result<int> run_readmit(Context& context, const std::string& store, const std::string& code,
                        const std::string& anyway) {
    const std::string doing = store.empty() ? "readmit" : "readmit " + store;
    const auto options = context.options();
    if (!options) return tl::unexpected(options.error());
    const auto attempts =
        tell(context, Process::broker, doing, store, {0, (*options)->store, code, anyway});
    if (!attempts) return tl::unexpected(attempts.error());
    if (context.console.json) {
        Json out;
        if (!store.empty()) out["readmitted"] = store;
        out["attempts"] = *attempts;
        context.console.line(dump(out));
        return kDone;
    }
    if (!store.empty()) {
        context.console.line(store + " is readmitted: this machine goes on, and no other");
        return kDone;
    }
    for (const std::string& sentence : *attempts) context.console.line(sentence);
    if (attempts->empty()) context.console.say("no machine has asked to be readmitted here");
    return kDone;
}

Result<int> run_accept_hub(Context& context, const std::string& hub, const std::string& code,
                           const std::string& reason) {
    const std::string doing = hub.empty() ? "accept-hub" : "accept-hub " + hub;
    const auto options = context.options();
    if (!options) return tl::unexpected(options.error());
    const auto lives =
        tell(context, Process::publisher, doing, hub, {0, (*options)->store, code, reason});
    if (!lives) return tl::unexpected(lives.error());
    if (context.console.json) {
        Json out;
        if (!hub.empty()) out["accepted"] = hub;
        out["hubs"] = *lives;
        context.console.line(dump(out));
        return kDone;
    }
    if (!hub.empty()) {
        context.console.line(hub + " is accepted here as " + code +
                             ": notices are taken from it again");
        return kDone;
    }
    for (const std::string& sentence : *lives) context.console.line(sentence);
    if (lives->empty()) context.console.say("no broker has been met here");
    return kDone;
}

}  // namespace filial::cli
