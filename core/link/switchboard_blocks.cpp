// The switchboard's part in blocks that are packed, alone or with other messages, or are none.
#include "core/link/switchboard.h"
#include "core/log.h"
#include "schema/block.h"
#include "schema/walker.h"

namespace filial::core {

using schema::Block;
using schema::Errc;
using schema::Error;
using schema::Fetch;
using schema::Range;
using schema::Result;
using schema::Trouble;

namespace {

/// After a block that could not be taken.
constexpr std::int64_t kPause = 5 * kSecond;
/// After one in a form that this version does not know: an upgrade makes that good, which ends the
/// session. But what says the form comes before what shows damage, and damage is over sooner.
constexpr std::int64_t kPauseTooNew = 120 * kSecond;

}  // namespace

void Switchboard::on_several(Line& line, const schema::Several& several) {
    const auto raw = line.unpack(several);
    if (!raw) return end(line, "what came packed cannot be read: " + raw.error().message);
    schema::Walker walker(*raw);
    while (walker.left() > 0) {
        const std::size_t from = walker.at();
        if (!walker.skip()) return end(line, "what came packed is no message");
        const auto bytes = schema::ByteView(*raw).substr(from, walker.at() - from);
        auto message = schema::decode_message(parser_, bytes);
        if (!message) {
            counters_["messages_refused"] += 1;
            log(Level::warn, "a message was refused",
                {{"from", line.session()->peer().name}, {"error", message.error().message}});
            continue;
        }
        const bool of_session = message->index() <= schema::Message{schema::Bye{}}.index() &&
                                !std::holds_alternative<schema::Hello>(*message) &&
                                !std::holds_alternative<schema::Welcome>(*message) &&
                                !std::holds_alternative<schema::Several>(*message);
        if (of_session) on_message(line, std::move(*message));
        // What came may have ended the session.
        if (line.session() == nullptr) return;
    }
}

Result<Range> Switchboard::unpack(const Block& block) {
    if (block.codec != schema::BlockCodec::columns) return schema::unpack(block);
    const ColumnMemories::Log of{block.store, block.epoch, block.topics};
    schema::Sequence start = block.after;
    schema::ColumnMemory memory;
    if (!block.dictionary.empty()) {
        const auto known = schema::decode_dictionary(block.dictionary);
        if (!known) return tl::unexpected(known.error());
        const auto rows = [this](const ReadRequest& request, schema::Sequence upto) {
            return host_.held_rows(request, upto);
        };
        auto taken = memories_.take(of, known->after, known->upto, rows);
        if (!taken) return tl::unexpected(taken.error());
        start = known->after;
        memory = std::move(*taken);
    }
    auto range = schema::unpack(block, &memory);
    // What follows builds on these rows, too.
    if (range && start == dictionary_start(block.after)) {
        memories_.put(of, start, block.upto, std::move(memory));
    }
    return range;
}

/// A store that gets its own log back is no receiver of it, and has to know where it ends.
void Switchboard::tell_end(Line& line, const Fetch& fetch) {
    const schema::Sequence end = host_.end(fetch.store);
    for (const auto& after : fetch.after) {
        if (after.seq < end) return;
    }
    Trouble trouble;
    trouble.session = line.session()->to_peer();
    trouble.code = Errc::gap;
    trouble.message =
        "the log of " + fetch.store.value() + " ends at " + std::to_string(end.value()) + " here";
    trouble.store = fetch.store.value();
    trouble.end = end.value();
    line.send(schema::Message{std::move(trouble)});
}

void Switchboard::block_failed(Line& line, const Block& block, const Error& error) {
    Session& session = *line.session();
    const BootTime now = clock_.boot();
    if (error.code == Errc::gap) {
        if (host_.end(block.store) <= block.after) return want(line, block.store);
        // Other events stand at its places. What is on its way behind it may begin right where what
        // is held ends, and would be taken for the answer to a fetch that its sender has refused.
        counters_["sessions_of_another_log"] += 1;
        refuse(line, {Errc::unknown_session, error.message}, {}, {});
        line.end_turn();  // On a dear line it would be gathered, and gone with the session.
        return end(line, error.message);
    }
    const bool built = !block.dictionary.empty() &&
                       (error.code == Errc::dictionary_missing || error.code == Errc::corrupt);
    if (built && session.receiver.stand_alone(block.store)) {
        // Not those rows, or they are gone: what comes next must not need them.
        counters_["dictionaries_missing"] += 1;
        log(Level::info, "a block built on events that are not at hand; asked for it by itself",
            {{"peer", session.peer().name},
             {"store", block.store.value()},
             {"error", error.message}});
        return want(line, block.store);
    }
    counters_["blocks_refused"] += 1;
    log(Level::error, "a block was refused",
        {{"peer", session.peer().name}, {"store", block.store.value()}, {"error", error.message}});
    // Damage on the way is over with the next try; a fork or a stale store is for people.
    const bool final = error.code == Errc::forked || error.code == Errc::stale_incarnation ||
                       error.code == Errc::not_allowed;
    if (final) return session.receiver.stop(block.store, error.message, now);
    const auto pause = error.code == Errc::schema_too_new ? kPauseTooNew : kPause;
    session.receiver.pause(block.store, error.message, BootTime{now.value() + pause});
}

void Switchboard::on_block(Line& line, const Block& block) {
    Session& session = *line.session();
    session.news_came();
    if (!may_send(line, block.store)) {
        counters_["blocks_foreign"] += 1;
        log(Level::error, "a peer sent another store's log; nothing was stored",
            {{"peer", session.peer().name}, {"store", block.store.value()}});
        return;
    }
    const BootTime now = clock_.boot();
    switch (session.receiver.judge(block, now)) {
        case Receiver::Step::ignore:
            counters_["blocks_ignored"] += 1;
            line.staged.insert(block.store);  // Its sender learns how far we are, and goes on.
            return;
        case Receiver::Step::restart:
            want(line, block.store);
            return;
        case Receiver::Step::take:
            break;
    }
    auto range = unpack(block);
    if (!range) return block_failed(line, block, range.error());
    counters_["blocks_in"] += 1;
    counters_["block_bytes_in"] += static_cast<std::int64_t>(block.data.size());
    counters_["events_in"] += static_cast<std::int64_t>(block.count);
    line.events_in += static_cast<std::int64_t>(block.count);
    events_taken_ += static_cast<std::int64_t>(block.count);
    line.pace_in.spend(block.data.size(), now);
    const auto taken = host_.take(session.peer(), std::move(*range));
    if (!taken) return block_failed(line, block, taken.error());
    line.staged.insert(block.store);
}

}  // namespace filial::core
