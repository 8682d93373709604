#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ledger/setting.h"
#include "ledger/state.h"
#include "schema/grant_payloads.h"

/// What a store holds of another store's limits and goods, from its own log alone. Cents, or
/// thousandths for reserved stock.
namespace filial::ledger {

/// A grant as its holder keeps it. Room of credit is `base` minus the own debt, so that no charge
/// and no payment has to change the record; of stock it is `base`.
struct Room {
    std::string home;     ///< Who gave it; empty if there never was one.
    schema::Epoch epoch;  ///< Of this store, when it was opened: a later epoch has no room.
    bool open = false;
    std::int64_t base = 0;
    bool asked = false;     ///< A request is on its way or waits there.
    std::int64_t mark = 0;  ///< Own debt when the last part was taken: what was used since.
    /// Taken back since because less is there than was given away, until a person here asks for
    /// more or gives the rest back, or more is given.
    std::int64_t cut = 0;
    std::string why;  ///< Of the last cut, as its home said it.
    /// What a person here asked for, until he asks again, or something is given or handed back.
    std::int64_t wanted = 0;
    std::string asked_of;  ///< The store that he asked.
    std::string refusal;   ///< Why it was refused; empty: it was not.
};

/// `home` names the place for stock; it is not used for credit, where a customer has one home.
schema::Result<Room> read_room(const State& state, schema::GrantOf of, std::string_view home,
                               std::string_view id);
void write_room(State& state, schema::GrantOf of, std::string_view home, std::string_view id,
                const Room& room);

/// What is left; nullopt where no grant is open in `epoch`.
schema::Result<std::optional<std::int64_t>> room_left(const State& state, schema::GrantOf of,
                                                      std::string_view id, const Room& room,
                                                      schema::Epoch epoch, const Rules& rules = {});

}  // namespace filial::ledger
