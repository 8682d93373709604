#include "test/unit/link/one_log.h"

#include <doctest/doctest.h>

#include <random>

namespace filial::test {

using namespace schema;

void OneLog::append(const std::vector<std::string>& topics, std::size_t row_bytes) {
    core::JournalWrite write;
    core::Append append;
    append.store = store;
    append.epoch = Epoch{1};
    append.after = append.upto = end();
    for (const std::string& topic : topics) {
        append.upto = next(append.upto);
        Segment* segment = nullptr;
        for (Segment& each : append.segments) {
            if (each.topic == topic) segment = &each;
        }
        if (segment == nullptr) {
            append.segments.push_back({topic, append.epoch, {}, {}, {}, {}, {}});
            segment = &append.segments.back();
        }
        Bytes row = topic + std::to_string(append.upto.value());
        std::mt19937 noise(static_cast<unsigned>(append.upto.value()));  // Does not compress.
        while (row.size() < row_bytes) row += static_cast<char>(noise());
        segment->add(append.upto, ClientId{}, row);
    }
    write.appends = {append};
    REQUIRE(journal_.commit(write, true).has_value());
}

std::vector<std::string> rows_of(const Range& range, const std::string& topic) {
    std::vector<std::string> rows;
    for (const Segment& segment : range.segments) {
        if (segment.topic != topic) continue;
        for (std::size_t i = 0; i < segment.rows.size(); ++i) {
            rows.push_back(std::to_string(segment.seqs[i].value()) + ":" + segment.rows[i]);
        }
    }
    return rows;
}

Range OneLog::whole() const {
    if (end() == Sequence{0}) return {};
    const auto range = journal_.read({store, {std::string(kAllTopics)}, Sequence{0}, 1 << 30});
    REQUIRE(range);
    return *range;
}

std::vector<Block> OneLog::pump(core::Sender& sender, core::BootTime now, std::size_t goal,
                                std::size_t blocks) const {
    std::vector<Block> sent;
    const auto end_of = [&](const StoreId& asked) { return journal_.end(asked); };
    for (int reads = 0; sent.size() < blocks; ++reads) {
        REQUIRE(reads < 10'000);  // A sender that always wants more never lets go of its loop.
        auto request = sender.next(end_of, now);
        if (!request) break;
        if (goal > 0) request->bytes_goal = goal;
        const auto range = journal_.read(*request);
        REQUIRE(range);
        auto block = sender.supply(*range, now);
        if (block) sent.push_back(std::move(*block));
    }
    return sent;
}

Fetch fetch_of(const std::vector<std::pair<std::string, std::uint64_t>>& after, bool restart,
               std::uint64_t credit) {
    Fetch fetch{1, StoreId{"store1"}, Epoch{1}, {}, credit, restart};
    for (const auto& [topic, seq] : after) fetch.after.push_back({topic, Sequence{seq}});
    return fetch;
}

}  // namespace filial::test
