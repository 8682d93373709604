#include "test/sim/people.h"

namespace filial::sim {

namespace {

/// Who got no answer for so long says it again.
constexpr Time kPatience = 10 * kSecond;

}  // namespace

People::People(int id, const std::string& machine, const std::string& store, Network& network,
               const std::string& endpoint)
    : transport_(network.transport(id, machine, store)) {
    caller_ = std::move(*transport_->dial({"", endpoint, ""}));
}

void People::say(schema::Readmit message) {
    waiting_ = std::move(message);
    waiting_->request = ++requests_;
    sent_ = kNever;
}

std::optional<People::Answer> People::turn(Time now) {
    (void)transport_->wait(std::chrono::milliseconds(0));
    for (;;) {
        const auto bytes = caller_->receive();
        if (!bytes || !*bytes) break;
        const auto message = schema::decode_message(parser_, **bytes);
        schema::check(message.has_value(), "an answer to people can be read");
        if (!waiting_ || schema::request_of(*message) != waiting_->request) continue;
        Answer answer{std::move(*waiting_), std::nullopt};
        if (const auto* trouble = std::get_if<schema::Trouble>(&*message)) {
            answer.trouble = *trouble;
        }
        waiting_.reset();
        return answer;
    }
    if (!waiting_ || !caller_->connected()) return std::nullopt;
    if (sent_ != kNever && now - sent_ < kPatience) return std::nullopt;
    const auto sent = caller_->send(schema::encode(schema::Message{*waiting_}));
    if (sent && *sent) sent_ = now;
    return std::nullopt;
}

}  // namespace filial::sim
