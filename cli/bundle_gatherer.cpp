#include "cli/bundle_gatherer.h"

#include <algorithm>

#include "cli/bundled_log.h"
#include "schema/epoch_record.h"

namespace filial::cli {

using core::BootTime;
using schema::Errc;
using schema::Message;
using schema::Result;
using schema::Sequence;
using schema::StoreId;
using schema::Timestamp;

BundleGatherer::BundleGatherer(std::string own_store, std::string name, Known known)
    : own_store_(std::move(own_store)), name_(std::move(name)), known_(std::move(known)) {}

void BundleGatherer::greet(std::uint64_t nonce, Timestamp wall, BootTime now) {
    schema::Hello hello;
    hello.nonce = nonce;
    hello.store = own_store_;
    hello.role = "cli";
    hello.name = name_;
    hello.clock = wall;
    hello.software = std::string("filial ") + FILIAL_VERSION;
    session_ = std::make_unique<core::Session>(hello, true, true, now);
    outgoing_.emplace_back(std::move(hello));
}

/// The first block of a log tells where it ends, and its first event whose it is.
void BundleGatherer::start(const StoreId& store) {
    readings_[store].log.store = store;
    schema::Fetch fetch;
    fetch.session = session_->to_peer();
    fetch.store = store;
    fetch.after = {{std::string(schema::kAllTopics), Sequence{0}}};
    fetch.restart = true;
    outgoing_.emplace_back(std::move(fetch));
}

void BundleGatherer::begin(Reading& reading, BootTime now) {
    schema::Fetch fetch = session_->receiver.begin(
        {reading.log.store, schema::Epoch{}, {{std::string(schema::kAllTopics), reading.log.upto}}},
        now);
    fetch.session = session_->to_peer();
    outgoing_.emplace_back(std::move(fetch));
}

Result<void> BundleGatherer::take(const Message& message, Timestamp wall, BootTime now) {
    if (done_) return {};
    if (const auto* welcome = std::get_if<schema::Welcome>(&message)) {
        if (session_->established()) return {};
        const auto ok = session_->welcomed(*welcome, welcome->self.store, wall, now);
        if (!ok && ok.error().code == Errc::invalid) return {};
        if (!ok) return ok;
        for (const std::string& offer : session_->peer().offers) start(StoreId{offer});
        ask_whether_all();
        return {};
    }
    if (const auto* trouble = std::get_if<schema::Trouble>(&message)) {
        if (session_->established() && !session_->mine(trouble->session)) return {};
        return schema::fail(trouble->code, trouble->message);
    }
    if (!session_->established()) return {};
    if (const auto* block = std::get_if<schema::BlockMessage>(&message)) {
        if (session_->mine(block->session)) return on_block(block->block, now);
    } else if (const auto* mark = std::get_if<schema::MarkMessage>(&message)) {
        if (session_->mine(mark->session)) on_mark(*mark);
    } else if (const auto* ping = std::get_if<schema::Ping>(&message)) {
        if (session_->mine(ping->session)) {
            outgoing_.emplace_back(schema::Pong{session_->to_peer(), ping->nonce});
        }
    } else if (const auto* pong = std::get_if<schema::Pong>(&message)) {
        if (session_->mine(pong->session) && asked_ && pong->nonce == pings_) choose_marks(now);
    }
    return {};
}

Result<void> BundleGatherer::learn(Reading& reading, const schema::Range& range) {
    const auto record = schema::find_epoch_record(range);
    if (!record) return tl::unexpected(record.error());
    if (range.epoch > reading.log.epoch) reading.log.incarnation = {};
    reading.log.epoch = std::max(reading.log.epoch, range.epoch);
    if (*record && range.epoch == reading.log.epoch) {
        reading.log.incarnation = (*record)->opened.incarnation;
    }
    return {};
}

Result<void> BundleGatherer::on_probe(Reading& reading, const schema::Range& range, BootTime now) {
    if (const auto ok = learn(reading, range); !ok) return ok;
    reading.probing = false;
    reading.end = range.end;
    const StoreId& store = reading.log.store;
    const core::Peer& peer = session_->peer();
    if (peer.role == "publisher" && peer.store == store.value() && peer.epoch.value() != 0) {
        reading.log.epoch = peer.epoch;
        reading.log.incarnation = peer.incarnation;
    }
    const auto known = known_(store);
    reading.log.wanted = known.has_value();
    reading.log.after = known ? known->seq : range.end;
    // Who holds more than there is, of an earlier epoch, holds what was lost here.
    if (known && known->seq > range.end && known->epoch < reading.log.epoch) {
        reading.log.after = Sequence{0};
    }
    reading.known = known ? known->epoch : schema::Epoch{};
    reading.log.upto = reading.log.after;
    if (reading.log.upto < reading.end) {
        begin(reading, now);
    } else {
        ask_whether_all();
    }
    return {};
}

Result<void> BundleGatherer::on_block(const schema::Block& block, BootTime now) {
    const auto at = readings_.find(block.store);
    if (at == readings_.end()) return {};
    Reading& reading = at->second;
    if (!reading.probing) {
        switch (session_->receiver.judge(block, now)) {
            case core::Receiver::Step::ignore:
                return {};
            case core::Receiver::Step::restart:
                begin(reading, now);
                return {};
            case core::Receiver::Step::take:
                break;
        }
    }
    auto range = schema::unpack(block);
    if (!range) return tl::unexpected(range.error());
    ++progress_;
    if (reading.probing) return on_probe(reading, *range, now);
    if (range->after < reading.log.upto) *range = part_of(*range, range->topics, reading.log.upto);
    const auto opened = schema::find_epoch_record(*range);
    if (!opened) return tl::unexpected(opened.error());
    const bool first = reading.log.ranges.empty() && reading.log.after.value() > 0;
    const bool begun = *opened && (*opened)->seq == next(reading.log.after);
    if (first && reading.known.value() != 0 && reading.known < range->epoch && !begun) {
        // This epoch began at or below what the addressee holds: he needs it from there on.
        reading.log.after = reading.log.upto = Sequence{0};
        reading.known = schema::Epoch{};
        begin(reading, now);
        return {};
    }
    if (const auto ok = learn(reading, *range); !ok) return ok;
    reading.log.upto = range->upto;
    reading.log.ranges.push_back(std::move(*range));
    schema::Fetch fetch = session_->receiver.confirm(
        block.store, {{std::string(schema::kAllTopics), reading.log.upto}});
    fetch.session = session_->to_peer();
    outgoing_.emplace_back(std::move(fetch));
    ask_whether_all();
    return {};
}

void BundleGatherer::on_mark(const schema::MarkMessage& message) {
    schema::Parser parser;
    const auto mark = schema::decode_mark(parser, message.mark);
    if (!mark) return;
    const auto at = readings_.find(mark->store);
    if (at == readings_.end()) return;
    at->second.marks.push_back(message);
    at->second.log.newest = *mark;
}

bool BundleGatherer::complete() const {
    return std::all_of(readings_.begin(), readings_.end(), [](const auto& entry) {
        const Reading& reading = entry.second;
        return !reading.probing && (!reading.log.wanted || reading.log.upto >= reading.end);
    });
}

/// Once everything is read: a mark that was on its way comes before the answer to this.
void BundleGatherer::ask_whether_all() {
    if (!complete()) return;
    asked_ = true;
    outgoing_.emplace_back(schema::Ping{session_->to_peer(), ++pings_});
}

/// Of each log the newest mark that speaks of nothing behind the last range. A log that moved on
/// since, and has no other mark, is read up to where that one speaks of.
void BundleGatherer::choose_marks(BootTime now) {
    for (auto& [store, reading] : readings_) {
        std::optional<schema::Mark> chosen;
        std::optional<Sequence> beyond;
        for (const schema::MarkMessage& message : reading.marks) {
            schema::Parser parser;
            const auto mark = schema::decode_mark(parser, message.mark);
            if (!mark || !reading.log.wanted) continue;
            if (mark->end > reading.log.upto) {
                beyond = std::min(beyond.value_or(mark->end), mark->end);
                continue;
            }
            if (chosen && std::pair(mark->epoch, mark->counter) <=
                              std::pair(chosen->epoch, chosen->counter)) {
                continue;
            }
            chosen = *mark;
            reading.log.mark = message;
        }
        if (!chosen && beyond) {
            reading.end = *beyond;
            if (session_->receiver.find(store) == nullptr) begin(reading, now);
        }
        if (reading.log.newest) {
            reading.log.epoch = std::max(reading.log.epoch, reading.log.newest->epoch);
        }
    }
    asked_ = false;
    done_ = complete();
}

std::vector<GatheredLog> BundleGatherer::take_logs() {
    std::vector<GatheredLog> logs;
    for (auto& [store, reading] : readings_) {
        reading.log.end = reading.end;
        logs.push_back(std::move(reading.log));
    }
    return logs;
}

std::optional<Message> BundleGatherer::bye() const {
    if (session_ == nullptr || !session_->established()) return std::nullopt;
    return Message(schema::Bye{session_->to_peer(), "the bundle is written"});
}

}  // namespace filial::cli
