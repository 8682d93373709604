#include "subscriber/number_record.h"

#include <doctest/doctest.h>

#include "subscriber/replica_keys.h"

using namespace filial;
using namespace filial::subscriber;
using schema::Bytes;
using schema::Epoch;

namespace {

Bytes bytes_of(const NumberRecord& record) {
    Bytes bytes;
    record.append_to(bytes);
    return bytes;
}

}  // namespace

TEST_CASE("number record: the sum stands in front and each epoch's number behind it, in order") {
    NumberRecord record;
    CHECK(record.add(Epoch{2}, 5));
    CHECK(record.add(Epoch{2}, -7));
    CHECK(record.add(Epoch{7}, 100));
    CHECK(record.add(Epoch{4}, 10));
    CHECK(record.add(Epoch{2}, 1));
    CHECK(record.sum() == 109);

    Bytes expected = number_value(109);
    for (const auto& [epoch, number] : {std::pair{2, -1}, std::pair{4, 10}, std::pair{7, 100}}) {
        append_u32(expected, static_cast<std::uint32_t>(epoch));
        expected += number_value(number);
    }
    CHECK(bytes_of(record) == expected);
    CHECK(NumberRecord::sum_of(expected) == 109);
    const auto read = NumberRecord::decode(expected);
    REQUIRE(read);
    CHECK(bytes_of(*read) == expected);
}

TEST_CASE("number record: what would leave 64 bits is not added, to the number nor to the sum") {
    NumberRecord record;
    CHECK(record.add(Epoch{1}, INT64_MAX));
    const Bytes before = bytes_of(record);
    CHECK_FALSE(record.add(Epoch{1}, 1));
    CHECK(bytes_of(record) == before);
    CHECK_FALSE(record.add(Epoch{2}, 1));
    CHECK(record.sum() == INT64_MAX);
    CHECK(record.add(Epoch{2}, -1));
    CHECK(record.sum() == INT64_MAX - 1);
}

TEST_CASE("number record: a sum that its epochs do not make, and any other damage, is corrupt") {
    NumberRecord record;
    CHECK(record.add(Epoch{1}, 5));
    CHECK(record.add(Epoch{3}, 6));
    const Bytes whole = bytes_of(record);
    for (std::size_t at = 0; at < whole.size(); ++at) {
        CAPTURE(at);
        CHECK_FALSE(NumberRecord::decode(whole.substr(0, at)));
        Bytes flipped = whole;
        flipped[at] = static_cast<char>(flipped[at] ^ 0x01);
        const auto read = NumberRecord::decode(flipped);
        // An epoch's own name is all that no other byte repeats.
        const bool names_epoch = (at >= 8 && at < 12) || (at >= 20 && at < 24);
        CHECK((!read || names_epoch));
    }
    CHECK_FALSE(NumberRecord::decode(whole + '\0'));
}
