// The switchboard's part of live answers: who asks whether a store is there, and what it says; and
// of what else a host tells one peer by name.
#include "core/link/switchboard.h"

namespace filial::core {

using schema::Message;

void Switchboard::on_confirmation(Line& line, const Message& message) {
    Session& session = *line.session();
    if (const auto* asked = std::get_if<schema::Confirm>(&message)) {
        if (!session.mine(asked->session)) return;
        session.heard(clock_.boot());
        host_.confirm(session.peer(), *asked);
        return;
    }
    const auto* answer = std::get_if<schema::Confirmed>(&message);
    if (answer == nullptr || !session.mine(answer->session)) return;
    session.heard(clock_.boot());
    schema::Parser parser;
    const auto mark = schema::decode_mark(parser, answer->mark);
    // As with logs: a store speaks for itself, and a relay must be known as one.
    if (!mark || !may_send(line, mark->store)) {
        counters_["confirmed_refused"] += 1;
        return;
    }
    host_.confirmed(session.peer(), *answer, *mark);
}

namespace {

template <class Told>
bool tell_one(const std::vector<Line*>& lines, const std::string& receiver, Told message) {
    for (Line* line : lines) {
        const Session* session = line->session();
        if (session == nullptr || !session->established()) continue;
        if (session->peer().name != receiver) continue;
        message.session = session->to_peer();
        return line->send(Message{std::move(message)});
    }
    return false;
}

}  // namespace

bool Switchboard::tell(const std::string& receiver, schema::Confirm message) {
    return tell_one(lines(), receiver, std::move(message));
}

bool Switchboard::tell(const std::string& receiver, schema::Confirmed message) {
    return tell_one(lines(), receiver, std::move(message));
}

bool Switchboard::tell(const std::string& receiver, schema::Rejoin message) {
    return tell_one(lines(), receiver, std::move(message));
}

bool Switchboard::tell(const std::string& receiver, schema::Rejoined message) {
    return tell_one(lines(), receiver, std::move(message));
}

bool Switchboard::tell(const std::string& receiver, schema::SnapshotAsk message) {
    return tell_one(lines(), receiver, std::move(message));
}

bool Switchboard::tell(const std::string& receiver, schema::MarkMessage message) {
    return tell_one(lines(), receiver, std::move(message));
}

std::vector<Peer> Switchboard::peers() const {
    std::vector<Peer> all;
    for (const Line* line : lines()) {
        if (line->session() == nullptr || !line->session()->established()) continue;
        all.push_back(line->session()->peer());
    }
    return all;
}

}  // namespace filial::core
