#include "bench/support/company.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "bench/support/stopwatch.h"

namespace filial::bench {

using schema::Errc;
using schema::fail;
using schema::Result;

namespace {

constexpr std::chrono::milliseconds kAnswerWithin{10'000};
constexpr double kStartSeconds = 30;

}  // namespace

Result<int> free_port() {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* any = reinterpret_cast<sockaddr*>(&address);
    const bool bound = ::bind(fd, any, size) == 0 && ::getsockname(fd, any, &size) == 0;
    ::close(fd);
    if (!bound) return fail(Errc::io, "no free port");
    return ntohs(address.sin_port);
}

std::optional<std::int64_t> counter(const schema::Status& status, std::string_view name) {
    for (const auto& [counted, value] : status.counters) {
        if (counted == name) return value;
    }
    return std::nullopt;
}

Result<std::unique_ptr<Company>> Company::make(const Setup& setup, const std::filesystem::path& dir,
                                               const std::string& head,
                                               const std::vector<std::string>& stores) {
    std::unique_ptr<Company> company(new Company(setup));
    company->dir_ = dir;
    company->head_ = head;
    std::filesystem::create_directories(dir);
    auto network = core::Network::open(nullptr);
    if (!network) return tl::unexpected(network.error());
    company->network_ = std::move(*network);

    std::vector<std::string> to_head;
    if (!head.empty()) {
        const auto port = free_port();
        if (!port) return tl::unexpected(port.error());
        const std::string endpoint = "tcp://127.0.0.1:" + std::to_string(*port);
        const auto key = company->init(head, {"--broker", "--listen", endpoint});
        if (!key) return tl::unexpected(key.error());
        to_head = {"--hub-name", head, "--hub", endpoint, "--hub-key", *key};
    }
    for (const std::string& store : stores) {
        const auto key = company->init(store, to_head);
        if (!key) return tl::unexpected(key.error());
        if (head.empty()) continue;
        const auto config = company->options_.at(head).file.string();
        const auto admitted =
            run({(setup.bin / "filial").string(), "--config", config, "admit", store, *key});
        if (!admitted) return tl::unexpected(admitted.error());
    }
    return company;
}

/// Gives the store's public key.
Result<std::string> Company::init(const std::string& store, const std::vector<std::string>& more) {
    std::vector<std::string> command{(setup_.bin / "filial").string(), "init",  store, "--dir",
                                     (dir_ / store).string(),          "--json"};
    command.insert(command.end(), more.begin(), more.end());
    const auto made = run(command);
    if (!made) return tl::unexpected(made.error());
    const auto said = nlohmann::json::parse(*made, nullptr, false);
    if (!said.is_object() || !said.contains("key")) {
        return fail(Errc::io, "filial init said no key: " + *made);
    }
    auto options = core::load_options(dir_ / store / "filial.toml", {});
    if (!options) return tl::unexpected(options.error());
    options_[store] = std::move(*options);
    return said["key"].get<std::string>();
}

Result<void> Company::over_dear_line(const std::string& store, int port,
                                     std::uint64_t block_events) {
    core::Options& options = options_.at(store);
    std::ifstream in(options.file);
    std::string text, hub;
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with("[[")) hub = line;
        const bool replaced =
            hub == "[[hub]]" && (line.starts_with("endpoint") || line.starts_with("line") ||
                                 line.starts_with("block_events"));
        if (!replaced) text += line + "\n";
        if (hub == "[[hub]]" && line.starts_with("endpoint")) {
            text += "endpoint = \"tcp://127.0.0.1:" + std::to_string(port) +
                    "\"\nline = \"dear\"\nblock_events = " + std::to_string(block_events) + "\n";
        }
    }
    std::ofstream(options.file) << text;
    auto read = core::load_options(options.file, {});
    if (!read) return tl::unexpected(read.error());
    options = std::move(*read);
    return {};
}

Result<void> Company::start(const std::string& store, const std::string& program,
                            const std::string& endpoint) {
    const std::string name = store + " " + program;
    auto child = Child::start({(setup_.bin / ("filial-" + program)).string(), "--config",
                               options_.at(store).file.string()},
                              dir_ / (store + "." + program + ".log"));
    if (!child) return tl::unexpected(child.error());
    children_.insert_or_assign(name, std::move(*child));
    const Stopwatch watch;
    for (;;) {
        const auto answer = status(endpoint);
        if (answer) return {};
        if (!children_.at(name).running()) {
            return fail(Errc::io, name + " ended at once:\n" + children_.at(name).tail());
        }
        if (watch.seconds() > kStartSeconds) return fail(name, answer.error());
    }
}

Result<void> Company::start_broker() {
    return start(head_, "broker", options_.at(head_).broker_socket());
}
Result<void> Company::start_publisher(const std::string& store) {
    return start(store, "publisher", options_.at(store).publisher_socket());
}
Result<void> Company::start_subscriber(const std::string& store) {
    return start(store, "subscriber", options_.at(store).subscriber_socket());
}

Result<void> Company::stop(const std::string& child) {
    const auto found = children_.find(child);
    schema::check(found != children_.end(), "only what was started is stopped");
    const auto stopped = found->second.stop();
    children_.erase(found);
    clients_.clear();
    return stopped;
}

Result<schema::Message> Company::ask(const std::string& endpoint, schema::Message question) {
    auto& client = clients_[endpoint];
    if (!client) {
        auto opened = core::Client::open(*network_, {"", endpoint, ""}, nullptr);
        if (!opened) return tl::unexpected(opened.error());
        client = std::move(*opened);
    }
    return client->ask(std::move(question), kAnswerWithin);
}

Result<schema::Status> Company::status(const std::string& endpoint) {
    const auto answer = ask(endpoint, schema::StatusAsk{});
    if (!answer) return tl::unexpected(answer.error());
    const auto* status = std::get_if<schema::Status>(&*answer);
    if (status == nullptr) return fail(Errc::io, endpoint + " gave no status");
    return *status;
}

}  // namespace filial::bench
