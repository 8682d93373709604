#include <algorithm>
#include <chrono>
#include <utility>

#include "core/link/zmq_inside.h"

namespace filial::core {

using schema::Result;
using std::chrono::milliseconds;

struct Poller::Inside {
    explicit Inside(Network::Inside& n) : network(n) {}

    Network::Inside& network;
    std::vector<Port*> ports;
    std::vector<Dial*> dials;
    std::vector<int> fds;
    std::vector<zmq::pollitem_t> items;

    bool tend_dials();
    void fill_items();
    bool wait_once(BootTime until);
    BootTime next_due(BootTime until) const;
};

Poller::Poller(Network& network) : inside_(std::make_unique<Inside>(network.inside())) {}
Poller::~Poller() = default;

void Poller::add(Port& port) { inside_->ports.push_back(&port); }
void Poller::add(Dial& dial) { inside_->dials.push_back(&dial); }
void Poller::remove(Dial& dial) {
    auto& dials = inside_->dials;
    dials.erase(std::remove(dials.begin(), dials.end(), &dial), dials.end());
}
void Poller::add_fd(int fd) { inside_->fds.push_back(fd); }

/// True if a dial has news for the caller, also such that a question to the dial brought up.
bool Poller::Inside::tend_dials() {
    bool news = false;
    for (Dial* dial : dials) {
        dial->inside().tend();
        news |= std::exchange(dial->inside().news, false);
    }
    return news;
}

/// First the handler of handshakes, then what the caller wants to know of, at the end the dials'
/// monitors. Built anew each time: a dial has a new socket with each attempt.
void Poller::Inside::fill_items() {
    // A socket that could not be made is a null, and -1 then keeps it from being standard input.
    const auto watch = [&](void* socket, int fd, int events) {
        items.push_back({socket, fd, static_cast<short>(events), 0});
    };
    items.clear();
    watch(network.zap.handle(), -1, ZMQ_POLLIN);
    for (Port* port : ports) watch(port->inside().socket.handle(), -1, ZMQ_POLLIN);
    for (Dial* dial : dials) {
        auto& inside = dial->inside();
        watch(inside.socket.handle(), -1, ZMQ_POLLIN | (inside.wants_room ? ZMQ_POLLOUT : 0));
    }
    for (const int fd : fds) watch(nullptr, fd, ZMQ_POLLIN);
    for (Dial* dial : dials) watch(dial->inside().monitor.socket().handle(), -1, ZMQ_POLLIN);
}

BootTime Poller::Inside::next_due(BootTime until) const {
    for (const Dial* dial : dials) {
        auto& inside = const_cast<Dial*>(dial)->inside();
        const bool connected = inside.state == Dial::Inside::State::connected;
        if (!connected) until = std::min(until, inside.due);
    }
    return until;
}

/// True if there is something for the caller.
bool Poller::Inside::wait_once(BootTime until) {
    fill_items();
    const std::int64_t left = next_due(until).value() - network.clock.boot().value();
    const auto timeout =
        milliseconds(std::max<std::int64_t>(0, (left + kMillisecond - 1) / kMillisecond));
    zmq::poll(items, timeout);
    if (items.front().revents != 0) network.answer_handshakes();
    const auto first = items.begin() + 1;
    const auto last = items.end() - static_cast<std::ptrdiff_t>(dials.size());
    for (std::size_t i = 0; i < dials.size(); ++i) {
        auto& inside = dials[i]->inside();
        if ((items[1 + ports.size() + i].revents & ZMQ_POLLOUT) != 0) inside.wants_room = false;
    }
    return std::any_of(first, last, [](const auto& item) { return item.revents != 0; });
}

Result<void> Poller::wait(milliseconds at_most) try {
    auto& inside = *inside_;
    inside.network.refresh_if_due();
    const BootTime until{inside.network.clock.boot().value() + at_most.count() * kMillisecond};
    for (;;) {
        if (inside.tend_dials()) return {};
        if (inside.wait_once(until)) break;
        if (inside.network.clock.boot() >= until) break;
    }
    inside.tend_dials();
    return {};
} catch (const zmq::error_t& e) {
    if (e.num() == EINTR) return {};
    return tl::unexpected(from_zmq("wait for the network", e.num()));
}

namespace {

class ZmqTransport : public Transport {
  public:
    ZmqTransport(Network& network, const Keys* keys)
        : network_(network), keys_(keys), poller_(network) {}

    Result<std::unique_ptr<Listener>> listen(const std::string& endpoint) override {
        auto port = Port::bind(network_, endpoint, keys_);
        if (!port) return tl::unexpected(port.error());
        poller_.add(**port);
        return std::unique_ptr<Listener>(std::move(*port));
    }
    Result<std::unique_ptr<Caller>> dial(const Remote& remote) override {
        auto dial =
            Dial::open(network_, remote.endpoint, remote.key, keys_, !remote.calls.up_by_itself());
        if (!dial) return tl::unexpected(dial.error());
        poller_.add(**dial);
        return std::unique_ptr<Caller>(std::move(*dial));
    }
    void watch_fd(int fd) override { poller_.add_fd(fd); }
    Result<void> wait(milliseconds at_most) override { return poller_.wait(at_most); }

  private:
    Network& network_;
    const Keys* keys_;
    Poller poller_;
};

}  // namespace

std::unique_ptr<Transport> make_transport(Network& network, const Keys* keys) {
    return std::make_unique<ZmqTransport>(network, keys);
}

}  // namespace filial::core
