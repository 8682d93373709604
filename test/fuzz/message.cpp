// Any message of the wire; a block or a piece in it is unpacked.
#include "schema/messages.h"

#include "schema/greeting_words.h"
#include "schema/walker.h"
#include "test/fuzz/fuzz.h"

using namespace filial;
using namespace filial::schema;

namespace {

/// Messages that came packed together, one behind the other, as a session reads them.
void look_inside(Parser& parser, const Result<Bytes>& raw) {
    if (!raw) return;
    Walker walker(*raw);
    while (walker.left() > 0) {
        const std::size_t from = walker.at();
        if (!walker.skip()) return;
        const auto one = ByteView(*raw).substr(from, walker.at() - from);
        const auto message = decode_message(parser, one);
        if (!message) continue;
        const auto second = decode_message(parser, encode(*message));
        fuzz::require(second && *second == *message, "one of several is read alike");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static Parser parser;
    const auto message = decode_message(parser, fuzz::view(data, size));
    if (!message) return 0;
    fuzz::require(name_of(kind_of(*message)) != "unknown", "what is read has a name");
    const Bytes bytes = encode(*message);
    const auto second = decode_message(parser, bytes);
    fuzz::require(second && *second == *message, "a message is written and read alike");
    fuzz::require(encode(*second) == bytes, "one message has one encoding");
    if (const auto* carrier = std::get_if<BlockMessage>(&*message)) {
        const auto range = unpack(carrier->block);
        if (!range) return 0;
        const auto again = unpack(pack(*range));
        fuzz::require(again && *again == *range, "a range is packed and unpacked alike");
    }
    if (const auto* several = std::get_if<Several>(&*message)) {
        // As the first piece, behind what the greetings say, and as one behind others.
        StreamHistory fresh, used, greeted(greeting_words(Hello{}, Hello{}));
        look_inside(parser, unpack_piece(several->piece, fresh));
        look_inside(parser, unpack_piece(several->piece, greeted));
        for (std::uint64_t i = 1; i < several->piece.number % 8; ++i) pack_piece(bytes, used);
        const auto raw = unpack_piece(several->piece, used);
        fuzz::require(!raw || raw->size() == several->piece.raw_size, "a piece is as it says");
        look_inside(parser, raw);
    }
    if (const auto* chunk = std::get_if<Chunk>(&*message)) {
        const auto rows = decode_rows(chunk->rows);
        if (!rows) return 0;
        EncodedRows encoded;
        for (const BaseRow& row : *rows) {
            encoded.emplace_back(key_of(row), value_of(row));
            const auto again = decode_base_row(parser, key_of(row), value_of(row));
            fuzz::require(again && *again == row, "a base's row is written and read alike");
        }
        const auto second_rows = decode_rows(encode_rows(encoded));
        fuzz::require(second_rows && *second_rows == *rows, "and all of a piece");
    }
    if (const auto* hello = std::get_if<Hello>(&*message)) {
        const Bytes words = greeting_words(*hello, Hello{});
        StreamHistory said(words), heard(words);
        const auto back = unpack_piece(pack_piece(bytes, said), heard);
        fuzz::require(back && *back == bytes, "what builds on a greeting comes back");
    }
    if (const auto* ticket = std::get_if<Ticket>(&*message)) {
        for (const Operation& operation : ticket->operations) {
            const auto ok = validate(operation);
            fuzz::require(ok || !ok.error().message.empty(), "a refusal gives its reason");
        }
    }
    if (const auto* query = std::get_if<Query>(&*message)) {
        const auto customers = decode_customers(parser, query->after);
        if (!customers) return 0;
        const auto again = decode_customers(parser, encode_customers(*customers));
        fuzz::require(again && *again == *customers, "customers are written and read alike");
    }
    return 0;
}
