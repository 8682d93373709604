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
///     8 bytes  for each line: the first 8 bytes of the running hash up to and including it
///
/// Only for telling more: which line was changed, and which lines were still unanswered when an
/// import was killed. Whether a line was booked is the store's own answer. Locked while open.
class ImportJournal {
  public:
    /// Creates the folder and the file. `locked` while another import of the same source runs.
    static schema::Result<ImportJournal> open(const std::filesystem::path& folder,
                                              const schema::ClientId& client);
    ImportJournal(ImportJournal&& other) noexcept;
    ImportJournal& operator=(ImportJournal&&) = delete;
    ~ImportJournal();

    /// True if the file was there, of this form: then `settled` means something.
    bool known() const { return known_; }
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
    bool known_ = false;
    std::uint64_t settled_ = 0;
    std::uint64_t write_from_ = 0;  ///< Line of the first hash in `write_`.
    schema::Bytes write_;
    std::uint64_t read_from_ = 0;
    schema::Bytes read_;
};

/// `settled` of a file that begins so; nothing where it is no such file.
std::optional<std::uint64_t> parse_import_header(schema::ByteView bytes);

/// The first 8 bytes of a hash as a number.
std::uint64_t first8(const schema::Hash& hash);

}  // namespace filial::cli
