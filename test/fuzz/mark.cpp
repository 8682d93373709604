// A mark as stores send it, and as it is kept. The first byte picks which.
#include "schema/mark.h"

#include "core/link/mark_book.h"
#include "test/fuzz/fuzz.h"

using namespace filial;
using namespace filial::schema;

namespace {

void check_mark(ByteView bytes) {
    static Parser parser;
    const auto mark = decode_mark(parser, bytes);
    if (!mark) return;
    const auto second = decode_mark(parser, encode(*mark));
    fuzz::require(second && *second == *mark, "a mark is written and read alike");

    core::MarkBook book;
    core::ManualClock clock;
    MarkMessage message;
    message.mark = bytes;
    message.dwell_us = static_cast<std::int64_t>(mark->counter);
    const auto taken = book.offer(message, clock, clock.boot());
    fuzz::require(taken && *taken, "the first mark of a store is kept");
    const auto again = book.offer(message, clock, clock.boot());
    fuzz::require(again && !*again, "the same mark is no newer one");
    fuzz::require(book.find(mark->store)->bytes == bytes, "a mark is relayed byte for byte");
}

void check_held(ByteView bytes) {
    const auto held = core::MarkBook::decode_held(bytes);
    if (!held) return;
    const auto second = core::MarkBook::decode_held(core::MarkBook::save(*held));
    fuzz::require(second && second->mark == held->mark && second->bytes == held->bytes &&
                      second->signature == held->signature && second->dwell_us == held->dwell_us &&
                      second->received == held->received && second->boot_id == held->boot_id,
                  "a kept mark is written and read alike");
    bool exact = false;
    const auto age = held->age_us(core::BootTime{core::kSecond}, "boot", exact);
    fuzz::require(age >= 0, "no age is below zero");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const ByteView bytes = fuzz::view(data + 1, size - 1);
    if (data[0] % 2 == 0) {
        check_mark(bytes);
    } else {
        check_held(bytes);
    }
    return 0;
}
