#include "bench/support/tills.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <variant>

#include "bench/support/stopwatch.h"
#include "bench/support/zmtp_line.h"
#include "schema/messages.h"

namespace filial::bench {

using schema::Bytes;
using schema::Errc;
using schema::fail;
using schema::Operation;
using schema::OperationKind;
using schema::Result;

namespace {

/// All clients are looked at this often, whoever has news: some wait before they come again.
constexpr std::chrono::milliseconds kWait{20};
constexpr double kSilenceSeconds = 30;

/// What must stay with one client; empty for anything that may go to any.
std::string order_of(const Operation& operation) {
    const std::string_view subject = schema::operation_info(operation.kind).subject;
    const bool money = operation.kind == OperationKind::charge ||
                       operation.kind == OperationKind::pay ||
                       operation.kind == OperationKind::credit_note;
    return (subject == "customer" && !money) || subject == "transfer" ? operation.subject : "";
}

/// One client: a window over its tickets.
class Till {
  public:
    Till(ZmtpLine line, const std::vector<Bytes>& tickets)
        : line_(std::move(line)), tickets_(tickets), sent_at_(tickets.size()) {}

    int fd() const { return line_.fd(); }
    bool done() const { return answered_ == tickets_.size(); }

    /// A first word, so that the connection stands before the clock starts.
    Result<void> greet() {
        line_.put(schema::encode(schema::Message(schema::ClientAsk{})));
        return line_.send();
    }
    Result<bool> greeted() {
        if (const auto ok = line_.read(); !ok) return tl::unexpected(ok.error());
        const auto answer = line_.next();
        if (!answer) return tl::unexpected(answer.error());
        return answer->has_value();
    }

    /// Sends while the window has room.
    Result<void> send(std::size_t in_flight, const Stopwatch& watch) {
        const double now = watch.seconds();
        if (wait_until_ > 0 && now < wait_until_) return {};
        wait_until_ = 0;
        while (next_ < tickets_.size() && next_ < answered_ + in_flight) {
            line_.put(tickets_[next_]);
            sent_at_[next_++] = now;
        }
        return line_.send();
    }

    /// Takes all answers that are there; false if there were none.
    Result<bool> receive(schema::Parser& parser, const Stopwatch& watch, TillRun& run) {
        if (const auto ok = line_.read(); !ok) return tl::unexpected(ok.error());
        bool any = false;
        for (;;) {
            const auto bytes = line_.next();
            if (!bytes) return tl::unexpected(bytes.error());
            if (!*bytes) return any;
            any = true;
            const auto message = schema::decode_message(parser, **bytes);
            if (!message) return tl::unexpected(message.error());
            if (const auto ok = answer(*message, watch, run); !ok)
                return tl::unexpected(ok.error());
        }
    }

  private:
    Result<void> answer(const schema::Message& message, const Stopwatch& watch, TillRun& run) {
        if (const auto* busy = std::get_if<schema::Busy>(&message)) {
            ++run.busy;
            // The number is the request's. Later tickets get the same answer.
            const std::size_t index = busy->request - 1;
            if (index >= answered_ && index < next_) next_ = index;
            wait_until_ = watch.seconds() + static_cast<double>(busy->retry_ms) / 1e3;
            return {};
        }
        if (const auto* accepted = std::get_if<schema::Accepted>(&message)) {
            if (accepted->request != answered_ + 1) return {};  // An earlier sending's.
            run.answer_seconds.push_back(watch.seconds() - sent_at_[answered_]);
            ++run.accepted;
        } else if (const auto* refused = std::get_if<schema::TicketRefused>(&message)) {
            if (refused->request != answered_ + 1) return {};
            if (run.refused++ == 0) run.refusal = refused->reason;
        } else if (const auto* trouble = std::get_if<schema::Trouble>(&message)) {
            return fail(trouble->code, trouble->message);
        } else {
            return fail(Errc::io, "an answer of a kind that nobody asked for");
        }
        ++answered_;
        next_ = std::max(next_, answered_);
        return {};
    }

    ZmtpLine line_;
    const std::vector<Bytes>& tickets_;
    std::vector<double> sent_at_;
    std::size_t next_ = 0;
    std::size_t answered_ = 0;
    double wait_until_ = 0;
};

/// The clients that have news, found by their descriptors.
class News {
  public:
    explicit News(std::vector<Till>& tills) : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
        schema::check(epoll_ >= 0, "a descriptor for epoll");
        for (std::size_t i = 0; i < tills.size(); ++i) {
            epoll_event event{};
            event.events = EPOLLIN;
            event.data.u64 = i;
            const int fd = tills[i].fd();
            schema::check(epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0, "a socket in epoll");
        }
        all_.resize(tills.size());
        for (std::size_t i = 0; i < tills.size(); ++i) all_[i] = i;
    }
    ~News() { ::close(epoll_); }
    News(const News&) = delete;
    News& operator=(const News&) = delete;

    /// The places of those to look at now.
    const std::vector<std::size_t>& wait() {
        const auto timeout = static_cast<int>(kWait.count());
        const int count =
            epoll_wait(epoll_, events_.data(), static_cast<int>(events_.size()), timeout);
        if (count <= 0 || swept_.seconds() * 1e3 >= static_cast<double>(kWait.count())) {
            swept_ = Stopwatch();
            return all_;
        }
        some_.clear();
        for (int i = 0; i < count; ++i) {
            some_.push_back(events_[static_cast<std::size_t>(i)].data.u64);
        }
        return some_;
    }

  private:
    int epoll_;
    std::array<epoll_event, 64> events_{};
    std::vector<std::size_t> all_, some_;
    Stopwatch swept_;
};

Result<void> greet_all(std::vector<Till>& tills, News& news) {
    for (Till& till : tills) {
        if (const auto ok = till.greet(); !ok) return ok;
    }
    const Stopwatch watch;
    for (std::size_t left = tills.size(); left > 0;) {
        if (watch.seconds() > kSilenceSeconds) {
            return fail(Errc::unreachable, "the publisher does not answer");
        }
        for (const std::size_t i : news.wait()) {
            const auto greeted = tills[i].greeted();
            if (!greeted) return tl::unexpected(greeted.error());
            if (*greeted) --left;
        }
    }
    return {};
}

}  // namespace

TillPlan deal(const std::vector<std::vector<Operation>>& tickets, std::size_t clients,
              const std::string& name) {
    TillPlan plan;
    plan.tickets.resize(clients);
    std::size_t turn = 0;
    for (const auto& operations : tickets) {
        const std::string order = order_of(operations.front());
        const std::size_t client =
            (order.empty() ? turn++ : std::hash<std::string>{}(order)) % clients;
        std::vector<Bytes>& mine = plan.tickets[client];
        schema::Ticket ticket;
        ticket.client = schema::hash16_of(name + " " + std::to_string(client));
        ticket.number = mine.size() + 1;
        ticket.request = ticket.number;
        ticket.operations = operations;
        mine.push_back(schema::encode(schema::Message(std::move(ticket))));
        plan.operations += operations.size();
    }
    return plan;
}

Result<TillRun> hand_in(const std::string& endpoint, const TillPlan& plan, std::size_t in_flight) {
    std::vector<Till> tills;
    tills.reserve(plan.tickets.size());
    for (const auto& tickets : plan.tickets) {
        auto line = ZmtpLine::connect(endpoint);
        if (!line) return tl::unexpected(line.error());
        tills.emplace_back(std::move(*line), tickets);
    }
    News news(tills);
    if (const auto ok = greet_all(tills, news); !ok) return tl::unexpected(ok.error());

    schema::Parser parser;
    TillRun run;
    const Stopwatch watch;
    double heard = 0;
    for (Till& till : tills) {
        if (const auto ok = till.send(in_flight, watch); !ok) return tl::unexpected(ok.error());
    }
    auto done = static_cast<std::size_t>(
        std::count_if(tills.begin(), tills.end(), [](const Till& till) { return till.done(); }));
    while (done < tills.size()) {
        for (const std::size_t i : news.wait()) {
            Till& till = tills[i];
            const bool was_done = till.done();
            const auto some = till.receive(parser, watch, run);
            if (!some) return tl::unexpected(some.error());
            if (*some) heard = watch.seconds();
            const auto sent = till.send(in_flight, watch);
            if (!sent) return tl::unexpected(sent.error());
            if (till.done() && !was_done) ++done;
        }
        if (watch.seconds() - heard > kSilenceSeconds) {
            return fail(Errc::timeout, "the publisher stopped answering");
        }
    }
    const Spent spent = watch.spent();
    run.seconds = spent.seconds;
    run.processor = spent.processor;
    return run;
}

}  // namespace filial::bench
