#include "cli/link.h"

namespace filial::cli {

using schema::Message;
using schema::Result;

Result<std::unique_ptr<NetworkLink>> NetworkLink::open(const core::Remote& remote,
                                                       const core::Options& options) {
    std::unique_ptr<NetworkLink> link(new NetworkLink());
    const bool local = remote.endpoint.starts_with("ipc://");
    if (!local) {
        auto keys = core::load_keys(options.keys_dir());
        if (!keys) return tl::unexpected(keys.error());
        link->keys_ = std::move(*keys);
    }
    auto network = core::Network::open(nullptr);
    if (!network) return tl::unexpected(network.error());
    link->network_ = std::move(*network);
    auto client = core::Client::open(*link->network_, remote, local ? nullptr : &link->keys_);
    if (!client) return tl::unexpected(client.error());
    link->client_ = std::move(*client);
    return link;
}

Result<void> NetworkLink::send(const Message& message, std::chrono::milliseconds deadline) {
    return client_->send(message, deadline);
}

Result<Message> NetworkLink::receive(std::chrono::milliseconds deadline) {
    return client_->receive(deadline);
}

Result<Message> NetworkLink::ask(Message message, std::chrono::milliseconds deadline) {
    return client_->ask(std::move(message), deadline);
}

std::string name_of(Process process) {
    switch (process) {
        case Process::publisher:
            return "publisher";
        case Process::subscriber:
            return "subscriber";
        case Process::broker:
            return "broker";
    }
    return "";
}

core::Remote remote_of(Process process, const core::Options& options) {
    if (options.is_central() && process != Process::broker) {
        const auto& central = options.central;
        const bool asks = process == Process::subscriber;
        return {central.store.value(), asks ? central.subscriber : central.publisher, central.key};
    }
    core::Remote remote;
    remote.name = options.store.value();
    switch (process) {
        case Process::publisher:
            remote.endpoint = options.publisher_socket();
            break;
        case Process::subscriber:
            remote.endpoint = options.subscriber_socket();
            break;
        case Process::broker:
            remote.endpoint = options.broker_socket();
            break;
    }
    return remote;
}

}  // namespace filial::cli
