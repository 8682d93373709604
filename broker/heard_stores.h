#pragma once

#include <set>

#include "core/journal/journal.h"
#include "core/link/mark_book.h"

namespace filial::broker {

/// The stores whose word has come since this broker's memory began: a mark of each that was made
/// after that. Of what this broker forgot an older one says nothing, and another broker may pass on
/// one of any age. Kept for as long as the memory is (see life_of).
class HeardStores {
  public:
    static schema::Result<HeardStores> load(const core::Journal& journal);

    /// A mark came. `began`: when this process did, so that the memory is at least that old.
    void marked(const core::HeldMark& held, core::BootTime began, const core::Clock& clock);
    bool has(const schema::StoreId& store) const { return stores_.contains(store); }

    void save(core::JournalWrite& write) const;
    /// That write was made.
    void saved() { unsaved_.clear(); }

  private:
    std::set<schema::StoreId> stores_;
    std::set<schema::StoreId> unsaved_;
};

/// Whether that key of a broker's state belongs to it.
bool is_heard_key(schema::ByteView key);

}  // namespace filial::broker
