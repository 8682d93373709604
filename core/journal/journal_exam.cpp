#include "core/journal/journal_exam.h"

#include <rocksdb/db.h>

#include "core/journal/folder.h"
#include "core/journal/journal_scrub.h"
#include "core/journal/witness_check.h"

namespace filial::core {

using schema::Errc;
using schema::Result;
using schema::Sequence;
using schema::StoreId;

namespace {

constexpr std::size_t kStepBytes = 1 << 20;

/// What the witness says that the log does not have, or has otherwise.
void compare(const JournalStore::Setup& setup, const StoreId& of, const HeadWitness& witness,
             JournalExam& exam) {
    const auto checked = check_witness(setup, of, witness);
    if (checked) return;
    Sequence end;
    for (const LogHead& head : exam.heads) {
        if (head.store == of) end = head.end;
    }
    const Sequence upto = exam.witness ? std::max(exam.witness->seq, end) : end;
    const bool shorter = end < upto;
    exam.damages.push_back({of, std::string(schema::kAllTopics), shorter ? end : Sequence{}, upto,
                            checked.error().message});
}

}  // namespace

Result<JournalExam> examine_journal(const std::filesystem::path& dir,
                                    const std::string& witness_of) {
    JournalExam exam;
    std::error_code none;
    if (!std::filesystem::exists(dir, none)) return exam;
    const auto lock = FolderLock::take(dir);
    if (!lock) return tl::unexpected(lock.error());
    const JournalStore::Setup setup{dir / "db", {4 << 20, 4 << 20}, 0};
    exam.any = RocksDatabase::exists(setup.dir);
    std::optional<HeadWitness> witness;
    if (!witness_of.empty()) {
        auto found = HeadWitness::read(dir / "witness");
        if (!found && found.error().code != Errc::corrupt) return tl::unexpected(found.error());
        if (found) {
            exam.witness = found->last();
            witness = std::move(*found);
        } else {
            exam.damages.push_back(
                {StoreId{witness_of},
                 std::string(schema::kAllTopics),
                 {},
                 {},
                 found.error().message + ": how far the log was acknowledged is not known"});
        }
        exam.any = exam.any || exam.witness || !found;
    }
    if (!exam.any) return exam;
    const auto store = JournalStore::open(setup, RocksDatabase::Mode::read);
    if (store) {
        for (const auto& [name, head] : store->recovered().heads) exam.heads.push_back(head);
        JournalScrub scrub(store->recovered().heads);
        while (scrub.step(*store, kStepBytes)) {
        }
        exam.damages.insert(exam.damages.end(), scrub.damages().begin(), scrub.damages().end());
        exam.rows = scrub.rows();
        exam.bytes = scrub.bytes();
    } else if (RocksDatabase::exists(setup.dir)) {
        exam.unreadable = store.error().message;
    }
    if (witness) compare(setup, StoreId{witness_of}, *witness, exam);
    return exam;
}

Result<JournalExam> examine_database(const std::filesystem::path& dir,
                                     const std::vector<std::string>& columns) {
    JournalExam exam;
    exam.any = RocksDatabase::exists(dir);
    if (!exam.any) return exam;
    const auto lock = FolderLock::take(dir);
    if (!lock) return tl::unexpected(lock.error());
    const auto database =
        RocksDatabase::open(dir, columns, {4 << 20, 4 << 20}, RocksDatabase::Mode::read);
    if (!database) {
        exam.unreadable = database.error().message;
        return exam;
    }
    for (std::size_t i = 0; i <= columns.size(); ++i) {
        const std::unique_ptr<rocksdb::Iterator> at(
            database->db().NewIterator(rocksdb::ReadOptions(), database->column(i)));
        for (at->SeekToFirst(); at->Valid(); at->Next()) {
            ++exam.rows;
            exam.bytes += at->key().size() + at->value().size();
        }
        if (!at->status().ok()) exam.unreadable = from_status("read", at->status()).message;
    }
    return exam;
}

}  // namespace filial::core
