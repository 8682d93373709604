// A bundle file, and what a machine remembers of its bundles. The checksums keep a fuzzer out, so
// that an input that begins with a byte below 2 is the payload of one record of a bundle which is
// right otherwise: then it is a writer that lies.
#include "schema/bundle.h"

#include "cli/bundle_memory.h"
#include "cli/bundled_log.h"
#include "schema/hash.h"
#include "test/fuzz/fuzz.h"

using namespace filial;
using namespace filial::schema;

namespace {

void put(Bytes& out, std::uint64_t number, std::size_t bytes) {
    for (std::size_t i = bytes; i-- > 0;) out.push_back(static_cast<char>(number >> (8 * i)));
}

/// As docs/formats.md says it.
void add(Bytes& file, std::uint64_t& check, char type, ByteView payload) {
    Bytes record(1, type);
    put(record, payload.size(), 4);
    record.append(payload);
    Bytes before;
    put(before, check, 8);
    check = checksum_of(before, record);
    file += record;
    put(file, check, 8);
}

void check_bundle(ByteView bytes) {
    const auto bundle = parse_bundle(bytes);
    if (!bundle) return;
    BundleWriter out(bundle->header);
    for (const Block& block : bundle->blocks) out.add(BlockMessage{0, block});
    for (const MarkMessage& mark : bundle->marks) out.add(mark);
    const auto second = parse_bundle(out.take());
    fuzz::require(second && second->header == bundle->header && second->blocks == bundle->blocks &&
                      second->marks == bundle->marks,
                  "what is whole is written and read alike");
    for (const BundleLog& log : bundle->header.logs) {
        cli::BundledLog reader(*bundle, log);
        fuzz::require(reader.upto() >= log.after && reader.upto() <= log.upto, "inside its range");
        if (reader.upto() == log.after) continue;
        const auto range = reader.read({log.store, log.topics, log.after, 0});
        if (range) fuzz::require(range->after == log.after && range->upto > log.after, "goes on");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteView bytes = fuzz::view(data, size);
    if (size > 0 && data[0] < 2) {
        Bytes file = "FILBUN01";
        std::uint64_t check = 0;
        for (const char c : file) check = check << 8 | static_cast<unsigned char>(c);
        const ByteView rest = bytes.substr(1);
        // One header that names one log of store1, as long as it likes.
        Writer header;
        header.array(9).u64(1).u64(7).u64(1).str("store1").str("store2").i64(0).str("").array(1);
        header.array(6).str("store1").u64(1).bin("").array(1).str("*").u64(0).u64(1'000'000);
        header.array(0);
        add(file, check, 'H', data[0] == 0 ? rest : ByteView(header.bytes()));
        if (data[0] == 1) add(file, check, 'M', rest);
        check_bundle(file);
        return 0;
    }
    check_bundle(bytes);
    if (const auto memory = cli::parse_bundle_memory(bytes)) {
        const auto second = cli::parse_bundle_memory(cli::bundle_memory_text(*memory));
        fuzz::require(second && *second == *memory, "a memory is written and read alike");
    }
    return 0;
}
