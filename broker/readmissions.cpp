#include "broker/readmissions.h"

#include <algorithm>
#include <optional>

#include "schema/codec.h"

namespace filial::broker {

using schema::Bytes;
using schema::ByteView;
using schema::Epoch;
using schema::Errc;
using schema::fail;
using schema::Incarnation;
using schema::Result;
using schema::StoreId;

namespace {

constexpr std::string_view kRejoinPrefix = "rejoin\n";
constexpr std::uint64_t kVersion = 1;
/// Digits of an incarnation that people are shown and may type: two of a company's handful of
/// attempts are alike in them once in 4 billion times.
constexpr std::size_t kDigitsShown = 8;

std::string hex(const Incarnation& incarnation) {
    return schema::to_hex(schema::view(incarnation));
}

/// rejoin\n STORE \n INCARNATION -> [1, incarnation, epoch, end, machine, reason, at, granted]
Bytes key_of(const StoreId& store, const Incarnation& incarnation) {
    return Bytes(kRejoinPrefix) + store.value() + "\n" + hex(incarnation);
}

Bytes encode(const Attempt& attempt) {
    schema::Writer out;
    out.array(8).u64(kVersion).bin(schema::view(attempt.incarnation)).u64(attempt.epoch.value());
    out.u64(attempt.end.value()).str(attempt.machine).str(attempt.reason);
    out.i64(attempt.at.value()).u64(attempt.granted.value());
    return out.take();
}

Result<Attempt> decode(schema::Parser& parser, ByteView bytes) {
    auto fields = parser.array(bytes);
    if (!fields) return fail("attempt to rejoin", fields.error());
    const std::uint64_t version = fields->u64();
    if (version > kVersion) {
        return fail(Errc::schema_too_new, "attempt to rejoin: version " + std::to_string(version));
    }
    Attempt attempt;
    attempt.incarnation = schema::id16_from(fields->bin());
    attempt.epoch = Epoch{fields->u32()};
    attempt.end = schema::Sequence{fields->u64()};
    attempt.most = {attempt.epoch, attempt.end};
    attempt.machine = fields->str();
    attempt.reason = fields->str();
    attempt.at = schema::Timestamp{fields->i64()};
    attempt.granted = Epoch{fields->u32()};
    if (const auto ok = parser.finish("attempt to rejoin"); !ok) return tl::unexpected(ok.error());
    return attempt;
}

}  // namespace

Result<Readmissions> Readmissions::load(const core::Journal& journal) {
    Readmissions all;
    schema::Parser parser;
    Result<void> read;
    const auto scanned = journal.scan(kRejoinPrefix, {}, [&](ByteView key, ByteView value) {
        const ByteView name = key.substr(kRejoinPrefix.size());
        auto attempt = decode(parser, value);
        if (!attempt) {
            read = tl::unexpected(attempt.error());
            return false;
        }
        all.stores_[StoreId{std::string(name.substr(0, name.find('\n')))}].push_back(
            std::move(*attempt));
        return true;
    });
    if (!scanned) return tl::unexpected(scanned.error());
    if (!read) return tl::unexpected(read.error());
    for (auto& [store, attempts] : all.stores_) {
        std::stable_sort(attempts.begin(), attempts.end(),
                         [](const Attempt& a, const Attempt& b) { return a.at < b.at; });
    }
    return all;
}

bool Readmissions::met(const StoreId& store, Attempt attempt) {
    Attempts& attempts = stores_[store];
    const auto known = std::find_if(attempts.begin(), attempts.end(), [&](const Attempt& one) {
        return one.incarnation == attempt.incarnation;
    });
    if (known == attempts.end()) {
        const bool greeted = attempt.machine.empty();
        const auto newest =
            std::find_if(attempts.rbegin(), attempts.rend(),
                         [](const Attempt& one) { return one.granted.value() > 0; });
        const auto waiting = std::count_if(attempts.rbegin(), newest, [&](const Attempt& one) {
            return !greeted || one.machine.empty();
        });
        const std::size_t most = greeted ? kGreetingsKept : kAttemptsKept;
        if (static_cast<std::size_t>(waiting) >= most) return false;
        unsaved_.emplace_back(store, attempt.incarnation);
        attempt.most = {attempt.epoch, attempt.end};
        attempts.push_back(std::move(attempt));
        return true;
    }
    // A bare greeting says less than what was said before.
    if (attempt.machine.empty()) return false;
    attempt.at = known->at;
    attempt.granted = known->granted;
    attempt.most = std::max(known->most, std::pair(attempt.epoch, attempt.end));
    if (*known == attempt) return false;
    *known = std::move(attempt);
    unsaved_.emplace_back(store, known->incarnation);
    return true;
}

/// The one attempt whose incarnation begins with `name`, by its place among those of the store.
Result<std::size_t> Readmissions::named(const StoreId& store, const std::string& name) const {
    if (!name.empty() && name.size() < kDigitsShown) {
        return fail(Errc::invalid, "name at least the " + std::to_string(kDigitsShown) +
                                       " digits that the machine printed");
    }
    const auto at = stores_.find(store);
    const std::size_t count = at == stores_.end() ? 0 : at->second.size();
    std::optional<std::size_t> found;
    for (std::size_t i = 0; i < count; ++i) {
        if (name.empty() || !hex(at->second[i].incarnation).starts_with(name)) continue;
        if (found) {
            return fail(Errc::invalid, "more than one machine that asked to go on as " +
                                           store.value() + " begins with " + name +
                                           ": name more of its digits");
        }
        found = i;
    }
    if (found) return *found;
    return fail(Errc::not_found, "no machine " + name + " has asked to go on as " + store.value() +
                                     "; `filial readmit` lists who has");
}

Result<Attempt> Readmissions::grant(const StoreId& store, const std::string& name, Epoch held) {
    const auto place = named(store, name);
    if (!place) return tl::unexpected(place.error());
    Epoch highest = held;
    for (const Attempt& attempt : stores_[store]) highest = std::max(highest, attempt.granted);
    Attempt* found = &stores_[store][*place];
    if (found->granted.value() > 0) return *found;
    // A log begins in epoch 1 without being asked for it, and no broker may have had any of it.
    found->granted = Epoch{std::max({highest, found->epoch, Epoch{1}}).value() + 1};
    unsaved_.emplace_back(store, found->incarnation);
    return *found;
}

bool Readmissions::raise(const StoreId& store, const Incarnation& life, Epoch said) {
    const Attempt* newest = this->life(store);
    if (newest == nullptr || newest->incarnation != life || newest->granted > said) return false;
    for (Attempt& attempt : stores_[store]) {
        if (attempt.incarnation == life) attempt.granted = Epoch{said.value() + 1};
    }
    unsaved_.emplace_back(store, life);
    return true;
}

bool Readmissions::is_granted(const StoreId& store, const std::string& name) const {
    const auto place = named(store, name);
    return place && stores_.at(store)[*place].granted.value() > 0;
}

const Attempt* Readmissions::life(const StoreId& store) const {
    const auto attempts = stores_.find(store);
    if (attempts == stores_.end()) return nullptr;
    const Attempt* newest = nullptr;
    for (const Attempt& attempt : attempts->second) {
        const bool newer = newest == nullptr || newest->granted < attempt.granted;
        if (attempt.granted.value() > 0 && newer) newest = &attempt;
    }
    return newest;
}

const Attempt* Readmissions::find(const StoreId& store, const Incarnation& of) const {
    const auto attempts = stores_.find(store);
    if (attempts == stores_.end()) return nullptr;
    for (const Attempt& attempt : attempts->second) {
        if (attempt.incarnation == of) return &attempt;
    }
    return nullptr;
}

std::vector<std::pair<StoreId, Attempt>> Readmissions::open() const {
    std::vector<std::pair<StoreId, Attempt>> found;
    for (const auto& [store, attempts] : stores_) {
        std::size_t from = 0;
        for (std::size_t i = 0; i < attempts.size(); ++i) {
            if (attempts[i].granted.value() > 0) from = i + 1;
        }
        for (std::size_t i = from; i < attempts.size(); ++i) found.emplace_back(store, attempts[i]);
    }
    return found;
}

std::vector<std::pair<StoreId, Attempt>> Readmissions::all() const {
    std::vector<std::pair<StoreId, Attempt>> found;
    for (const auto& [store, attempts] : stores_) {
        for (const Attempt& attempt : attempts) found.emplace_back(store, attempt);
    }
    return found;
}

void Readmissions::save(core::JournalWrite& write) {
    for (const auto& [store, incarnation] : unsaved_) {
        const Attempt* attempt = find(store, incarnation);
        if (attempt != nullptr) {
            write.state.emplace_back(key_of(store, incarnation), encode(*attempt));
        }
    }
}

std::string out_of_reach(const StoreId& store, const Attempt& attempt,
                         schema::Sequence kept_after) {
    if (attempt.end >= kept_after) return {};
    return "the log that this machine has ends at " + std::to_string(attempt.end.value()) +
           ", and what follows is kept here from behind event " +
           std::to_string(kept_after.value()) + " of " + store.value() +
           " on: restore a backup there that ends at or behind that, or let the machine fetch from "
           "a broker that keeps more";
}

std::string attempt_text(const StoreId& store, const Attempt& attempt) {
    const std::string code = hex(attempt.incarnation).substr(0, kDigitsShown);
    std::string text =
        "a machine" + (attempt.machine.empty() ? "" : " \"" + attempt.machine + "\"") +
        " asks to go on as " + store.value() + ", incarnation " + hex(attempt.incarnation);
    if (attempt.machine.empty()) {
        text += ", beside one that is connected";
    } else {
        text += ", with a log of epoch " + std::to_string(attempt.epoch.value()) + " up to " +
                std::to_string(attempt.end.value()) + ": " + attempt.reason;
    }
    if (attempt.granted.value() > 0) {
        return text + "; readmitted as epoch " + std::to_string(attempt.granted.value());
    }
    return text + "; if it is to go on, and no other: filial readmit " + store.value() + " " + code;
}

}  // namespace filial::broker
