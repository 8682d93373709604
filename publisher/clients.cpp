#include "publisher/clients.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "schema/limits.h"

namespace filial::publisher {

using schema::Bytes;
using schema::ByteView;
using schema::ClientId;
using schema::Result;

namespace {

Bytes client_key(const ClientId& client) { return "client/" + Bytes(schema::view(client)); }
Bytes answers_prefix(const ClientId& client) { return "answer/" + Bytes(schema::view(client)); }

Bytes answer_key(const ClientId& client, std::uint16_t slot) {
    Bytes key = answers_prefix(client);
    key += static_cast<char>(slot >> 8);
    key += static_cast<char>(slot & 0xff);
    return key;
}

Bytes encode(const KeptAnswer& answer) {
    schema::Writer out;
    out.array(8).u64(answer.number).u64(answer.checksum).u64(answer.epoch.value());
    out.u64(answer.first.value()).u64(answer.last.value()).u64(answer.flags).u64(answer.slot);
    out.u64(answer.facts);
    return out.take();
}

Result<KeptAnswer> decode_answer(schema::Parser& parser, ByteView bytes) {
    auto fields = parser.array(bytes);
    if (!fields) return schema::fail("answer of a client", fields.error());
    KeptAnswer answer;
    answer.number = fields->u64();
    answer.checksum = fields->u64();
    answer.epoch = schema::Epoch{fields->u32()};
    answer.first = schema::Sequence{fields->u64()};
    answer.last = schema::Sequence{fields->u64()};
    answer.flags = fields->u64();
    answer.slot = static_cast<std::uint16_t>(fields->u32());
    answer.facts = fields->u64();
    if (const auto ok = parser.finish("answer of a client"); !ok) return tl::unexpected(ok.error());
    return answer;
}

bool below(const KeptAnswer& answer, std::uint64_t number) { return answer.number < number; }

}  // namespace

std::size_t ClientIdHash::operator()(const ClientId& id) const {
    std::size_t value = 0;
    std::memcpy(&value, id.data(), sizeof value);
    return value;
}

Result<Clients::Record*> Clients::load(const ClientId& client) {
    const auto found = records_.find(client);
    if (found != records_.end()) {
        found->second.used = ++uses_;
        return &found->second;
    }
    make_room();
    Record record;
    record.used = ++uses_;
    const auto saved = journal_.get(client_key(client));
    if (!saved) return tl::unexpected(saved.error());
    if (*saved) {
        schema::Parser parser;
        auto fields = parser.array(**saved);
        if (!fields) return schema::fail("client", fields.error());
        fields->skip();  // Version.
        record.highest = fields->u64();
        record.dropped = fields->u64();
        record.note = fields->bin();
        if (const auto ok = parser.finish("client"); !ok) return tl::unexpected(ok.error());

        Result<void> all_read;
        const auto scanned =
            journal_.scan(answers_prefix(client), {}, [&](ByteView, ByteView value) {
                auto answer = decode_answer(parser, value);
                if (!answer) {
                    all_read = tl::unexpected(answer.error());
                    return false;
                }
                record.answers.push_back(*answer);
                return true;
            });
        if (!scanned) return tl::unexpected(scanned.error());
        if (!all_read) return tl::unexpected(all_read.error());
        std::sort(record.answers.begin(), record.answers.end(),
                  [](const KeptAnswer& a, const KeptAnswer& b) { return a.number < b.number; });
    }
    return &records_.emplace(client, std::move(record)).first->second;
}

Result<Known> Clients::look_up(const ClientId& client, std::uint64_t number, std::uint64_t checksum,
                               std::uint64_t facts, KeptAnswer& answer) {
    const auto record = load(client);
    if (!record) return tl::unexpected(record.error());
    if (number > (*record)->highest) return Known::fresh;
    if (number <= (*record)->dropped) return Known::already_done;
    const auto& answers = (*record)->answers;
    const auto at = std::lower_bound(answers.begin(), answers.end(), number, below);
    if (at == answers.end() || at->number != number) return Known::fresh;
    const bool any = at->checksum == KeptAnswer::kAnyContent || checksum == KeptAnswer::kAnyContent;
    const bool any_facts = at->facts == KeptAnswer::kAnyFacts || facts == KeptAnswer::kAnyFacts;
    const bool same = any ? any_facts || at->facts == facts : at->checksum == checksum;
    if (!same) return Known::reused;
    answer = *at;
    return Known::repeated;
}

void Clients::accept(const ClientId& client, KeptAnswer answer, Bytes note) {
    const auto found = records_.find(client);
    schema::check(found != records_.end(), "a client is looked up before its ticket is accepted");
    Record& record = found->second;
    if (!record.changed) changed_.push_back(client);
    record.changed = true;
    if (answer.number > record.highest) {
        record.highest = answer.number;
        record.note = std::move(note);
    }
    answer.slot = static_cast<std::uint16_t>(record.answers.size());
    if (record.answers.size() >= schema::kAnswersKept) {
        if (answer.number < record.answers.front().number) {
            record.dropped = std::max(record.dropped, answer.number);
            return;
        }
        record.dropped = std::max(record.dropped, record.answers.front().number);
        answer.slot = record.answers.front().slot;
        record.answers.pop_front();
    }
    const auto at =
        std::lower_bound(record.answers.begin(), record.answers.end(), answer.number, below);
    record.written.push_back(answer.slot);
    record.answers.insert(at, answer);
}

void Clients::save(StateWrites& writes) {
    for (const ClientId& client : changed_) {
        Record& record = records_.at(client);
        schema::Writer out;
        out.array(4).u64(1).u64(record.highest).u64(record.dropped).bin(record.note);
        writes.emplace_back(client_key(client), out.take());
        record.changed = false;
        ++record.writing;
        if (record.written.empty()) continue;
        std::sort(record.written.begin(), record.written.end());
        std::size_t left = record.written.size();
        // The newest are at the end; stop when all that were written have been met.
        for (auto at = record.answers.rbegin(); at != record.answers.rend() && left > 0; ++at) {
            if (!std::binary_search(record.written.begin(), record.written.end(), at->slot)) {
                continue;
            }
            writes.emplace_back(answer_key(client, at->slot), encode(*at));
            --left;
        }
        record.written.clear();
    }
    writing_.push_back(std::exchange(changed_, {}));
}

void Clients::committed() {
    if (writing_.empty()) return;  // Rolled back meanwhile: it is read again.
    for (const ClientId& client : writing_.front()) --records_.at(client).writing;
    writing_.pop_front();
    make_room();
}

/// Half of them go at a time, so that not every new client costs a walk over all. What is on its
/// way to the disk stays: the journal does not know it yet.
void Clients::make_room() {
    if (records_.size() < kClientsInMemory) return;
    const std::uint64_t too_old = uses_ - std::min<std::uint64_t>(uses_, kClientsInMemory / 2);
    std::erase_if(records_, [&](const auto& entry) {
        const Record& record = entry.second;
        return record.used <= too_old && !record.changed && record.writing == 0;
    });
}

void Clients::rolled_back() {
    for (const ClientId& client : changed_) records_.erase(client);
    for (const auto& clients : writing_) {
        for (const ClientId& client : clients) records_.erase(client);
    }
    changed_.clear();
    writing_.clear();
}

Result<schema::ClientState> Clients::state(const ClientId& client) {
    const auto record = load(client);
    if (!record) return tl::unexpected(record.error());
    schema::ClientState state;
    state.highest = (*record)->highest;
    state.note = (*record)->note;
    return state;
}

}  // namespace filial::publisher
