#include "core/journal/journal_repair.h"

#include <rocksdb/db.h>

#include <system_error>

#include "core/journal/database_rebuild.h"
#include "core/journal/folder.h"
#include "core/journal/journal_store.h"
#include "core/journal/redo_record.h"
#include "core/journal/write_log_copy.h"
#include "core/log.h"

namespace filial::core {

namespace fs = std::filesystem;
using schema::Bytes;
using schema::ByteView;
using schema::Errc;
using schema::fail;
using schema::Result;

namespace {

constexpr const char* kAsked = "repair-asked";
constexpr std::size_t kAskedBytesMax = 64 * 1024;
constexpr RocksMemory kSalvageMemory{8 << 20, 4 << 20};

Result<void> rename_path(const fs::path& from, const fs::path& to) {
    std::error_code error;
    fs::rename(from, to, error);
    if (!error) return {};
    return fail(Errc::io,
                "rename " + from.string() + " to " + to.string() + ": " + error.message());
}

}  // namespace

Result<void> ask_for_repair(const fs::path& dir, const std::string& why) {
    return replace_text(dir / kAsked, why + "\n", 0600);
}

std::optional<std::string> repair_asked(const fs::path& dir) {
    auto text = read_text(dir / kAsked, kAskedBytesMax);
    if (!text) return std::nullopt;
    while (!text->empty() && text->back() == '\n') text->pop_back();
    return std::move(*text);
}

Result<std::unique_ptr<JournalRepair>> JournalRepair::open(JournalOptions options) {
    std::unique_ptr<JournalRepair> repair(new JournalRepair());
    if (const auto ok = create_folders(options.dir); !ok) return tl::unexpected(ok.error());
    auto lock = FolderLock::take(options.dir);
    if (!lock) return tl::unexpected(lock.error());
    repair->lock_ = std::move(*lock);
    repair->options_ = std::move(options);
    if (const auto ok = repair->read_witness(); !ok) return tl::unexpected(ok.error());
    repair->open_damaged(kSalvageMemory);

    JournalOptions target = repair->options_;
    target.dir = repair->options_.dir / "repair";
    target.witness_of.clear();
    auto journal = RocksJournal::open(target);
    if (!journal && journal.error().code == Errc::corrupt) {
        // What was built is damaged too: it is begun again.
        std::error_code ignored;
        fs::remove_all(target.dir, ignored);
        journal = RocksJournal::open(target);
    }
    if (!journal) return tl::unexpected(journal.error());
    repair->target_ = std::move(*journal);
    return repair;
}

Result<void> JournalRepair::read_witness() {
    if (options_.witness_of.empty()) return {};
    const fs::path file = options_.dir / "witness";
    const auto found = HeadWitness::read(file);
    if (found) {
        witness_ = found->last();
        return {};
    }
    if (found.error().code != Errc::corrupt) return tl::unexpected(found.error());
    return rename_path(file, free_name(options_.dir, "damaged-witness"));
}

/// Of links to its files, so that these stay as they were found: logs without their damaged
/// records, and, where RocksDB cannot open that, a database of the tables and logs alone.
void JournalRepair::open_damaged(const RocksMemory& memory) {
    const fs::path dir = options_.dir / "db";
    std::error_code error;
    if (!fs::exists(dir, error)) return;
    const fs::path copy = options_.dir / "salvage";
    fs::remove_all(copy, error);
    fs::create_directory(copy, error);
    for (fs::directory_iterator at(dir, error), end; !error && at != end; at.increment(error)) {
        if (at->path().filename() == "LOCK") continue;
        const fs::path to = copy / at->path().filename();
        const bool is_log = at->path().extension() == ".log";
        const auto written = is_log ? copy_write_log(at->path(), to) : Result<bool>(false);
        if (is_log && (!written || *written)) writes_left_out_ = true;
        std::error_code one;
        if (!written || !*written) fs::create_hard_link(at->path(), to, one);
    }
    const std::vector<std::string> columns{"log", "heads", "state"};
    auto opened = RocksDatabase::open(copy, columns, memory, RocksDatabase::Mode::salvage);
    if (!opened) {
        unreadable_ = opened.error().message;
        opened = rebuild_database(copy, columns, memory);
        if (!opened) unreadable_ += "; " + opened.error().message;
    }
    if (opened) {
        damaged_ = std::move(*opened);
    } else {
        log(Level::warn, "nothing can be read of the damaged database",
            {{"dir", dir.string()}, {"error", unreadable_}});
    }
}

std::unique_ptr<LogRemains> JournalRepair::source(const schema::StoreId& store) const {
    if (!damaged_) return nullptr;
    return std::make_unique<LogSalvage>(damaged_->db(), damaged_->column(kLogColumn), store);
}

std::vector<schema::StoreId> JournalRepair::stores() const {
    std::vector<schema::StoreId> stores;
    if (!damaged_) return stores;
    const std::unique_ptr<rocksdb::Iterator> at(
        damaged_->db().NewIterator({}, damaged_->column(kLogColumn)));
    Bytes from;
    for (at->Seek(from); at->Valid(); at->Seek(from)) {
        const ByteView key = at->key().ToStringView();
        const Bytes name(key.substr(0, key.find('\0')));
        from = name + '\x01';
        if (const auto store = schema::parse_store_id(name)) stores.push_back(*store);
    }
    return stores;
}

bool JournalRepair::read_state(std::map<Bytes, Bytes>& found) const {
    if (!damaged_) return false;
    bool whole = unreadable_.empty() && !writes_left_out_;
    std::unique_ptr<rocksdb::Iterator> at(
        damaged_->db().NewIterator({}, damaged_->column(kStateColumn)));
    for (at->SeekToFirst(); at->Valid(); at->Next()) {
        found[at->key().ToString()] = at->value().ToString();
    }
    whole = whole && at->status().ok();
    schema::Parser parser;
    std::optional<std::uint64_t> last;
    at.reset(damaged_->db().NewIterator({}, damaged_->column(kRedoColumn)));
    for (at->SeekToFirst(); at->Valid(); at->Next()) {
        const auto number = redo_number(at->key().ToStringView());
        const auto changes = decode_redo(parser, at->value().ToStringView());
        // They are numbered without holes, and go from the front.
        whole = whole && number && changes && (!last || *number == *last + 1);
        if (number) last = *number;
        if (!changes) continue;
        for (const StateChange& change : *changes) {
            if (change.value) {
                found[Bytes(change.key)] = Bytes(*change.value);
            } else {
                found.erase(Bytes(change.key));
            }
        }
    }
    return whole && at->status().ok();
}

std::map<Bytes, Bytes> JournalRepair::rescued() const {
    std::map<Bytes, Bytes> found;
    read_state(found);
    return found;
}

bool JournalRepair::state_is_whole() const {
    std::map<Bytes, Bytes> found;
    return read_state(found);
}

Result<fs::path> JournalRepair::finish(const std::string& why) {
    const fs::path dir = options_.dir, db = dir / "db", built = dir / "repair";
    if (!options_.witness_of.empty()) {
        const auto head = target_->head(schema::StoreId{options_.witness_of});
        schema::check(head.has_value(), "a repaired journal has its store's log");
        auto witness = HeadWitness::read(dir / "witness");
        if (!witness) return tl::unexpected(witness.error());
        if (const auto ok = witness->write(*head); !ok) return tl::unexpected(ok.error());
    }
    damaged_.reset();
    target_.reset();
    std::error_code ignored;
    fs::path kept;
    if (fs::exists(db, ignored)) {
        kept = free_name(dir, "damaged");
        if (const auto ok = note_why(db, why); !ok) return tl::unexpected(ok.error());
        if (const auto ok = rename_path(db, kept); !ok) return tl::unexpected(ok.error());
    }
    if (const auto ok = rename_path(built / "db", db); !ok) return tl::unexpected(ok.error());
    if (const auto ok = sync_folder(dir); !ok) return tl::unexpected(ok.error());
    fs::remove_all(built, ignored);
    fs::remove_all(dir / "salvage", ignored);
    fs::remove(dir / kAsked, ignored);
    if (const auto ok = sync_folder(dir); !ok) return tl::unexpected(ok.error());
    return kept;
}

}  // namespace filial::core
