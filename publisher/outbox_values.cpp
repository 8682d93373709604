// The outbox as a state: what it holds in memory of the values beside the log, and in front of them
// what is staged.
#include <algorithm>
#include <map>
#include <unordered_set>
#include <utility>

#include "publisher/outbox.h"

namespace filial::publisher {

using schema::Bytes;
using schema::ByteView;
using schema::Result;

namespace {

/// Bytes of one generation of the memory; there are two.
constexpr std::size_t kYoungBytesMax = 4 * 1024 * 1024;
/// What a value takes beside its key and itself. What was read of it is not counted: of the few
/// rows that have it (ledger::Row), a few hundred bytes each.
constexpr std::size_t kValueOverhead = 144;

}  // namespace

Bytes Outbox::journal_key(ByteView key) {
    Bytes full(kOwnPrefix);
    full += key;
    return full;
}

void Outbox::age() const {
    if (young_bytes_ <= kYoungBytesMax || !dirty_.empty() || !in_hand_.empty()) return;
    old_ = std::move(young_);
    young_ = Values();
    young_bytes_ = 0;
}

std::vector<const std::vector<Outbox::Value*>*> Outbox::changed() const {
    std::vector<const std::vector<Value*>*> all{&dirty_};
    for (auto at = in_hand_.rbegin(); at != in_hand_.rend(); ++at) all.push_back(&at->values);
    return all;
}

std::vector<const Outbox::NewValues*> Outbox::added() const {
    std::vector<const NewValues*> all{&new_staged_};
    for (auto at = in_hand_.rbegin(); at != in_hand_.rend(); ++at) all.push_back(&at->new_values);
    return all;
}

const Bytes* Outbox::in_hand(ByteView key) const {
    for (auto at = in_hand_.rbegin(); at != in_hand_.rend(); ++at) {
        const auto found = at->new_values.find(key);
        if (found != at->new_values.end()) return &found->second;
    }
    return nullptr;
}

Result<std::vector<Bytes>> Outbox::keys(ByteView prefix, ByteView after,
                                        std::size_t at_most) const {
    std::map<Bytes, bool> staged;  // Whether there is a value.
    for (const auto* entries : changed()) {
        for (const Value* entry : *entries) {
            const bool asked = ByteView(entry->key).starts_with(prefix) && entry->key > after;
            if (asked) staged.try_emplace(entry->key, entry->value.has_value());
        }
    }
    for (const NewValues* values : added()) {
        for (const auto& [key, value] : *values) {
            const bool asked = ByteView(key).starts_with(prefix) && key > after;
            if (asked) staged.try_emplace(key, true);
        }
    }
    std::vector<Bytes> found;
    const std::size_t most = at_most + staged.size();
    const auto scanned =
        journal_.scan(journal_key(prefix), after.empty() ? Bytes() : journal_key(after),
                      [&](ByteView key, ByteView) {
                          Bytes own(key.substr(kOwnPrefix.size()));
                          if (!staged.contains(own)) found.push_back(std::move(own));
                          return found.size() < most;
                      });
    if (!scanned) return tl::unexpected(scanned.error());
    for (const auto& [key, is] : staged) {
        if (is) found.push_back(key);
    }
    std::sort(found.begin(), found.end());
    if (found.size() > at_most) found.resize(at_most);
    return found;
}

std::optional<Bytes> Outbox::get(ByteView key) const {
    const ledger::Row* found = row(key);
    return found == nullptr ? std::nullopt : found->value;
}

Outbox::Value& Outbox::add_young(ByteView key) const {
    auto made = std::make_unique<Value>();
    made->key = key;
    Value& value = *made;
    young_.insert_or_assign(ByteView(value.key), std::move(made));
    return value;
}

const ledger::Row* Outbox::row(ByteView key) const {
    if (const auto found = young_.find(key); found != young_.end()) return found->second.get();
    Value* at = nullptr;
    if (const auto found = old_.find(key); found != old_.end()) {
        std::unique_ptr<Value> value = std::move(found.value());
        old_.erase(found);
        at = value.get();
        young_.insert_or_assign(ByteView(at->key), std::move(value));
    } else if (const auto staged = new_staged_.find(key); staged != new_staged_.end()) {
        // From here on it is a value like any other.
        at = &add_young(key);
        at->value = std::move(staged->second);
        at->dirty = true;
        dirty_.push_back(at);
        new_staged_.erase(staged);
    } else if (const Bytes* written = in_hand(key); written != nullptr) {
        at = &add_young(key);
        at->value = *written;
    } else {
        auto read = journal_.get(journal_key(key));
        if (!read) {
            if (!trouble_)
                trouble_ = schema::Error{read.error().code, "own state: " + read.error().message};
            return nullptr;
        }
        at = &add_young(key);
        at->value = std::move(*read);
    }
    young_bytes_ += key.size() + (at->value ? at->value->size() : 0) + kValueOverhead;
    age();  // It may be among the old ones again, at the same place.
    return at;
}

void Outbox::put_new(ByteView key, Bytes value) {
    new_staged_.insert_or_assign(Bytes(key), std::move(value));
}

Result<void> Outbox::scan(ByteView prefix, const Visit& visit) const {
    std::unordered_set<Bytes, ledger::KeyHash, std::equal_to<>> seen;
    const auto show = [&](ByteView key, const std::optional<Bytes>& value) {
        if (!key.starts_with(prefix) || !seen.emplace(key).second) return;
        if (value) visit(key, *value);
    };
    for (const auto* entries : changed()) {
        for (const Value* entry : *entries) show(entry->key, entry->value);
    }
    for (const NewValues* values : added()) {
        for (const auto& [key, value] : *values) show(key, value);
    }
    return journal_.scan(journal_key(prefix), {}, [&](ByteView key, ByteView value) {
        const ByteView own = key.substr(kOwnPrefix.size());
        if (!seen.contains(own)) visit(own, value);
        return true;
    });
}

void Outbox::put(ByteView key, Bytes value) { set(key, std::move(value)); }

void Outbox::erase(ByteView key) { set(key, std::nullopt); }

void Outbox::set(ByteView key, std::optional<Bytes> value) {
    const auto found = young_.find(key);
    Value& held = found != young_.end() ? *found.value() : add_young(key);
    if (found == young_.end()) young_bytes_ += key.size() + kValueOverhead;
    young_bytes_ += value ? value->size() : 0;
    held.value = std::move(value);
    held.read_as.reset();
    if (held.dirty) return;
    held.dirty = true;
    dirty_.push_back(&held);
}

}  // namespace filial::publisher
