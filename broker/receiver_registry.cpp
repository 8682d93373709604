#include "broker/receiver_registry.h"

#include "schema/codec.h"

namespace filial::broker {

using schema::Bytes;
using schema::ByteView;
using schema::Result;

namespace {

constexpr std::string_view kPrefix = "receiver\n";

/// "receiver\nstore2/subscriber\nstore1": names hold no line ends.
Bytes key_of(const ReceiverRegistry::Key& key) {
    return Bytes(kPrefix) + key.first + "\n" + key.second.value();
}

Bytes encode(const schema::StoreId& origin, const Held& held) {
    schema::Writer out;
    out.array(3).u64(1).i64(held.heard.value());
    schema::write_reached(out, schema::Reached{origin, held.epoch, held.after});
    return out.take();
}

Result<Held> decode(ByteView bytes) {
    schema::Parser parser;
    auto fields = parser.array(bytes);
    if (!fields) return schema::fail("receiver registry", fields.error());
    fields->skip();  // Version.
    Held held;
    held.heard = schema::Timestamp{fields->i64()};
    schema::Reached reached = schema::read_reached(*fields);
    if (const auto ok = parser.finish("receiver registry"); !ok) return tl::unexpected(ok.error());
    held.epoch = reached.epoch;
    held.after = std::move(reached.topics);
    return held;
}

}  // namespace

Result<ReceiverRegistry> ReceiverRegistry::load(const core::Journal& journal) {
    ReceiverRegistry registry;
    Result<void> all_read;
    const auto scanned = journal.scan(kPrefix, {}, [&](ByteView key, ByteView value) {
        const ByteView rest = key.substr(kPrefix.size());
        const auto cut = rest.find('\n');
        auto held = decode(value);
        if (!held || cut == ByteView::npos) {
            all_read = schema::fail(
                schema::Errc::corrupt,
                held ? "receiver registry: a key without an origin" : held.error().message);
            return false;
        }
        registry.held_[{Bytes(rest.substr(0, cut)), schema::StoreId{Bytes(rest.substr(cut + 1))}}] =
            std::move(*held);
        return true;
    });
    if (!scanned) return tl::unexpected(scanned.error());
    if (!all_read) return tl::unexpected(all_read.error());
    return registry;
}

void ReceiverRegistry::reached(const std::string& receiver, const schema::Fetch& fetch,
                               schema::Timestamp now) {
    const Key key{receiver, fetch.store};
    held_[key] = Held{fetch.epoch, fetch.after, now};
    changed_.insert(key);
}

void ReceiverRegistry::save(core::JournalWrite& write) {
    for (const Key& key : changed_)
        write.state.emplace_back(key_of(key), encode(key.second, held_[key]));
    changed_.clear();
}

}  // namespace filial::broker
