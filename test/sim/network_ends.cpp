// Both ends of connections, as the exchanges and tills see them.
#include <algorithm>

#include "schema/limits.h"
#include "test/sim/network.h"
#include "test/sim/rare.h"

namespace filial::sim {

using core::Incoming;
using schema::Bytes;
using schema::Errc;
using schema::Result;

namespace {

/// Connections of one line that break as soon as they stand, one after the other.
constexpr int kYoungInARow = 3;
constexpr Time kAttemptMax = 40 * kSecond;
constexpr Time kConnectMax = 10 * kSecond;
constexpr Time kBackoffFirst = 250 * kMillisecond;
constexpr Time kBackoffAway = 60 * kSecond;
constexpr Time kBackoffHere = 2 * kSecond;

}  // namespace

class SimListener : public core::Listener {
  public:
    SimListener(Network& network, int process, std::string endpoint)
        : network_(network), process_(process), endpoint_(std::move(endpoint)) {}
    /// Whoever is connected sees that nobody listens any more.
    ~SimListener() override {
        network_.bound_.erase(endpoint_);
        for (const auto& each : here_) {
            if (each->broken) continue;
            network_.break_up(*each, network_.now_ + kMillisecond, network_.now_);
        }
    }

    Result<std::optional<Incoming>> receive() override {
        for (std::size_t i = 0; i < here_.size(); ++i) {
            next_ = (next_ + 1) % here_.size();
            auto bytes = network_.receive(here_[next_]->to_listener, process_);
            if (!bytes) continue;
            const bool older = here_.size() > 1 && network_.is_older(*here_[next_]);
            network_.over_older_[process_] = older;
            network_.counts_.older += older ? 1 : 0;
            Incoming incoming;
            incoming.route = here_[next_]->route;
            incoming.user = local() ? "" : here_[next_]->user;
            incoming.address = here_[next_]->caller_store;
            incoming.bytes = std::move(*bytes);
            return incoming;
        }
        network_.over_older_[process_] = false;
        std::erase_if(here_, [&](const auto& each) {
            Network::Way& way = each->to_listener;
            if (way.gone_at > network_.now_) return false;
            while (!way.queue.empty() && way.queue.back().arrives > network_.now_) {
                way.queue.pop_back();
                ++network_.counts_.lost;
            }
            return way.queue.empty();
        });
        return std::nullopt;
    }
    Result<bool> send(const Bytes& route, schema::ByteView bytes) override {
        if (bytes.size() > schema::kMessageBytesMax) return schema::fail(Errc::too_large, "send");
        for (const auto& each : here_) {
            if (each->route != route) continue;
            if (each->to_listener.gone_at <= network_.now_) return false;
            return network_.send(*each, each->to_caller, each->caller, bytes);
        }
        return false;
    }
    core::QuietOf quiet_of(const Incoming& incoming) const override {
        if (local()) return {};
        for (const auto& each : here_) {
            if (each->route != incoming.route) continue;
            return [connection = std::weak_ptr(each), &network = network_]() {
                const auto there = connection.lock();
                if (!there || there->to_listener.gone_at <= network.now_) {
                    return std::optional<std::int64_t>();
                }
                return std::optional<std::int64_t>(network.quiet(there->to_listener));
            };
        }
        return {};
    }
    const std::string& endpoint() const override { return endpoint_; }
    bool local() const override { return endpoint_.rfind("ipc:", 0) == 0; }
    std::uint64_t strangers() const override { return 0; }

    void add(std::shared_ptr<Network::Connection> connection) {
        here_.push_back(std::move(connection));
    }

  private:
    Network& network_;
    int process_;
    std::string endpoint_;
    std::vector<std::shared_ptr<Network::Connection>> here_;
    std::size_t next_ = 0;
};

class SimCaller : public core::Caller {
  public:
    SimCaller(Network& network, int process, std::string store, std::string user,
              std::string endpoint)
        : network_(network),
          process_(process),
          store_(std::move(store)),
          user_(std::move(user)),
          endpoint_(std::move(endpoint)),
          local_(endpoint_.rfind("ipc:", 0) == 0) {
        begin();
    }
    ~SimCaller() override {
        if (connection_ && !connection_->broken) {
            network_.close(*connection_, network_.now_, network_.now_ + kMillisecond);
        }
    }

    Result<std::optional<Bytes>> receive() override {
        network_.over_older_[process_] = false;
        if (!connection_) return std::optional<Bytes>();
        return network_.receive(connection_->to_caller, process_);
    }
    Result<bool> send(schema::ByteView bytes) override {
        if (bytes.size() > schema::kMessageBytesMax) return schema::fail(Errc::too_large, "send");
        if (state_ != State::connected) return false;
        return network_.send(*connection_, connection_->to_listener, connection_->listener, bytes);
    }
    bool connected() override {
        tend();
        return state_ == State::connected;
    }
    std::uint64_t connections() override {
        tend();
        return connections_;
    }
    std::int64_t next_try_us() override {
        if (state_ == State::connected || state_ == State::down) return -1;
        return state_ == State::trying ? 0 : std::max<Time>(0, due_ - network_.now_);
    }
    std::optional<schema::Error> trouble() override {
        if (state_ == State::connected) return std::nullopt;
        return schema::Error{Errc::unreachable, endpoint_ + ": nobody answers"};
    }
    std::optional<std::int64_t> quiet_us() const override {
        if (local_ || state_ != State::connected) return std::nullopt;
        return network_.quiet(connection_->to_caller);
    }
    void hang_up() override {
        if (state_ == State::waiting || state_ == State::down) return;
        if (connection_) {
            const Wire& wire = network_.wire(store_, connection_->listener_store);
            const Time hears = network_.now_ + (wire.up ? wire.latency_us : kProbesFail);
            network_.close(*connection_, network_.now_, hears);
        }
        lost();
    }
    void stay_down(bool down) override {
        if (down == (state_ == State::down)) return;
        if (!down) return begin();
        if (connection_ && !connection_->broken) {
            network_.close(*connection_, network_.now_, network_.now_ + kMillisecond);
        }
        connection_.reset();
        state_ = State::down;
        backoff_ = 0;
    }
    void tend() {
        const Time now = network_.now_;
        if (state_ == State::connected && connection_->to_caller.gone_at <= now) lost();
        if (state_ == State::trying && now >= due_) arrive();
        if (state_ == State::waiting && now >= due_) begin();
    }

  private:
    enum class State { trying, connected, waiting, down };

    void begin() {
        state_ = State::trying;
        connection_.reset();
        began_ = network_.now_;
        const auto bound = network_.bound_.find(endpoint_);
        const Time latency = bound == network_.bound_.end() || local_
                                 ? kMillisecond
                                 : network_.wire(store_, bound->second.store).latency_us;
        due_ = began_ + 3 * latency + kMillisecond;
        network_.wake_(process_, due_);
    }
    /// The handshake is over, or fails.
    void arrive() {
        const Time now = network_.now_;
        const auto bound = network_.bound_.find(endpoint_);
        if (bound == network_.bound_.end()) return lost();
        const bool up = local_ || network_.wire(store_, bound->second.store).up;
        const bool reads = !network_.paused_[bound->second.process];
        if (!up || !reads) {
            if (now - began_ >= (up ? kAttemptMax : kConnectMax)) return lost();
            due_ = now + kSecond;
            network_.wake_(process_, due_);
            return;
        }
        connection_ = std::make_shared<Network::Connection>();
        connection_->number = ++network_.routes_;
        connection_->route = std::to_string(connection_->number);
        connection_->caller = process_;
        connection_->listener = bound->second.process;
        connection_->caller_store = store_;
        connection_->user = user_;
        connection_->listener_store = bound->second.store;
        connection_->local = local_;
        connection_->to_caller.came = now;
        connection_->to_listener.came = now;
        network_.collect();
        network_.connections_.push_back(connection_);
        bound->second.listener->add(connection_);
        state_ = State::connected;
        began_ = now;
        ++connections_;
        network_.wake_(process_, now);
        // Pauses grow to a minute: a line that never stood would be a line that is cut.
        if (local_ || broken_young_ >= kYoungInARow || !rare(Rare::young_break)) {
            broken_young_ = 0;
            return;
        }
        ++broken_young_;
        network_.break_up(*connection_, now, now);
    }
    void lost() {
        const Time now = network_.now_;
        const bool good = state_ == State::connected && now - began_ >= 5 * kSecond;
        const Time most = local_ ? kBackoffHere : kBackoffAway;
        backoff_ = backoff_ == 0 || good ? kBackoffFirst : std::min(backoff_ * 2, most);
        state_ = State::waiting;
        connection_.reset();
        due_ = now + network_.random_.between(backoff_ / 2, backoff_ * 3 / 2);
        network_.wake_(process_, due_);
    }

    Network& network_;
    int process_;
    std::string store_;
    std::string user_;
    std::string endpoint_;
    bool local_;
    State state_ = State::waiting;
    std::shared_ptr<Network::Connection> connection_;
    std::uint64_t connections_ = 0;
    Time began_ = 0;
    Time due_ = 0;
    Time backoff_ = 0;
    int broken_young_ = 0;  ///< In a row.
};

class SimTransport : public core::Transport {
  public:
    SimTransport(Network& network, int process, std::string store, std::string user)
        : network_(network), process_(process), store_(std::move(store)), user_(std::move(user)) {}
    Result<std::unique_ptr<core::Listener>> listen(const std::string& endpoint) override {
        if (network_.bound_.contains(endpoint)) return schema::fail(Errc::invalid, "in use");
        auto listener = std::make_unique<SimListener>(network_, process_, endpoint);
        network_.bound_[endpoint] = {process_, store_, listener.get()};
        return std::unique_ptr<core::Listener>(std::move(listener));
    }
    Result<std::unique_ptr<core::Caller>> dial(const core::Remote& remote) override {
        auto caller =
            std::make_unique<SimCaller>(network_, process_, store_, user_, remote.endpoint);
        if (!remote.calls.up_by_itself()) caller->stay_down(true);
        callers_.push_back(caller.get());
        return std::unique_ptr<core::Caller>(std::move(caller));
    }
    void watch_fd(int) override {}
    Result<void> wait(std::chrono::milliseconds) override {
        for (SimCaller* caller : callers_) caller->tend();
        return {};
    }

  private:
    Network& network_;
    int process_;
    std::string store_;
    std::string user_;
    std::vector<SimCaller*> callers_;  ///< They live as long as their exchange, which owns this.
};

std::unique_ptr<core::Transport> Network::transport(int process, const std::string& machine,
                                                    const std::string& user) {
    return std::make_unique<SimTransport>(*this, process, machine, user);
}

}  // namespace filial::sim
