#include "core/link/client.h"

#include <algorithm>

#include "core/clock.h"

namespace filial::core {

using schema::Errc;
using schema::fail;
using schema::Message;
using schema::Result;
using std::chrono::milliseconds;

namespace {

/// The request number that a message carries; null for kinds without one.
template <class AnyMessage>
auto* request_of(AnyMessage& message) {
    using Number =
        std::conditional_t<std::is_const_v<AnyMessage>, const std::uint64_t, std::uint64_t>;
    return std::visit(
        [](auto& one) -> Number* {
            if constexpr (requires { one.request; }) {
                return &one.request;
            } else {
                return nullptr;
            }
        },
        message);
}

/// When a wait began and how much of it is left.
class Deadline {
  public:
    explicit Deadline(milliseconds at_most)
        : until_us_(clock_.boot().value() + at_most.count() * kMillisecond) {}
    milliseconds left() const {
        const std::int64_t left_us = until_us_ - clock_.boot().value();
        return milliseconds(std::max<std::int64_t>(0, (left_us + kMillisecond - 1) / kMillisecond));
    }
    bool passed() const { return clock_.boot().value() >= until_us_; }

  private:
    SystemClock clock_;
    std::int64_t until_us_;
};

}  // namespace

struct Client::Inside {
    explicit Inside(Network& network) : poller(network) {}

    std::string endpoint;
    Poller poller;
    std::unique_ptr<Dial> dial;
    schema::Parser parser;
    std::uint64_t requests = 0;

    Result<void> send(const schema::Bytes& bytes, const Deadline& deadline);
    Result<Message> receive(const Deadline& deadline, std::uint64_t connection);
    schema::Error nobody();
};

Client::Client(std::unique_ptr<Inside> inside) : inside_(std::move(inside)) {}
Client::~Client() = default;

Result<std::unique_ptr<Client>> Client::open(Network& network, const Remote& remote,
                                             const Keys* keys) {
    auto inside = std::make_unique<Inside>(network);
    auto dial = Dial::open(network, remote.endpoint, remote.key, keys);
    if (!dial) return tl::unexpected(dial.error());
    inside->endpoint = remote.endpoint;
    inside->dial = std::move(*dial);
    inside->poller.add(*inside->dial);
    return std::unique_ptr<Client>(new Client(std::move(inside)));
}

/// Why nobody takes messages there, and what to look at.
schema::Error Client::Inside::nobody() {
    const auto trouble = dial->trouble();
    if (trouble && trouble->code == Errc::not_allowed) return *trouble;
    if (!trouble) {
        return {Errc::unreachable, endpoint + " is connected but takes no more messages"};
    }
    const std::string why = trouble->message.substr(endpoint.size() + 2);
    return {Errc::unreachable, "nobody answers at " + endpoint + ": is the process running?" +
                                   (why == "nobody answers" ? "" : " (" + why + ")")};
}

Result<void> Client::Inside::send(const schema::Bytes& bytes, const Deadline& deadline) {
    for (;;) {
        const auto sent = dial->send(bytes);
        if (!sent) return tl::unexpected(sent.error());
        if (*sent) return {};
        const auto trouble = dial->trouble();
        const bool refused = trouble && trouble->code == Errc::not_allowed;
        if (refused || deadline.passed()) return tl::unexpected(nobody());
        if (auto waited = poller.wait(deadline.left()); !waited) return waited;
    }
}

/// `connection`: the one on which an answer can come; 0 for any.
Result<Message> Client::Inside::receive(const Deadline& deadline, std::uint64_t connection) {
    for (;;) {
        // Before reading: what came over a connection that then broke is still read.
        const bool gone =
            connection != 0 && (!dial->connected() || dial->connections() != connection);
        auto bytes = dial->receive();
        if (!bytes) return tl::unexpected(bytes.error());
        if (*bytes) return schema::decode_message(parser, **bytes);
        if (gone) {
            return fail(Errc::timeout,
                        "the connection to " + endpoint + " broke before the answer came");
        }
        if (deadline.passed())
            return fail(Errc::timeout, "no answer from " + endpoint + " in time");
        if (auto waited = poller.wait(deadline.left()); !waited) {
            return tl::unexpected(waited.error());
        }
    }
}

Result<void> Client::send(const Message& message, milliseconds deadline) {
    return inside_->send(schema::encode(message), Deadline(deadline));
}

Result<Message> Client::receive(milliseconds deadline) {
    return inside_->receive(Deadline(deadline), 0);
}

std::optional<std::int64_t> Client::quiet_us() const { return inside_->dial->quiet_us(); }
void Client::hang_up() { inside_->dial->hang_up(); }

Result<Message> Client::ask(Message message, milliseconds at_most) {
    std::uint64_t* request = request_of(message);
    schema::check(request != nullptr, "what is asked has a request number");
    const std::uint64_t number = *request = ++inside_->requests;

    const Deadline deadline(at_most);
    if (auto sent = inside_->send(schema::encode(message), deadline); !sent) {
        return tl::unexpected(sent.error());
    }
    const std::uint64_t connection = inside_->dial->connections();
    for (;;) {
        auto answer = inside_->receive(deadline, connection);
        if (!answer) return answer;
        if (const auto* trouble = std::get_if<schema::Trouble>(&*answer)) {
            // Without a number: the other end could not even read what we asked.
            if (trouble->request == number || trouble->request == 0) {
                return fail(trouble->code, trouble->message);
            }
            continue;
        }
        const std::uint64_t* answered = request_of(*answer);
        if (answered != nullptr && *answered == number) return answer;
    }
}

}  // namespace filial::core
