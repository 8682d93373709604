#include "subscriber/replica_reader.h"

#include "subscriber/csv_key.h"
#include "subscriber/number_record.h"
#include "subscriber/replica_keys.h"

namespace filial::subscriber {

using schema::Bytes;
using schema::ByteView;
using schema::Errc;
using schema::Result;
using schema::StoreId;

namespace {

/// Above every record of a customer or transfer: their kinds and stores are ASCII.
constexpr char kBehind = '\xff';

Result<void> check_cursor(ByteView after, char family) {
    if (after.empty() || after.front() == family) return {};
    return schema::fail(Errc::invalid, "this cursor belongs to another question");
}

Result<void> damaged(const char* what) {
    return schema::fail(Errc::corrupt, std::string("replica: ") + what + " is damaged");
}

}  // namespace

Result<std::optional<std::int64_t>> ReplicaReader::stock(const StoreId& store,
                                                         const std::string& sku) const {
    const auto value = store_.get(stock_key(store.value(), sku));
    if (!value) return tl::unexpected(value.error());
    if (!*value) return std::optional<std::int64_t>();
    return std::optional<std::int64_t>(NumberRecord::sum_of(**value));
}

Result<CustomerRecord> ReplicaReader::customer(const std::string& customer) const {
    CustomerRecord record;
    record.customer = customer;
    const Bytes prefix = customer_prefix(customer);
    schema::Parser parser;
    Result<void> added;
    const auto scanned = store_.scan(prefix, {}, [&](ByteView key, ByteView value) {
        added = record.add(parser, key.substr(prefix.size()), value);
        return added.has_value();
    });
    if (!scanned) return tl::unexpected(scanned.error());
    if (!added) return tl::unexpected(added.error());
    return record;
}

Result<std::optional<AppValue>> ReplicaReader::value(const std::string& topic, const StoreId& store,
                                                     const std::string& key) const {
    // A log has one or two epochs: the newest one that has the key is found by going through them.
    std::optional<AppValue> newest;
    Bytes epoch_prefix = contribution_prefix(topic, store.value());
    const std::size_t prefix_size = epoch_prefix.size();
    Bytes above;
    while (true) {
        std::optional<schema::Epoch> epoch;
        const auto found = store_.scan(epoch_prefix, above, [&](ByteView at, ByteView) {
            epoch = schema::Epoch{read_u32(at.substr(prefix_size))};
            return false;
        });
        if (!found) return tl::unexpected(found.error());
        if (!epoch) return newest;
        const auto held = store_.get(contribution_key({topic, store, *epoch, Part::value, key}));
        if (!held) return tl::unexpected(held.error());
        if (*held) {
            schema::Parser parser;
            auto fields = parser.array(**held);
            if (!fields) return tl::unexpected(damaged("a value").error());
            fields->skip();  // Version.
            AppValue value;
            value.position = {store, *epoch, schema::Sequence{fields->u64()}};
            value.at = schema::Timestamp{fields->i64()};
            value.payload = fields->bin();
            newest = std::move(value);
        }
        if (epoch->value() == UINT32_MAX) return newest;
        above = epoch_prefix;
        append_u32(above, epoch->value() + 1);
    }
}

Result<std::optional<std::string>> ReplicaReader::parked(const schema::Position& position,
                                                         std::string_view topic) const {
    const auto value = store_.get(parked_key(position.store.value(), topic, position.seq));
    if (!value) return tl::unexpected(value.error());
    if (!*value) return std::optional<std::string>();
    schema::Parser parser;
    auto fields = parser.array(**value);
    if (!fields) return tl::unexpected(damaged("a parked row").error());
    fields->skip();  // Version.
    fields->skip();  // Key.
    return std::optional<std::string>(std::string(fields->str()));
}

Result<std::optional<schema::DayClosed>> ReplicaReader::closed_day(const std::string& store,
                                                                   const std::string& date) const {
    std::optional<schema::DayClosed> newest;
    schema::Parser parser;
    Result<void> read;
    const auto scanned = store_.scan(day_key(store, date), {}, [&](ByteView, ByteView value) {
        auto day = schema::decode_day_closed(parser, value);
        if (!day) read = tl::unexpected(day.error());
        if (day) newest = std::move(*day);
        return day.has_value();
    });
    if (!scanned) return tl::unexpected(scanned.error());
    if (!read) return tl::unexpected(read.error());
    return newest;
}

Result<void> ReplicaReader::scan_stock(const std::string& store, ByteView after,
                                       const StockVisit& visit) const {
    if (const auto ok = check_cursor(after, 's'); !ok) return ok;
    Bytes prefix = "s";
    if (!store.empty()) append_csv(prefix, store);
    StockRow row;
    return store_.scan(prefix, after, [&](ByteView key, ByteView value) {
        ByteView rest = key.substr(1);
        row.store = take_csv(rest);
        row.sku = take_csv(rest);
        row.thousandths = NumberRecord::sum_of(value);
        return visit(row, key);
    });
}

Result<void> ReplicaReader::scan_customers(ByteView after, const CustomerVisit& visit) const {
    if (const auto ok = check_cursor(after, 'k'); !ok) return ok;
    schema::Parser parser;
    CustomerRecord record;
    Bytes prefix;  // Of `record`.
    bool go_on = true;
    Result<void> added;
    const auto give = [&] {
        if (!record.empty()) go_on = visit(record, prefix + kBehind);
    };
    const auto scanned = store_.scan("k", after, [&](ByteView key, ByteView value) {
        if (prefix.empty() || key.substr(0, prefix.size()) != prefix) {
            give();
            if (!go_on) return false;
            ByteView rest = key.substr(1);
            record = {};
            record.customer = take_csv(rest);
            prefix = key.substr(0, key.size() - rest.size());
        }
        added = record.add(parser, key.substr(prefix.size()), value);
        return added.has_value();
    });
    if (!scanned) return scanned;
    if (!added) return added;
    if (go_on) give();
    return {};
}

Result<void> ReplicaReader::scan_debts(ByteView after, const DebtVisit& visit) const {
    if (const auto ok = check_cursor(after, 'k'); !ok) return ok;
    return store_.scan("k", after, [&](ByteView key, ByteView value) {
        ByteView rest = key.substr(1);
        const std::string customer = take_csv(rest);
        if (rest.empty() || rest.front() != 'd') return true;
        return visit(customer, std::string(rest.substr(1)), NumberRecord::sum_of(value), key);
    });
}

Result<void> ReplicaReader::scan_transfers(ByteView after, const TransferVisit& visit) const {
    if (const auto ok = check_cursor(after, 't'); !ok) return ok;
    schema::Parser parser;
    std::string transfer;
    std::vector<ledger::SideOf> sides;
    Bytes prefix;
    bool go_on = true;
    Result<void> read;
    const auto scanned = store_.scan("t", after, [&](ByteView key, ByteView value) {
        if (prefix.empty() || key.substr(0, prefix.size()) != prefix) {
            if (!sides.empty()) go_on = visit(transfer, sides, prefix + kBehind);
            if (!go_on) return false;
            ByteView rest = key.substr(1);
            transfer = take_csv(rest);
            prefix = key.substr(0, key.size() - rest.size());
            sides.clear();
        }
        const ByteView origin = key.substr(prefix.size());
        const auto side = ledger::decode_transfer_side(parser, value);
        if (!side) read = damaged("a transfer");
        if (!side) return false;
        sides.push_back({StoreId{std::string(origin.substr(0, origin.find('\0')))}, *side});
        return true;
    });
    if (!scanned) return scanned;
    if (!read) return read;
    if (go_on && !sides.empty()) visit(transfer, sides, prefix + kBehind);
    return {};
}

}  // namespace filial::subscriber
