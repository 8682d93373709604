#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/log.h"
#include "core/schedule.h"
#include "schema/bytes.h"
#include "schema/ids.h"
#include "schema/result.h"

namespace filial::core {

/// Bytes of a path that the system takes as a local socket's address (sun_path without its end).
constexpr std::size_t kSocketPathMax = 107;

/// Somebody to dial.
struct Remote {
    std::string name;      ///< Store name at the other end.
    std::string endpoint;  ///< "tcp://host:port" or "ipc://path".
    std::string key;       ///< Its CURVE public key, 40 characters of Z85; empty only for ipc.
    /// What the line is: "fast": everything at once; "dear" (slow, or paid by the byte): packed by
    /// column, gathered, with few signs of life; "auto": as its round trip says.
    std::string line = "auto";
    std::uint64_t block_events = 0;  ///< At most so many in a block from there; 0: no limit.
    CallPlan calls = {};             ///< When the leg is up; by itself, if nothing is said.
    std::uint64_t rate = 0;          ///< Bytes a second, each way, at most; 0: no limit.
};

/// How old an answer may be without a word, by topic and by what it is for. -1: "official", only a
/// live answer counts.
struct Policy {
    std::int64_t stock_us = std::int64_t{10} * 60 * 1'000'000;
    std::int64_t customers_us = std::int64_t{86'400} * 1'000'000;
    std::int64_t debts_us = std::int64_t{86'400} * 1'000'000;
    std::int64_t other_us = std::int64_t{86'400} * 1'000'000;
    std::int64_t credit_check_us = -1;  ///< Of a debt that is asked before a sale on credit.
};

/// When a holder asks its home for more room by itself, and what home gives by itself. Cents for
/// credit, thousandths for stock; ledger::TopUp says what each is for.
struct TopUpPart {
    bool on = false;
    std::int64_t low_water = 0;
    std::int64_t target = 0;
    std::int64_t keep_back = 0;
};

/// One file for the programs of a store: `filial.toml`. Order: flag over environment over file over
/// the defaults here. Paths in the file are relative to it.
struct Options {
    std::filesystem::path file;  ///< That was read; empty if none.
    schema::StoreId store;
    std::filesystem::path data;     ///< Keys, databases, allow list. Default: the file's folder.
    std::filesystem::path sockets;  ///< Local sockets. Default: `data`, or a short folder of our
                                    ///< own where `data` is too long for a socket's address.
    std::vector<Remote> hubs;       ///< [[hub]]: brokers to send to and receive from.
    std::vector<Remote> peers;      ///< [[peer]]: other stores' publishers to read from.

    struct PublisherPart {
        std::string listen;  ///< tcp with CURVE, for peers and remote tills; empty: none.
        std::int64_t mark_every_us = 5 * 1'000'000;
        std::uint64_t queue_tickets = 4'096;  ///< Waiting before "busy" is answered.
    } publisher;
    struct SubscriberPart {
        std::string listen;  ///< tcp with CURVE, for remote queries; empty: none.
        std::vector<std::string> topics{"stock", "customers", "debts"};  ///< schema::copied_topics.
        std::vector<std::string> stores{"*"};
        bool own_publisher = true;  ///< Read the own store's log from its publisher over ipc.
        /// Kinds of events that are parked although this version knows them, until a later one
        /// reads them right.
        std::vector<std::string> hold_kinds;
    } subscriber;
    struct BrokerPart {
        std::string listen;  ///< tcp with CURVE.
        /// Events are kept for readers so long; 0: for ever. A replica further behind gets a
        /// snapshot.
        std::int64_t keep_us = 0;
        /// A tap that is behind holds its events so long, and so many bytes of them in a topic.
        std::int64_t tap_keep_us = std::int64_t{90} * 86'400 * 1'000'000;
        std::uint64_t tap_quota_bytes = std::uint64_t{256} << 20;
    } broker;
    /// A shop without a log of its own: every verb goes to the programs of another store. Empty
    /// endpoints: this store has its own.
    struct CentralPart {
        schema::StoreId store;   ///< Whose programs these are, as their key says.
        std::string publisher;   ///< tcp with CURVE, or ipc; books what the shop sells.
        std::string subscriber;  ///< The same; answers its questions.
        std::string key;         ///< CURVE public key of both, 40 characters of Z85.
    } central;
    bool is_central() const { return !central.publisher.empty() || !central.subscriber.empty(); }
    /// Who books what is entered here: the store itself or, in central mode, the other one.
    const schema::StoreId& books_at() const { return is_central() ? central.store : store; }
    Policy freshness;
    struct LimitsPart {
        bool refuse = true;  ///< A charge beyond the store's own room; off: booked and flagged.
        TopUpPart credit;
        TopUpPart stock;
    } limits;
    /// How calls go (`filial sync`): what brings the line up and down, and what crosses it first.
    struct SyncPart {
        std::string link_up;  ///< A command for sh; empty: the line needs none.
        std::string link_down;
        std::int64_t link_up_within_us = 60 * std::int64_t{1'000'000};
        std::int64_t link_down_within_us = 20 * std::int64_t{1'000'000};
        std::int64_t budget_us = 600 * std::int64_t{1'000'000};  ///< Of a call, line up to down.
        std::vector<std::string> first;  ///< Topics in this order, behind what was needed.
    } sync;
    /// Whether some leg is not up by itself all the time.
    bool has_calls() const;
    /// Space that the programs leave free; none chosen: see default_reserve in core/journal.
    std::optional<std::uint64_t> disk_reserve_bytes;
    /// From one look of a program at everything that it keeps to the next.
    std::int64_t scrub_every_us = std::int64_t{86'400} * 1'000'000;
    Level log_level = Level::info;
    bool log_json = false;

    /// Where each option came from, by name: "filial.toml:12", "FILIAL_STORE" or "flag store".
    /// One that is not here has its default.
    std::map<std::string, std::string> origins;
    /// What was read and names no option, for a person, once.
    std::vector<std::string> warnings;

    std::string publisher_socket() const;  ///< "ipc://.../publisher.sock"
    std::string subscriber_socket() const;
    std::string broker_socket() const;
    std::filesystem::path publisher_dir() const;  ///< data/publisher
    std::filesystem::path subscriber_dir() const;
    std::filesystem::path broker_dir() const;
    std::filesystem::path keys_dir() const;
    std::filesystem::path allow_file() const;  ///< data/allow.toml
};

/// Overrides by name, as in "publisher.listen" -> "tcp://...": from flags (first) and environment
/// (`FILIAL_PUBLISHER_LISTEN`).
using Overrides = std::map<std::string, std::string>;

/// Reads `file` strictly: an unknown key, a wrong type or a value out of range is `invalid` with
/// file, line, key and reason. Then the environment's and `flags`' overrides, checked alike.
schema::Result<Options> load_options(const std::filesystem::path& file, const Overrides& flags);

/// Reads into `options` what its file says when it has this text, as strictly.
schema::Result<void> parse_options(Options& options, schema::ByteView text);

/// The file to read when none is named: $FILIAL_CONFIG, ./filial.toml, /etc/filial/filial.toml.
std::filesystem::path default_options_file();

/// All FILIAL_* variables that name an option. Others are a warning of `load_options`, since an
/// environment holds what others put there; but FILIAL_CONFIG, FILIAL_BIN, FILIAL_OUT, FILIAL_FULL
/// and FILIAL_TEST_* are known.
Overrides overrides_from_environment();

/// What `load_options` checks at the end: that the options make sense together. `invalid` with
/// the option's name, where it came from, and what to change.
schema::Result<void> check_options(const Options& options);

/// One option as it stands, for people.
struct OptionOrigin {
    std::string name;    ///< "publisher.listen"; "hub head" for a [[hub]].
    std::string value;   ///< As it would be written in the file.
    std::string origin;  ///< As in Options::origins; "default".
};
/// Every option with its value and where it came from, in the order of the documentation.
std::vector<OptionOrigin> option_origins(const Options& options);

/// "10m", "1d", "90s", "500ms", "2h", "official" (-1). `invalid` otherwise, or above 10 years.
schema::Result<std::int64_t> parse_duration_us(std::string_view text);
/// The same text for the same duration, in the largest unit that fits.
std::string duration_text(std::int64_t microseconds);

/// "0", "4096", "512KiB", "64MiB", "2GiB". `invalid` otherwise, or above 1024 GiB.
schema::Result<std::uint64_t> parse_size(std::string_view text);
/// The same text for the same size, in the largest unit that fits.
std::string size_text(std::uint64_t bytes);

}  // namespace filial::core
