#include "subscriber/number_record.h"

#include <algorithm>

#include "schema/amounts.h"
#include "subscriber/replica_keys.h"

namespace filial::subscriber {

using schema::Bytes;
using schema::ByteView;
using schema::Epoch;
using schema::Errc;
using schema::Result;

namespace {

constexpr std::size_t kSumBytes = 8;
constexpr std::size_t kEpochBytes = 4;
constexpr std::size_t kPartBytes = kEpochBytes + 8;

}  // namespace

/// The epoch's number; 0 is put where there was none.
std::int64_t* NumberRecord::find(Epoch epoch) {
    if (newest_.first == epoch) return &newest_.second;
    if (newest_.first < epoch) {
        if (newest_.first.value() != 0) older_.push_back(newest_);
        newest_ = {epoch, 0};
        return &newest_.second;
    }
    const auto at = std::lower_bound(older_.begin(), older_.end(), Part{epoch, INT64_MIN});
    if (at != older_.end() && at->first == epoch) return &at->second;
    return &older_.insert(at, {epoch, 0})->second;
}

bool NumberRecord::add(Epoch epoch, std::int64_t delta) {
    std::int64_t* number = find(epoch);
    const auto added = schema::add(*number, delta);
    const auto sum = schema::add(sum_, delta);
    if (!added || !sum) return false;
    *number = *added;
    sum_ = *sum;
    return true;
}

void NumberRecord::append_to(Bytes& bytes) const {
    const auto append = [&](const Part& part) {
        append_u32(bytes, part.first.value());
        append_u64(bytes, static_cast<std::uint64_t>(part.second));
    };
    append_u64(bytes, static_cast<std::uint64_t>(sum_));
    for (const Part& part : older_) append(part);
    append(newest_);
}

std::int64_t NumberRecord::sum_of(ByteView bytes) { return number_of(bytes); }

Result<NumberRecord> NumberRecord::decode(ByteView bytes) {
    const auto damaged = [] { return schema::fail(Errc::corrupt, "replica: a number is damaged"); };
    if (bytes.size() < kSumBytes + kPartBytes) return damaged();
    const std::int64_t sum = number_of(bytes);
    bytes.remove_prefix(kSumBytes);
    NumberRecord record;
    for (; bytes.size() >= kPartBytes; bytes.remove_prefix(kPartBytes)) {
        const Epoch epoch{read_u32(bytes)};
        if (!(record.newest_.first < epoch)) return damaged();
        if (!record.add(epoch, number_of(bytes.substr(kEpochBytes)))) return damaged();
    }
    if (!bytes.empty() || record.sum_ != sum) return damaged();
    return record;
}

}  // namespace filial::subscriber
