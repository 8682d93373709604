#include "ledger/room.h"

#include "ledger/debts.h"
#include "ledger/pot.h"

namespace filial::ledger {

using schema::Bytes;
using schema::fail;
using schema::GrantOf;
using schema::Result;

namespace {

Bytes room_key(GrantOf of, std::string_view home, std::string_view id) {
    if (of == GrantOf::credit) return "room/c/" + Bytes(id);
    return "room/s/" + Bytes(home) + "/" + Bytes(id);  // A store's name has no slash.
}

Result<Room> room_of(schema::ByteView value, std::string_view id) {
    auto fields = parser().array(value);
    if (!fields) return fail("own state of the room for " + Bytes(id), fields.error());
    Room room;
    room.home = fields->str();
    room.epoch = schema::Epoch{fields->u32()};
    room.open = fields->boolean();
    room.base = fields->i64();
    room.asked = fields->boolean();
    room.mark = fields->i64();
    room.cut = fields->i64();
    room.why = fields->str();
    room.wanted = fields->i64();
    room.asked_of = fields->str();
    room.refusal = fields->str();
    const auto done = parser().finish("own state of room");
    if (!done) return tl::unexpected(done.error());
    return room;
}

}  // namespace

Result<Room> read_room(const State& state, GrantOf of, std::string_view home, std::string_view id) {
    const auto read = kept_row<Room>(state, room_key(of, home, id),
                                     [&](schema::ByteView value) { return room_of(value, id); });
    if (!read) return tl::unexpected(read.error());
    return **read;
}

void write_room(State& state, GrantOf of, std::string_view home, std::string_view id,
                const Room& room) {
    schema::Writer out;
    const bool notes = room.cut != 0 || room.wanted != 0;
    out.array(notes ? 11 : 6).str(room.home).u64(room.epoch.value()).boolean(room.open);
    out.i64(room.base).boolean(room.asked).i64(room.mark);
    if (!notes) return state.put(room_key(of, home, id), out.take());
    out.i64(room.cut).str(room.why).i64(room.wanted).str(room.asked_of).str(room.refusal);
    state.put(room_key(of, home, id), out.take());
}

Result<std::optional<std::int64_t>> room_left(const State& state, GrantOf of, std::string_view id,
                                              const Room& room, schema::Epoch epoch,
                                              const Rules& rules) {
    const bool lives = room.epoch == epoch || !rules.grants_end_with_their_epoch;
    const bool holder = (room.open && lives) || !rules.only_a_holder_frees_room;
    if (!holder) return std::optional<std::int64_t>{};
    if (of == GrantOf::stock) return std::optional<std::int64_t>{room.base};
    const auto own = own_debt(state, id);
    if (!own) return tl::unexpected(own.error());
    const auto less = minus(own->value());
    if (!less) return tl::unexpected(less.error());
    const auto left = sum_of({room.base, *less});
    if (!left) return tl::unexpected(left.error());
    return std::optional<std::int64_t>{*left};
}

}  // namespace filial::ledger
