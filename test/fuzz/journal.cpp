// What a journal finds on its disk: every input is read as each of its formats.
#include "core/journal/head_witness.h"
#include "core/journal/log_base.h"
#include "core/journal/log_head.h"
#include "core/journal/log_layout.h"
#include "core/journal/redo_record.h"
#include "test/fuzz/fuzz.h"

using namespace filial;
using namespace filial::schema;

namespace {

void check_value(Parser& parser, ByteView bytes) {
    const auto value = core::decode_log_value(parser, bytes);
    if (!value) return;
    fuzz::require(!value->segment.empty(), "a commit of a topic has events");
    const Bytes again = core::encode_log_value(value->events_before, value->bytes_before, value->at,
                                               value->segment);
    const auto second = core::decode_log_value(parser, again);
    fuzz::require(second && second->segment == value->segment && second->at == value->at &&
                      second->events_before == value->events_before &&
                      second->bytes_before == value->bytes_before,
                  "a commit is written and read alike");
}

void check_head(Parser& parser, ByteView bytes) {
    const StoreId store{"store1"};
    const auto head = core::decode_log_head(parser, store, bytes);
    if (!head) return;
    const Bytes again = core::encode(*head);
    const auto second = core::decode_log_head(parser, store, again);
    fuzz::require(second && core::encode(*second) == again, "a head is written and read alike");
}

void check_slot(ByteView bytes) {
    const auto slot = core::decode_witness_slot(bytes);
    if (!slot) return;
    fuzz::require(core::encode_witness_slot(*slot) == bytes, "a slot has one form");
}

void check_redo(Parser& parser, ByteView bytes) {
    const auto changes = core::decode_redo(parser, bytes);
    if (!changes) return;
    std::vector<core::StateEntry> entries;
    for (const core::StateChange& change : *changes) {
        entries.emplace_back(change.key, std::nullopt);
        if (change.value) entries.back().second = Bytes(*change.value);
    }
    const auto again = core::make_redo(entries);
    fuzz::require(again->changes == *changes, "a redo record shows what it was made of");
    const auto second = core::decode_redo(parser, again->bytes);
    fuzz::require(second && *second == *changes, "a redo record is written and read alike");
    const auto kept = core::read_redo(parser, bytes);
    fuzz::require(kept && (*kept)->changes == *changes,
                  "a record that keeps its bytes says the same");
}

/// A key is of its topic or of none.
void check_key(ByteView bytes) {
    const Bytes prefix = core::topic_prefix(StoreId{"store1"}, "stock");
    const auto upto = core::upto_of(prefix + Bytes(bytes), prefix);
    fuzz::require(upto.has_value() == (bytes.size() == 8), "a position has 8 bytes");
    if (upto) {
        fuzz::require(core::log_key(prefix, *upto) == prefix + Bytes(bytes),
                      "one key has one form");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static Parser parser;
    const ByteView bytes = fuzz::view(data, size);
    check_value(parser, bytes);
    check_head(parser, bytes);
    (void)core::decode_base_info(parser, bytes).has_value();
    check_slot(bytes);
    check_redo(parser, bytes);
    check_key(bytes);
    return 0;
}
