#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ledger/transit.h"
#include "schema/trade_payloads.h"
#include "subscriber/customer_record.h"
#include "subscriber/replica_store.h"

namespace filial::subscriber {

/// The newest value of an application topic's key in one log.
struct AppValue {
    schema::Position position;
    schema::Timestamp at;
    schema::Bytes payload;
};

/// Reads what the replica has written, in the order of exported CSV rows. A cursor is where a scan
/// was when it stopped: opaque, valid for ever, given back to go on behind it. Scans end when the
/// visitor returns false; the row it was given counts as read.
class ReplicaReader {
  public:
    /// `store` must outlive it.
    explicit ReplicaReader(const ReplicaStore& store) : store_(store) {}

    /// Thousandths on hand; nullopt if the store never moved the SKU.
    schema::Result<std::optional<std::int64_t>> stock(const schema::StoreId& store,
                                                      const std::string& sku) const;
    /// Empty if nothing is known of him.
    schema::Result<CustomerRecord> customer(const std::string& customer) const;
    schema::Result<std::optional<AppValue>> value(const std::string& topic,
                                                  const schema::StoreId& store,
                                                  const std::string& key) const;

    /// Why the event is parked; nullopt if it is not.
    schema::Result<std::optional<std::string>> parked(const schema::Position& position,
                                                      std::string_view topic) const;
    /// A day as `store` closed it, by its newest epoch that has it; nullopt if it did not.
    schema::Result<std::optional<schema::DayClosed>> closed_day(const std::string& store,
                                                                const std::string& date) const;

    struct StockRow {
        std::string store;
        std::string sku;
        std::int64_t thousandths = 0;
    };
    using StockVisit = std::function<bool(const StockRow&, schema::ByteView cursor)>;
    /// By store and SKU; only of `store` if it is not empty. `invalid` for a foreign cursor.
    schema::Result<void> scan_stock(const std::string& store, schema::ByteView after,
                                    const StockVisit& visit) const;

    using CustomerVisit = std::function<bool(const CustomerRecord&, schema::ByteView cursor)>;
    schema::Result<void> scan_customers(schema::ByteView after, const CustomerVisit& visit) const;

    using DebtVisit = std::function<bool(const std::string& customer, const std::string& store,
                                         std::int64_t cents, schema::ByteView cursor)>;
    /// Contributions by customer and store.
    schema::Result<void> scan_debts(schema::ByteView after, const DebtVisit& visit) const;

    using TransferVisit = std::function<bool(
        const std::string& transfer, const std::vector<ledger::SideOf>&, schema::ByteView cursor)>;
    schema::Result<void> scan_transfers(schema::ByteView after, const TransferVisit& visit) const;

  private:
    const ReplicaStore& store_;
};

}  // namespace filial::subscriber
