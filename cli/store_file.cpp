#include "cli/store_file.h"

#include "core/link/keys.h"
#include "schema/ids.h"

namespace filial::cli {

using core::Remote;
using schema::Errc;
using schema::Result;

namespace {

constexpr std::size_t kKeyChars = 40;

constexpr std::string_view kPublisher = R"(
# Where peers and remote tills may connect to this store; tcp is always encrypted. Empty: nobody.
# listen = "tcp://*:7712"
# How often the store says "by my clock my log ends here": the time resolution of every as-of.
# mark_every = "5s"
# Tickets that may wait before the answer is "busy".
# queue_tickets = 4096
)";

constexpr std::string_view kKeeping =
    R"(# Events of stock, debts and application topics are kept for readers so long ("60d"), or for ever.
# A replica that is further behind gets a snapshot of what they come to.
# keep = "all"
# A tap that is behind holds its events so long, and so many bytes of a topic; then it is suspended.
# tap_keep = "90d"
# tap_quota = "256MiB"
)";

constexpr std::string_view kRest = R"(
# [subscriber]
# Where remote programs may ask this replica. Empty: nobody.
# listen = ""
# What is copied here, and of which stores; "control" comes in any case,
# and "accounts" with debts or customers.
# topics = ["stock", "customers", "debts"]
# stores = ["*"]
# Read this store's own log from its own publisher, so that own answers are live with lines down.
# own_publisher = true

# A shop without a log of its own: every command goes to the programs of this store, which has to
# admit it with --tickets. Then this folder has no programs.
# [central]
# store = "store2"
# publisher = "tcp://store2.example.com:5701"
# subscriber = "tcp://store2.example.com:5702"
# key = "..."

# A line that has to be called: a [[hub]] or [[peer]] may have `calls` ("asked", or a list of times
# such as ["every 30m", "at 19:30", "depth 500", "age 6h"]), `hours` ("07:00-22:00"), a `rate`
# ("4KiB") and `line` ("dear"). Here is what brings it up and down; `filial sync` calls, with --watch on schedule.
# [sync]
# link_up = ""
# link_down = ""
# link_up_within = "60s"
# link_down_within = "20s"
# How long a call may take, and which topics go before others in it.
# budget = "10m"
# first = []

# How old an answer may be before it is marked as stale.
# [freshness]
# stock = "10m"
# customers = "1d"
# debts = "1d"
# other = "1d"
# Of a debt that is asked with --for credit-check; "official": only live answers of all stores.
# credit-check = "official"

# What a sale on credit, or from stock reserved elsewhere, may take beyond this store's own room:
# "refuse" says what to do instead, "flag" books it for a person to look at.
# [limits]
# beyond_room = "refuse"
# A store asks a customer's home for more credit by itself as soon as less than this is left of what
# it was given, to have the target again; home gives by itself what it need not keep back.
# credit_top_up = false
# credit_low_water = "0.00"
# credit_target = "0.00"
# credit_keep_back = "0.00"
# The same of goods that another store reserves.
# stock_top_up = false
# stock_low_water = "0"
# stock_target = "0"
# stock_keep_back = "0"

# [disk]
# Space that the programs leave free: below it nothing more is booked or taken. "auto" is an eighth
# of the file system, at most 64 MiB.
# reserve = "auto"
# How often each program looks through everything that it keeps, and finds what the disk has lost.
# scrub_every = "1d"

# [log]
# level = "info"
# format = "text"
)";

std::string hub_text(const Remote& hub) {
    return "\n[[hub]]\nname = \"" + hub.name + "\"\nendpoint = \"" + hub.endpoint + "\"\nkey = \"" +
           hub.key + "\"\n";
}

}  // namespace

std::string store_file_text(const StoreFile& file) {
    std::string text =
        "# One store of filial. Strictly read: a name that is not known is an error.\n"
        "# Paths are relative to this file.\n\n"
        "store = \"" +
        file.store +
        "\"\n"
        "# Keys, databases and the list of who is admitted.\n"
        "data = \".\"\n"
        "# Local sockets. Default: the data folder, or a short folder where that is too long.\n"
        "# sockets = \"\"\n";
    if (file.hubs.empty()) {
        text +=
            "\n# A broker to send to and receive from; `filial init --broker` prints these values\n"
            "# there. Several are possible.\n"
            "# [[hub]]\n# name = \"head\"\n# endpoint = \"tcp://head.example.com:7711\"\n"
            "# key = \"...\"\n";
    } else {
        text += "\n# Brokers to send to and receive from.";
        for (const Remote& hub : file.hubs) text += hub_text(hub);
    }
    text +=
        "\n# Another store to read from directly.\n# [[peer]]\n# name = \"store2\"\n"
        "# endpoint = \"tcp://store2.example.com:7712\"\n# key = \"...\"\n";
    // A table is only written where something in it was chosen, so that lines can be added below.
    const bool serves = !file.broker && !file.listen.empty();
    text += serves ? "\n[publisher]\nlisten = \"" + file.listen + "\"" : "\n# [publisher]";
    text += kPublisher;
    text += kRest;
    if (file.broker) {
        text += "\n[broker]\n# Where stores connect to; tcp is always encrypted.\nlisten = \"" +
                file.listen + "\"\n" + std::string(kKeeping);
    }
    return text;
}

Result<Remote> check_hub(Remote hub) {
    const auto name = schema::parse_store_id(hub.name);
    if (!name) return schema::fail("hub", name.error());
    const bool endpoint_ok = hub.endpoint.starts_with("tcp://") && hub.endpoint.rfind(':') > 5 &&
                             hub.endpoint.back() != ':' &&
                             hub.endpoint.find_first_of("\"\\ \t\n") == std::string::npos;
    if (!endpoint_ok) {
        return schema::fail(Errc::invalid, "hub " + hub.name + ": \"" + hub.endpoint +
                                               "\" is not of the form tcp://host:port");
    }
    if (!core::is_curve_key(hub.key)) {
        return schema::fail(Errc::invalid, "hub " + hub.name +
                                               ": the key must have 40 characters, as `filial "
                                               "init --broker` prints it; put it in single quotes");
    }
    return hub;
}

Result<Remote> parse_hub(std::string_view text) {
    const std::size_t equals = text.find('=');
    // The key itself may hold any of these characters, so it is counted from the end.
    const bool sized = text.size() > kKeyChars + 1 && equals != std::string_view::npos;
    const std::size_t key_at = sized ? text.size() - kKeyChars : 0;
    if (!sized || key_at < equals + 2 || text[key_at - 1] != '=') {
        return schema::fail(Errc::invalid,
                            "--hub " + std::string(text) +
                                ": expected NAME=tcp://host:port=KEY, or tcp://host:port with "
                                "--hub-name and --hub-key");
    }
    Remote hub;
    hub.name = std::string(text.substr(0, equals));
    hub.endpoint = std::string(text.substr(equals + 1, key_at - equals - 2));
    hub.key = std::string(text.substr(key_at));
    return check_hub(std::move(hub));
}

}  // namespace filial::cli
