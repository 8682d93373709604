#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "schema/hash.h"
#include "schema/ids.h"
#include "schema/result.h"

namespace filial::cli {

/// What an import remembers beside the store's log, `data/imports/CLIENT.lines`:
///
///     8 bytes  "filimp1\n"
///     8 bytes  settled: every line up to it has been answered and reported (big-endian)
///     8 bytes  for each line: the first 8 bytes of the running hash up to and including it, all
///              bits turned over where the store refused the line, the lowest one where it said
///              that the line is bad
///
/// Only for telling more: which line was changed, which lines were still unanswered when an import
/// was killed, and which of those before were not booked. Whether one of the last kAnswersKept
/// lines was booked is the store's own answer. Without this file, one that the store turned down
/// before those counts as booked. Locked while open.
class ImportJournal {
  public:
    /// What turns the kept hash of a line over that was not booked.
    static constexpr std::uint64_t kRefused = ~std::uint64_t{0};
    static constexpr std::uint64_t kBad = 1;

    /// Creates the folder and the file. `locked` while another import of the same source runs.
    static schema::Result<ImportJournal> open(const std::filesystem::path& folder,
                                              const schema::ClientId& client);
    ImportJournal(ImportJournal&& other) noexcept;
    ImportJournal& operator=(ImportJournal&&) = delete;
    ~ImportJournal();

    /// 0 where the file is new.
    std::uint64_t settled() const { return settled_; }

    /// What was kept of line `number` (from 1); false where nothing is. Quick when asked in order.
    bool find(std::uint64_t number, std::uint64_t& hash);
    /// Keeps a line's hash; in the file after `flush`. Quick when set in order.
    schema::Result<void> set(std::uint64_t number, std::uint64_t hash);
    schema::Result<void> flush();
    schema::Result<void> settle(std::uint64_t number);

  private:
    explicit ImportJournal(int fd) : fd_(fd) {}
    int fd_;
    std::uint64_t settled_ = 0;
    std::uint64_t write_from_ = 0;  ///< Line of the first hash in `write_`.
    schema::Bytes write_;
    std::uint64_t read_from_ = 0;
    schema::Bytes read_;
};

/// `settled` of a file that begins so; nothing where it is no such file.
std::optional<std::uint64_t> parse_import_header(schema::ByteView bytes);

/// The first 8 bytes of a hash, which has at least as many, as a number.
std::uint64_t first8(schema::ByteView hash);

}  // namespace filial::cli
