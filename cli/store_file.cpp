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

constexpr std::string_view kRest = R"(
# [subscriber]
# Where remote programs may ask this replica. Empty: nobody.
# listen = ""
# What is copied here, and of which stores; "control" comes in any case.
# topics = ["stock", "customers", "debts"]
# stores = ["*"]
# Read this store's own log from its own publisher, so that own answers are live with lines down.
# own_publisher = true

# How old an answer may be before it is marked as stale.
# [freshness]
# stock = "10m"
# customers = "1d"
# debts = "1d"
# other = "1d"

# [disk]
# Space that the programs leave free: below it nothing more is booked or taken. "auto" is an eighth
# of the file system, at most 64 MiB.
# reserve = "auto"

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
                file.listen + "\"\n";
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
