#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "core/journal/rocks_journal.h"
#include "test/support/temp_folder.h"

/// What the journal's tests share: a folder of their own, and commits in one line.
namespace filial::test {

inline const schema::StoreId kStore{"store1"};

/// Topic and row of an event; its position follows from its place in the commit.
using Rows = std::vector<std::pair<std::string, std::string>>;

core::JournalOptions options_in(const std::filesystem::path& dir, std::string witness_of = {});

/// The journal, or a failed test.
std::unique_ptr<core::RocksJournal> opened(const core::JournalOptions& options);

/// `rows` as the next commit of `store`, epoch 1. The chain heads are hashes of what came so far.
core::Append append_after(schema::Sequence after, const Rows& rows,
                          const std::string& store = "store1");

/// Commits `rows` at the log's end, synced.
schema::Result<void> commit_rows(core::Journal& journal, const Rows& rows,
                                 const std::string& store = "store1", bool sync = true);

/// `count` commits of one stock and one debts event, so 2 * count events.
void commit_pairs(core::Journal& journal, int count, bool sync = true);

/// Everything of `topics` above `after`, as "seq topic row", in the order of positions.
std::vector<std::string> rows_of(const core::Journal& journal,
                                 const std::vector<std::string>& topics, std::uint64_t after = 0,
                                 const std::string& store = "store1");

/// The database's write-ahead logs in `dir`, oldest first, without empty ones.
std::vector<std::filesystem::path> write_ahead_logs(const std::filesystem::path& dir);

std::string bytes_of_file(const std::filesystem::path& file);
void write_file(const std::filesystem::path& file, const std::string& bytes);

}  // namespace filial::test
