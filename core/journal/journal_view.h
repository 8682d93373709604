#pragma once

#include <filesystem>
#include <memory>

#include "core/journal/journal.h"

namespace filial::core {

/// The logs of a journal's folder as they stand on its disk, without touching anything there: of a
/// store's own one while its publisher runs, of a folder that was set aside, of an old disk or a
/// backup. What is written after opening is not seen.
class JournalView {
  public:
    /// `not_found` where there is no journal; `corrupt`, or `io`, also where the running process
    /// has just cleared away a file: then it can be opened again.
    static schema::Result<JournalView> open(const std::filesystem::path& dir);
    ~JournalView();
    JournalView(JournalView&&) noexcept;
    JournalView& operator=(JournalView&&) noexcept;

    std::vector<schema::StoreId> logs() const;
    /// As of Journal.
    std::optional<LogHead> head(const schema::StoreId& store) const;
    schema::Result<LogHead> head_at(const schema::StoreId& store, schema::Sequence at) const;
    schema::Result<schema::Range> read(const ReadRequest& request) const;

  private:
    struct Inside;
    explicit JournalView(std::unique_ptr<Inside> inside);
    std::unique_ptr<Inside> inside_;
};

/// The last event up to which two logs of one store are the same, by their chains; all of the
/// shorter one where nothing differs. Looks at a few dozen commits of each, however long they are.
/// Where a chain is not known they count as the same.
schema::Result<schema::Sequence> common_end(const JournalView& a, const JournalView& b,
                                            const schema::StoreId& store);

}  // namespace filial::core
