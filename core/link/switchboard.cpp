#include "core/link/switchboard.h"

#include <algorithm>

#include "core/log.h"
#include "schema/hash.h"
#include "schema/limits.h"
#include "schema/planted.h"

namespace filial::core {

using schema::Block;
using schema::Bytes;
using schema::Errc;
using schema::Error;
using schema::Fetch;
using schema::Hello;
using schema::Message;
using schema::StoreId;
using schema::Trouble;
using schema::Welcome;

namespace {

/// A random number that every language reads exactly: 53 bits, never 0.
std::uint64_t make_nonce() {
    const Bytes bytes = schema::random_bytes(8);
    std::uint64_t nonce = 0;
    for (const char c : bytes) nonce = nonce << 8 | static_cast<unsigned char>(c);
    return (nonce >> 11) | 1;
}

/// A session that stood this long was a good one: after it greetings begin quickly again.
constexpr std::int64_t kStoodWell = 5 * kSecond;

}  // namespace

Switchboard::Switchboard(Host& host, const Clock& clock, AllowList* allow, Self self,
                         MarkBook& marks)
    : host_(host),
      clock_(clock),
      allow_(allow),
      self_(std::move(self)),
      marks_(marks),
      turn_(clock.boot()),
      read_(clock.boot()) {}

const std::vector<Line*>& Switchboard::lines() const {
    if (!lines_.empty()) return lines_;
    for (const auto& line : dialled_) lines_.push_back(line.get());
    for (const auto& [key, line] : called_) lines_.push_back(line.get());
    return lines_;
}

void Switchboard::start_turn() {
    turn_ = clock_.boot();
    if (turn_.value() - read_.value() > kStandstill) {
        for (Line* line : lines()) {
            if (line->session() != nullptr) line->session()->stood_still(read_, turn_);
        }
    }
    if (clock_.boot().value() - refreshed_.value() >= kSecond / 5) look_at_allow_list();
}

void Switchboard::look_at_allow_list() {
    if (allow_ == nullptr) return;
    refreshed_ = clock_.boot();
    const auto ok = allow_->refresh();
    const std::string error = ok ? "" : ok.error().message;
    if (error != list_error_ && !error.empty()) {
        log(Level::error, "the allow list cannot be read; the last good one holds",
            {{"error", error}});
    }
    list_error_ = error;
}

void Switchboard::on_port(Listener& port, std::size_t index, Incoming incoming) {
    messages_in_ += 1;
    bytes_in_ += static_cast<std::int64_t>(incoming.bytes.size());
    auto message = schema::decode_message(parser_, incoming.bytes);
    const Requester requester{index, incoming.route, incoming.user, port.local()};
    if (!message) {
        counters_["messages_refused"] += 1;
        log(Level::warn, "a message was refused",
            {{"from", incoming.user},
             {"address", incoming.address},
             {"error", message.error().message}});
        Trouble trouble;
        trouble.code = message.error().code;
        trouble.message = message.error().message;
        const auto sent = port.send(incoming.route, schema::encode(Message{trouble}));
        if (!sent) log(Level::debug, "nobody there to refuse", {{"from", incoming.user}});
        return;
    }
    const bool is_hello = std::holds_alternative<Hello>(*message);
    if (!is_hello && message->index() > Message{schema::Bye{}}.index()) {
        host_.request(requester, std::move(*message));
        return;
    }
    const auto key = std::pair(index, incoming.route);
    auto at = called_.find(key);
    if (is_hello) {
        if (at == called_.end()) {
            at = called_.emplace(key, std::make_unique<Line>(port, index, incoming.route)).first;
            lines_.clear();
        }
        at->second->quiet = port.quiet_of(incoming);
        at->second->round_trip = port.round_trip_of(incoming);
        on_hello(*at->second, std::get<Hello>(*message), incoming.user);
        return;
    }
    if (at == called_.end() || at->second->session() == nullptr) {
        Trouble trouble;
        trouble.code = Errc::unknown_session;
        trouble.message = "no session stands here: greet first";
        const auto sent = port.send(incoming.route, schema::encode(Message{trouble}));
        if (!sent) log(Level::debug, "nobody there to refuse", {{"from", incoming.user}});
        return;
    }
    if (!port.local() && at->second->session()->peer().store != incoming.user) {
        end(*at->second, "another key speaks on this route");
        return;
    }
    on_message(*at->second, std::move(*message));
}

void Switchboard::on_dial(Line& line, const Bytes& bytes) {
    messages_in_ += 1;
    bytes_in_ += static_cast<std::int64_t>(bytes.size());
    line.bytes_in += bytes.size();
    line.speed.note(bytes.size(), clock_.boot());
    auto message = schema::decode_message(parser_, bytes);
    if (!message) {
        counters_["messages_refused"] += 1;
        log(Level::warn, "a message was refused",
            {{"from", line.remote().name}, {"error", message.error().message}});
        return;
    }
    if (std::holds_alternative<Welcome>(*message)) {
        on_welcome(line, std::get<Welcome>(*message));
    } else if (line.session() != nullptr) {
        on_message(line, std::move(*message));
    }
}

void Switchboard::on_message(Line& line, Message message) {
    Session& session = *line.session();
    const BootTime now = clock_.boot();
    if (auto* trouble = std::get_if<Trouble>(&message)) {
        on_trouble(line, *trouble);
        return;
    }
    // Who speaks is in the welcome: what comes before it is nobody's. Whoever calls after a refused
    // greeting is told below that no session of his stands here.
    if (line.dialled() && !session.established()) {
        counters_["messages_early"] += 1;
        return;
    }
    const auto of_session = [&](std::uint64_t number) {
        const bool mine = session.mine(number);
        if (mine) session.heard(now);
        // Whoever calls says nothing of an earlier session once it has greeted. It knows another
        // one than stands here, as after a greeting that came twice: neither end would ever hear
        // the other, and each would take the bytes that come for life.
        if (!mine && !line.dialled()) {
            refuse(line, {Errc::unknown_session, "another session stands here: greet again"}, {},
                   {});
        }
        return mine;
    };
    if (auto* several = std::get_if<schema::Several>(&message)) {
        if (of_session(several->session)) on_several(line, *several);
    } else if (auto* fetch = std::get_if<Fetch>(&message)) {
        if (of_session(fetch->session)) on_fetch(line, *fetch);
    } else if (auto* block = std::get_if<schema::BlockMessage>(&message)) {
        if (of_session(block->session)) on_block(line, block->block);
    } else if (auto* mark = std::get_if<schema::MarkMessage>(&message)) {
        if (of_session(mark->session)) on_mark(line, *mark);
    } else if (auto* ping = std::get_if<schema::Ping>(&message)) {
        if (of_session(ping->session)) {
            line.send(Message{schema::Pong{session.to_peer(), ping->nonce}});
        }
    } else if (auto* pong = std::get_if<schema::Pong>(&message)) {
        if (!of_session(pong->session)) return;
        session.pong(pong->nonce, now);
        if (pong->nonce == line.piece_proof) line.piece_proof = 0;
    } else if (auto* applied = std::get_if<schema::Applied>(&message)) {
        // Only this machine's own replica speaks for what it holds.
        if (of_session(applied->session) && line.local()) host_.applied(session.peer(), *applied);
    } else if (auto* asked = std::get_if<schema::Rejoin>(&message)) {
        if (of_session(asked->session)) host_.rejoin(session.peer(), *asked);
    } else if (auto* answer = std::get_if<schema::Rejoined>(&message)) {
        // Only whom this machine chose to dial may say who it is.
        if (of_session(answer->session) && line.dialled()) host_.rejoined(session.peer(), *answer);
    } else if (auto* ask = std::get_if<schema::SnapshotAsk>(&message)) {
        if (of_session(ask->session)) line.asked_piece = *ask;
    } else if (auto* chunk = std::get_if<schema::Chunk>(&message)) {
        if (of_session(chunk->session)) on_chunk(line, *chunk);
    } else if (auto* bye = std::get_if<schema::Bye>(&message)) {
        if (of_session(bye->session)) end(line, bye->reason);
    } else {
        on_confirmation(line, message);
    }
}

Hello Switchboard::make_hello(const std::string& name, bool dear) const {
    Hello hello;
    hello.features = schema::kFeatureSeveral | schema::kFeatureWords;
    if (dear) hello.features |= schema::kFeatureDear;
    hello.nonce = make_nonce();
    hello.store = self_.store.value();
    hello.role = self_.role;
    hello.name = name;
    hello.epoch = self_.epoch;
    hello.incarnation = self_.incarnation;
    for (const StoreId& store : host_.held()) hello.offers.push_back(store.value());
    hello.clock = clock_.wall();
    hello.software = std::string("filial ") + FILIAL_VERSION;
    return hello;
}

void Switchboard::on_hello(Line& line, const Hello& hello, const std::string& user) {
    look_at_allow_list();
    line.begin(std::make_unique<Session>(make_hello(self_.role, line.dear()), false, line.local()));
    auto welcome = line.session()->greet(hello, user, clock_.wall(), clock_.boot());
    if (!welcome) return refuse_greeting(line, welcome.error());
    if (!admitted(line)) return refuse_greeting(line, not_admitted(line));
    if (const auto why = host_.refuses(line.session()->peer())) return refuse_greeting(line, *why);
    if (const auto why = take_over(line)) return refuse_greeting(line, *why);
    line.send(Message{std::move(*welcome)});
    started(line);
}

void Switchboard::on_welcome(Line& line, const Welcome& welcome) {
    if (line.session() == nullptr || line.session()->established()) return;
    const auto ok =
        line.session()->welcomed(welcome, line.remote().name, clock_.wall(), clock_.boot());
    if (!ok) {
        line.trouble = ok.error().message;
        log(Level::warn, "greeting failed",
            {{"peer", line.remote().name}, {"error", ok.error().message}});
        return;
    }
    started(line);
}

void Switchboard::started(Line& line) {
    const Peer& peer = line.session()->peer();
    line.trouble.clear();
    line.began = clock_.boot();
    host_.session_began(peer);
    log(Level::info, "session",
        {{"peer", peer.name},
         {"role", peer.role},
         {"software", peer.software},
         {"clock_offset_seconds", peer.clock_offset_us / kSecond}});
    if (line.session()->dear()) {
        Session& session = *line.session();
        if (session.takes_several()) line.gather(session.words_said(), session.words_heard());
        const bool called = line.dialled() && !line.remote().calls.standing;
        const auto rows = [this](const ReadRequest& request, schema::Sequence) {
            return host_.read(request);
        };
        session.sender.dear_line(memories_, rows, called ? kGatherCalled : kGatherFor);
    }
    line.session()->receiver.can(abilities_on(line));
    for (const std::string& store : peer.offers) want(line, StoreId{store});
    for (const auto& [store, held] : marks_.all()) line.announced.insert(store);
}

void Switchboard::end(Line& line, const std::string& why) {
    if (line.session() == nullptr) return;
    if (line.session()->established()) {
        // Two ends that put each other out by turns must not do so many times a second.
        const bool stood = clock_.boot().value() - line.began.value() >= kStoodWell;
        const bool cut = line.dialled() && !line.dial()->connected();
        if (stood || cut) line.hello_wait_us = kHelloWaitMin;
        log(Level::info, "session ended", {{"peer", line.session()->peer().name}, {"reason", why}});
        if (line.dialled()) remember_legs(line);
    }
    line.trouble = why;
    line.end();
    line.next_hello = BootTime{clock_.boot().value() + line.hello_wait_us};
}

void Switchboard::refuse(Line& line, const Error& error, const std::string& store,
                         const std::vector<std::string>& topics) {
    Trouble trouble;
    trouble.session = line.session() != nullptr ? line.session()->to_peer() : 0;
    trouble.code = error.code;
    trouble.message = error.message;
    trouble.store = store;
    trouble.topics = topics;
    if (store.empty()) trouble.incarnation = self_.incarnation;
    line.send(Message{std::move(trouble)});
}

void Switchboard::on_trouble(Line& line, const Trouble& trouble) {
    Session& session = *line.session();
    const BootTime now = clock_.boot();
    if (trouble.code == Errc::unknown_session) {
        if (session.established()) end(line, "the other end was started again");
        return;
    }
    if (!session.established()) {
        line.hello_wait_us = std::min(line.hello_wait_us, kHelloWaitRefused);
        line.next_hello = BootTime{now.value() + line.hello_wait_us};
        line.trouble = trouble.message;
        log(Level::warn, "greeting refused",
            {{"peer", line.remote().name}, {"error", trouble.message}});
        Peer peer;
        peer.store = line.remote().name;
        peer.dialled = true;
        peer.incarnation = trouble.incarnation;
        host_.turned_away(peer, Error{trouble.code, trouble.message});
        return;
    }
    if (!session.mine(trouble.session)) return;
    session.heard(now);
    if (trouble.store.empty()) {  // About the session itself, which the other end has ended.
        const bool ended =
            trouble.code == Errc::not_allowed || trouble.code == Errc::stale_incarnation;
        if (ended) end(line, trouble.message);
        return;
    }
    host_.not_served(session.peer(), trouble);
    // The mark of a new store runs ahead of its log for a moment; `gap`: all of it is here.
    const bool soon = trouble.code == Errc::not_held || trouble.code == Errc::snapshot_needed;
    log(soon || trouble.code == Errc::gap ? Level::debug : Level::warn, "fetch refused",
        {{"peer", session.peer().name}, {"store", trouble.store}, {"error", trouble.message}});
    std::int64_t wait = soon ? kSecond : 10 * kSecond;
    if (trouble.retry_ms > 0) wait = static_cast<std::int64_t>(trouble.retry_ms) * kMillisecond;
    session.receiver.pause(StoreId{trouble.store}, trouble.message, BootTime{now.value() + wait});
}

void Switchboard::on_fetch(Line& line, const Fetch& fetch) {
    Session& session = *line.session();
    // It confirms what was never begun here, or was refused meanwhile: the fetch that begins is
    // still to come and says what its positions rest on. Nothing is given, or counted as held
    // there, before.
    if (!fetch.restart && !session.sender.gives(fetch.store)) {
        counters_["fetches_ignored"] += 1;
        return;
    }
    auto why = refuses_fetch(line, fetch);
    if (why) session.sender.drop(fetch.store);
    if (!why && needs_snapshot(line, fetch.store, fetch.after)) {
        session.sender.drop(fetch.store);
        return host_.reached(session.peer(), fetch);
    }
    if (!why) {
        const auto taken = session.sender.fetch(fetch);
        if (!taken) why = taken.error();
    }
    const bool own = session.peer().role == "publisher" &&
                     session.peer().store == fetch.store.value() &&
                     (!line.dialled() || line.local());
    if (!why && own) return tell_end(line, fetch);
    if (!why) return host_.reached(session.peer(), fetch);
    std::vector<std::string> topics;
    for (const auto& end : fetch.after) topics.push_back(end.topic);
    refuse(line, *why, fetch.store.value(), topics);
}

void Switchboard::want(Line& line, const StoreId& store) {
    Session& session = *line.session();
    if (!may_send(line, store)) return;
    const auto wish = host_.want(session.peer(), store);
    if (!wish) return;
    const auto* flow = session.receiver.find(store);
    if (wish->after.empty() && flow != nullptr) {
        hold(line, store);
        return;
    }
    Fetch fetch = session.receiver.begin(*wish, clock_.boot());
    if (fetch.after.empty()) return;
    fetch.session = session.to_peer();
    line.send(Message{std::move(fetch)});
}

}  // namespace filial::core
