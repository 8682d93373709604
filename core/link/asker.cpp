#include "core/link/asker.h"

namespace filial::core {

using schema::Errc;
using schema::fail;
using schema::Message;
using schema::Result;
using std::chrono::milliseconds;

namespace {

/// Answers of this machine's programs take milliseconds; a program that starts, seconds.
constexpr std::int64_t kPatience = 5 * kSecond;

/// Whether `message` answers `request`, with its error where it is one.
std::optional<Result<Message>> answer_to(std::uint64_t request, Message message) {
    if (auto* trouble = std::get_if<schema::Trouble>(&message)) {
        if (trouble->request != request && trouble->request != 0) return std::nullopt;
        return Result<Message>(fail(trouble->code, trouble->message));
    }
    if (schema::request_of(message) != request) return std::nullopt;
    return Result<Message>(std::move(message));
}

}  // namespace

struct Asker::Question {
    std::unique_ptr<Transport> transport;
    std::unique_ptr<Caller> dial;
    schema::Parser parser;
    schema::Bytes bytes;
    std::uint64_t request = 0;
    std::uint64_t sent_on = 0;  ///< Connection that took it; 0: none yet.
    BootTime since;
};

Asker::Asker(Open open, const Clock& clock, std::string endpoint)
    : transport_(std::move(open)), clock_(clock), endpoint_(std::move(endpoint)) {}
Asker::~Asker() = default;

void Asker::ask(Message message) {
    open_ = std::make_unique<Question>();
    open_->transport = transport_();
    open_->request = ++requests_;
    open_->since = clock_.boot();
    if (auto* query = std::get_if<schema::Query>(&message)) query->request = requests_;
    if (auto* status = std::get_if<schema::StatusAsk>(&message)) status->request = requests_;
    schema::check(schema::request_of(message) == requests_, "queries and status can be asked");
    open_->bytes = schema::encode(message);
}

std::optional<Result<Message>> Asker::answer() {
    if (!open_) return std::nullopt;
    auto answer = go_on();
    if (!answer && clock_.boot().value() - open_->since.value() >= kPatience) {
        answer = Result<Message>(fail(
            Errc::unreachable, "nobody answers at " + endpoint_ + ": is the process running?"));
    }
    if (answer) open_.reset();
    return answer;
}

std::optional<Result<Message>> Asker::go_on() {
    Question& open = *open_;
    if (!open.dial) {
        auto dial = open.transport->dial(Remote{"", endpoint_, ""});
        if (!dial) return Result<Message>(tl::unexpected(dial.error()));
        open.dial = std::move(*dial);
    }
    if (const auto ok = open.transport->wait(milliseconds(0)); !ok) {
        return Result<Message>(tl::unexpected(ok.error()));
    }
    // What was on its way over a connection that ended is lost.
    if (open.sent_on != 0 && open.dial->connections() != open.sent_on) open.sent_on = 0;
    if (open.sent_on == 0) {
        const auto sent = open.dial->send(open.bytes);
        if (!sent) return Result<Message>(tl::unexpected(sent.error()));
        if (*sent) open.sent_on = open.dial->connections();
        return std::nullopt;
    }
    for (;;) {
        auto bytes = open.dial->receive();
        if (!bytes) return Result<Message>(tl::unexpected(bytes.error()));
        if (!*bytes) return std::nullopt;
        auto message = schema::decode_message(open.parser, **bytes);
        if (!message) return Result<Message>(tl::unexpected(message.error()));
        if (auto answer = answer_to(open.request, std::move(*message))) return answer;
    }
}

}  // namespace filial::core
