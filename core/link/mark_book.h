#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "schema/messages.h"

namespace filial::core {

/// A mark as it stands here: how old it was when it was sent here, and when that was at the
/// earliest.
struct HeldMark {
    schema::Mark mark;
    schema::Bytes bytes;  ///< encode(mark) as its store made it.
    schema::Bytes signature;
    std::int64_t dwell_us = 0;  ///< At `received`.
    bool dwell_exact = true;
    BootTime received;
    std::string boot_id;

    /// Age at `now`, at least; `exact` tells whether it is that age.
    std::int64_t age_us(BootTime now, const std::string& now_boot_id, bool& exact) const;
};

/// The newest mark of each store, by (epoch, counter), never by T. Pure.
class MarkBook {
  public:
    /// Keeps it if it is newer; false if not. `corrupt` for damaged bytes. Its age is its dwell
    /// time at `sent`: on its way it waits in queues that nobody counts, so that `sent` must be no
    /// later than when the message was (Session::sent_after). No mark is shown younger than it is.
    schema::Result<bool> offer(const schema::MarkMessage& message, const Clock& clock,
                               BootTime sent);
    /// The same, where the message's mark is decoded already.
    bool offer(const schema::Mark& mark, const schema::MarkMessage& message, const Clock& clock,
               BootTime sent);
    /// From a saved value, unless a newer mark is here; keeps its `received` and boot id.
    schema::Result<void> restore(schema::ByteView saved);
    static schema::Bytes save(const HeldMark& held);
    static schema::Result<HeldMark> decode_held(schema::ByteView saved);

    const HeldMark* find(const schema::StoreId& store) const;
    /// The very mark whose bytes these are, if it is held: whoever has it need not decode it again.
    const HeldMark* find_same(schema::ByteView mark) const;
    const std::map<schema::StoreId, HeldMark>& all() const { return marks_; }
    void erase(const schema::StoreId& store) { marks_.erase(store); }
    /// To send on: its dwell time with the time here added.
    schema::MarkMessage outgoing(const HeldMark& held, const Clock& clock) const;

  private:
    std::map<schema::StoreId, HeldMark> marks_;
};

}  // namespace filial::core
