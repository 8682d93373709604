#include "subscriber/replica_scrub.h"

#include "schema/segment.h"
#include "subscriber/number_record.h"
#include "subscriber/replica_keys.h"

namespace filial::subscriber {

using schema::Bytes;
using schema::ByteView;
using schema::Errc;
using schema::Result;
using schema::Sequence;

namespace {

/// Families of contributions, by the first letter of their keys.
constexpr ByteView kContributions = "cskty";
constexpr std::size_t kPositionBytes = 8;

}  // namespace

Result<bool> ReplicaScrub::step(const ReplicaStore& store, std::size_t bytes) {
    std::size_t read = 0;
    Result<void> checked;
    const Bytes from = above_;
    const auto look = [&](ByteView key, ByteView value) {
        above_ = key;
        read += key.size() + value.size() + 1;
        if (received_) {
            check_received(key, value);
        } else {
            checked = check_state(key, value);
        }
        return checked.has_value() && read < bytes;
    };
    const auto scanned = received_
                             ? store.scan_received({}, from.empty() ? from : from + '\0', look)
                             : store.scan({}, from, look);
    if (!scanned) return tl::unexpected(scanned.error());
    if (!checked) return tl::unexpected(checked.error());
    if (read >= bytes) return true;
    above_.clear();
    if (received_) return false;
    received_ = true;
    return true;
}

Result<void> ReplicaScrub::check_state(ByteView key, ByteView value) {
    if (key.empty() || kContributions.find(key[0]) == ByteView::npos) return {};
    const auto name = parse_contribution(key);
    if (!name) {
        return schema::fail(Errc::corrupt,
                            "replica: a key in family " + Bytes(key.substr(0, 1)) + " is none");
    }
    if (name->part != Part::number) return {};
    const auto number = NumberRecord::decode(value);
    if (number) return {};
    damages_.push_back(
        {name->store, name->topic, {}, {}, "sum of " + name->key + ": " + number.error().message});
    return {};
}

void ReplicaScrub::check_received(ByteView key, ByteView value) {
    const std::size_t topic_end = key.find('\0');
    const std::size_t store_end =
        topic_end == ByteView::npos ? topic_end : key.find('\0', topic_end + 1);
    if (store_end == ByteView::npos || key.size() != store_end + 1 + kPositionBytes) return;
    const Sequence last{read_u64(key.substr(store_end + 1))};
    const auto damaged = [&](const std::string& why) {
        damages_.push_back(
            {schema::StoreId{Bytes(key.substr(topic_end + 1, store_end - topic_end - 1))},
             Bytes(key.substr(0, topic_end)), Sequence{last.value() - 1}, last, why});
    };
    auto fields = parser_.array(value);
    if (!fields) return damaged(fields.error().message);
    fields->skip();  // Version.
    fields->skip();  // When it came.
    const auto segment = schema::read_segment(*fields);
    if (!segment) return damaged(segment.error().message);
    if (segment->empty() || segment->last() != last) damaged("it holds other events");
}

}  // namespace filial::subscriber
