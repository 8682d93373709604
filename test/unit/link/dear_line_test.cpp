// What is other on a line that is slow or paid by the byte.
#include <doctest/doctest.h>

#include "core/link/column_memories.h"
#include "core/link/receiver.h"
#include "core/link/sender.h"
#include "core/link/session.h"
#include "schema/columns.h"
#include "schema/limits.h"
#include "test/golden/samples.h"
#include "test/unit/link/one_log.h"

using namespace filial;
using namespace filial::schema;
using core::BootTime;
using core::ColumnMemories;
using core::ReadRequest;
using core::Receiver;
using core::Sender;
using test::at_second;
using test::fetch_of;
using test::OneLog;
using test::rows_of;

namespace {

constexpr std::uint64_t kTakesColumns = 1u << static_cast<unsigned>(BlockCodec::columns);

/// The rows of the golden log in (0, 52].
Range golden_rows(const ReadRequest& request, std::uint64_t upto) {
    Range all = golden::column_range_before();
    const Range rest = golden::column_range();
    for (const Segment& more : rest.segments) {
        for (Segment& segment : all.segments) {
            if (segment.topic == more.topic) segment.append(more, all.upto);
        }
    }
    all.upto = rest.upto;
    Range part = all;
    part.after = request.after;
    part.upto = Sequence{upto};
    for (Segment& segment : part.segments) {
        Segment kept;
        kept.topic = segment.topic;
        kept.epoch = segment.epoch;
        kept.append(segment, part.after);
        kept.cut(part.upto);
        segment = kept;
    }
    std::erase_if(part.segments, [](const Segment& segment) { return segment.empty(); });
    return part;
}

const ColumnMemories::Log kLog{StoreId{"store1"}, Epoch{1}, {"*"}};

ColumnMemories::Rows rows_up_to(std::uint64_t upto, int& reads) {
    return [upto, &reads](const ReadRequest& request, Sequence) -> Result<Range> {
        ++reads;
        // As much as one look gives.
        return golden_rows(request, std::min(upto, request.after.value() + 9));
    };
}

struct DearSender {
    OneLog log;
    ColumnMemories memories;
    Sender sender;
    DearSender() {
        sender.dear_line(
            memories,
            [this](const ReadRequest& request, Sequence upto) {
                Range range = log.whole();
                range.after = request.after;
                range.upto = upto;
                for (Segment& segment : range.segments) {
                    Segment kept;
                    kept.topic = segment.topic;
                    kept.epoch = segment.epoch;
                    kept.append(segment, range.after);
                    kept.cut(upto);
                    segment = kept;
                }
                return Result<Range>(range);
            },
            core::kGatherFor);
    }
    void fetch(std::uint64_t after, bool restart, std::uint64_t block_events = 0) {
        Fetch fetch = fetch_of({{"*", after}}, restart);
        fetch.codecs = kTakesColumns;
        fetch.dictionaries = true;
        fetch.block_events = block_events;
        REQUIRE(sender.fetch(fetch));
    }
};

}  // namespace

TEST_CASE("column memories: what was put back is gone on with, what was not is taken in again") {
    ColumnMemories memories;
    int reads = 0;
    auto first = memories.take(kLog, Sequence{0}, Sequence{40}, rows_up_to(52, reads));
    REQUIRE(first);
    CHECK(reads == 5);
    CHECK(memories.rows_learned() == 40);
    // It is what these rows make of it, however they were read.
    ColumnMemory expected;
    write_columns(golden::column_range_before(), expected);
    const Range range = golden::column_range();
    const Block block = pack_columns(range, Sequence{0}, expected).block;
    CHECK(pack_columns(range, Sequence{0}, *first).block == block);
    memories.put(kLog, Sequence{0}, Sequence{52}, std::move(*first));

    reads = 0;
    auto again = memories.take(kLog, Sequence{0}, Sequence{52}, rows_up_to(52, reads));
    REQUIRE(again);
    CHECK(reads == 0);
    // It is in somebody's hands now, and another log's never fits.
    CHECK(memories.take(kLog, Sequence{0}, Sequence{52}, rows_up_to(52, reads)));
    CHECK(memories.rows_learned() == 92);
    memories.put(kLog, Sequence{0}, Sequence{52}, std::move(*again));
    ColumnMemories::Log other = kLog;
    other.epoch = Epoch{2};
    CHECK(memories.take(other, Sequence{0}, Sequence{52}, rows_up_to(52, reads)));
    CHECK(memories.rows_learned() == 144);
    // One that is further than asked for is of no use.
    auto behind = memories.take(kLog, Sequence{0}, Sequence{40}, rows_up_to(52, reads));
    REQUIRE(behind);
    CHECK(pack_columns(range, Sequence{0}, *behind).block == block);
}

TEST_CASE(
    "column memories: rows that are not there, or more than any block builds on, are missing") {
    ColumnMemories memories;
    int reads = 0;
    const auto code = [](const Result<ColumnMemory>& memory) {
        REQUIRE(!memory);
        return memory.error().code;
    };
    CHECK(code(memories.take(kLog, Sequence{0}, Sequence{52}, rows_up_to(45, reads))) ==
          Errc::dictionary_missing);
    reads = 0;
    const std::uint64_t most = kDictionaryStep + kDictionaryLeast;
    CHECK(code(memories.take(kLog, Sequence{5}, Sequence{6 + most}, rows_up_to(52, reads))) ==
          Errc::dictionary_missing);
    CHECK(code(memories.take(kLog, Sequence{5}, Sequence{4}, rows_up_to(52, reads))) ==
          Errc::dictionary_missing);
    CHECK(reads == 0);
    // What a sender builds on is never more than that.
    for (std::uint64_t after = 0; after < 5 * kDictionaryStep; after += 997) {
        const Sequence start = core::dictionary_start(Sequence{after});
        CHECK(start <= Sequence{after});
        CHECK(after - start.value() <= most);
        CHECK((start == Sequence{0} || after - start.value() >= kDictionaryLeast));
    }
}

TEST_CASE("column memories: they are bounded, and what was not used for long goes first") {
    ColumnMemories memories;
    int reads = 0;
    std::uint32_t number = 0;
    for (std::size_t before = 0; memories.bytes() >= before; ++number) {
        REQUIRE(number < 5'000);
        before = memories.bytes();
        ColumnMemories::Log log = kLog;
        log.epoch = Epoch{number};
        auto memory = memories.take(log, Sequence{0}, Sequence{4}, rows_up_to(52, reads));
        REQUIRE(memory);
        memories.put(log, Sequence{0}, Sequence{4}, std::move(*memory));
        REQUIRE(memories.bytes() <= (32u << 20));
        // One that is put in takes the place of at least one: the sum does not grow any more.
        if (memories.bytes() <= before) break;
    }
    reads = 0;
    ColumnMemories::Log last = kLog;
    last.epoch = Epoch{number};
    CHECK(memories.take(last, Sequence{0}, Sequence{4}, rows_up_to(52, reads)));
    CHECK(reads == 0);
    last.epoch = Epoch{0};
    CHECK(memories.take(last, Sequence{0}, Sequence{4}, rows_up_to(52, reads)));
    CHECK(reads > 0);
}

TEST_CASE(
    "sender: on a dear line blocks go by column, one building on the other, to who takes them") {
    DearSender dear;
    for (int i = 0; i < 50; ++i) dear.log.append({"stock", "debts"});
    dear.fetch(0, true);
    const auto blocks = dear.log.pump(dear.sender, at_second(1), 300);
    REQUIRE(blocks.size() > 3);
    ColumnMemory memory;
    std::vector<std::string> rows;
    for (const Block& block : blocks) {
        CHECK(block.codec == BlockCodec::columns);
        CHECK(block.dictionary.empty() == (block.after == Sequence{0}));
        const auto range = unpack(block, &memory);
        REQUIRE(range);
        for (const auto& row : rows_of(*range, "stock")) rows.push_back(row);
    }
    CHECK(rows == rows_of(dear.log.whole(), "stock"));
    CHECK(dear.memories.rows_learned() == 0);
    // Who has no rows before gets blocks that stand alone, who takes no columns gets none.
    Fetch fetch = fetch_of({{"*", 10}}, true);
    fetch.codecs = kTakesColumns;
    REQUIRE(dear.sender.fetch(fetch));
    for (const Block& block : dear.log.pump(dear.sender, at_second(2), 300)) {
        CHECK(block.codec == BlockCodec::columns);
        CHECK(unpack(block).has_value());
    }
    REQUIRE(dear.sender.fetch(fetch_of({{"*", 10}}, true)));
    for (const Block& block : dear.log.pump(dear.sender, at_second(3), 300)) {
        CHECK(block.codec != BlockCodec::columns);
    }
    // And so does everybody on a fast line.
    Sender fast;
    dear.fetch(0, true);
    REQUIRE(fast.fetch(fetch));
    for (const Block& block : dear.log.pump(fast, at_second(4), 300)) {
        CHECK(block.codec != BlockCodec::columns);
    }
}

TEST_CASE("sender: a block has at most as many events as were asked for, none is lost by it") {
    DearSender dear;
    for (int i = 0; i < 20; ++i) dear.log.append({"stock", "debts", "stock"});
    dear.fetch(0, true, 8);
    const auto blocks = dear.log.pump(dear.sender, at_second(1));
    REQUIRE(blocks.size() == 8);
    ColumnMemory memory;
    Sequence at{0};
    for (const Block& block : blocks) {
        CHECK(block.count <= 8);
        CHECK(block.after == at);
        at = block.upto;
        CHECK(unpack(block, &memory).has_value());
    }
    CHECK(at == dear.log.end());
}

TEST_CASE("sender: on a dear line later events wait for others, those that were there do not") {
    DearSender dear;
    for (int i = 0; i < 3; ++i) dear.log.append({"stock"});
    dear.fetch(0, true);
    CHECK(dear.log.pump(dear.sender, at_second(1)).size() == 1);
    dear.log.append({"stock"});
    CHECK(dear.log.pump(dear.sender, at_second(10)).empty());
    dear.log.append({"stock"});
    CHECK(
        dear.log.pump(dear.sender, BootTime{at_second(10).value() + core::kGatherFor - 1}).empty());
    const auto gathered =
        dear.log.pump(dear.sender, BootTime{at_second(10).value() + core::kGatherFor});
    REQUIRE(gathered.size() == 1);
    CHECK(gathered[0].count == 2);
    CHECK(dear.sender.sent_upto(dear.log.store) == dear.log.end());
    // As many as fill a block wait for nobody.
    dear.log.append({"stock"});
    CHECK(dear.log.pump(dear.sender, at_second(20)).empty());
    for (std::uint64_t i = 0; i < core::kGatherEvents; ++i) dear.log.append({"stock"});
    CHECK(!dear.log.pump(dear.sender, at_second(20)).empty());
    CHECK(dear.sender.sent_upto(dear.log.store) == dear.log.end());
}

TEST_CASE(
    "receiver: its fetches say what it takes, and that a log has to stand alone from then on") {
    Receiver receiver;
    const core::Want want{StoreId{"store1"}, Epoch{1}, {{"*", Sequence{5}}}};
    CHECK(receiver.begin(want, at_second(1)).codecs == 0);
    receiver.can({kTakesColumns, true, 128});
    Fetch fetch = receiver.begin(want, at_second(1));
    CHECK(fetch.codecs == kTakesColumns);
    CHECK(fetch.dictionaries);
    CHECK(fetch.block_events == 128);
    CHECK(receiver.stand_alone(want.store));
    CHECK(!receiver.stand_alone(want.store));
    CHECK(!receiver.stand_alone(StoreId{"store2"}));
    fetch = receiver.begin(want, at_second(2));
    CHECK(fetch.codecs == kTakesColumns);
    CHECK(!fetch.dictionaries);
    CHECK(!receiver.confirm(want.store, want.after).dictionaries);
}

TEST_CASE("receiver: on a dear line a confirmation waits for quiet, for long, or for much") {
    OneLog log;
    for (int i = 0; i < 20; ++i) log.append({"stock"}, 60'000);
    Sender sender;
    REQUIRE(sender.fetch(fetch_of({{"*", 0}}, true)));
    const auto blocks = log.pump(sender, at_second(1), 1);
    REQUIRE(blocks.size() > 10);
    Receiver receiver;
    receiver.begin({log.store, Epoch{1}, {{"*", Sequence{0}}}}, at_second(1));
    REQUIRE(receiver.judge(blocks[0], at_second(2)) == Receiver::Step::take);
    CHECK(!receiver.confirm_pays(log.store, at_second(2)));
    // More is known to come: not for being quiet, but after a while.
    const auto later = [](std::int64_t us) { return BootTime{at_second(2).value() + us}; };
    CHECK(!receiver.confirm_pays(log.store, later(core::kConfirmQuiet)));
    CHECK(receiver.confirm_pays(log.store, later(core::kConfirmWithin)));
    receiver.confirm(log.store, {{"*", blocks[0].upto}});
    // Much came.
    std::uint64_t bytes = 0;
    for (std::size_t i = 1; bytes < kCreditBytes / 4; ++i) {
        CHECK((i == 1 || !receiver.confirm_pays(log.store, at_second(5))));
        REQUIRE(receiver.judge(blocks[i], at_second(5)) == Receiver::Step::take);
        bytes += blocks[i].data.size();
    }
    CHECK(receiver.confirm_pays(log.store, at_second(5)));
    // All of it is here, and it is quiet.
    Receiver caught_up;
    caught_up.begin({log.store, Epoch{1}, {{"*", Sequence{0}}}}, at_second(1));
    Block last = blocks.back();
    last.after = Sequence{0};
    last.end = last.upto;  // The credit has held the rest back.
    REQUIRE(caught_up.judge(last, at_second(2)) == Receiver::Step::take);
    CHECK(!caught_up.confirm_pays(log.store, at_second(2)));
    CHECK(caught_up.confirm_pays(log.store, later(core::kConfirmQuiet)));
}

TEST_CASE("session: what packed messages build on at first is alike at both ends, if both can") {
    Hello caller_hello = golden::hello_dear(), called_hello;
    caller_hello.features |= kFeatureWords;
    called_hello.nonce = 22;
    called_hello.store = "head";
    called_hello.role = called_hello.name = "broker";
    called_hello.offers = {"store1", "store2"};
    for (const bool can : {true, false}) {
        CAPTURE(can);
        called_hello.features = kFeatureSeveral | (can ? std::uint64_t{kFeatureWords} : 0);
        core::Session caller(caller_hello, true, false), called(called_hello, false, false);
        const auto welcome = called.greet(caller.hello(), "store1", {}, at_second(1));
        REQUIRE(welcome);
        REQUIRE(caller.welcomed(*welcome, "head", {}, at_second(1)));
        CHECK(caller.words_said() == called.words_heard());
        CHECK(caller.words_heard() == called.words_said());
        CHECK(caller.words_said().empty() == !can);
        CHECK(called.words_said().empty() == !can);
    }
}

TEST_CASE("session: one end that says so makes the line dear for both, with few signs of life") {
    Hello caller_hello, called_hello;
    caller_hello.nonce = 11;
    caller_hello.store = "store1";
    caller_hello.role = caller_hello.name = "subscriber";
    caller_hello.features = kFeatureSeveral | kFeatureDear;
    called_hello.nonce = 22;
    called_hello.store = "head";
    called_hello.role = called_hello.name = "broker";
    core::Session caller(caller_hello, true, false), called(called_hello, false, false);
    const auto welcome = called.greet(caller.hello(), "store1", {}, at_second(1));
    REQUIRE(welcome);
    REQUIRE(caller.welcomed(*welcome, "head", {}, at_second(1)));
    CHECK(caller.dear());
    CHECK(called.dear());
    CHECK(called.takes_several());
    CHECK(!caller.takes_several());
    const auto after = [](std::chrono::seconds s) { return at_second(1 + s.count()); };
    CHECK(!caller.ping(after(kPingEvery)));
    CHECK(!caller.ping(after(kDearPingEvery - std::chrono::seconds(1))));
    CHECK(caller.ping(after(kDearPingEvery)));
    CHECK(!called.silent(after(kSilenceMax)));
    CHECK(called.silent(after(kDearSilenceMax)));
}
