// Any message of the wire; a block or a piece in it is unpacked.
#include "schema/messages.h"

#include "test/fuzz/fuzz.h"

using namespace filial;
using namespace filial::schema;

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
        // As the first piece, and as one behind others.
        StreamHistory fresh, used;
        (void)unpack_piece(several->piece, fresh);
        for (std::uint64_t i = 1; i < several->piece.number % 8; ++i) pack_piece(bytes, used);
        const auto raw = unpack_piece(several->piece, used);
        fuzz::require(!raw || raw->size() == several->piece.raw_size, "a piece is as it says");
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
