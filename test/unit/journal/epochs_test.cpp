// How the later epochs of a log began, found by few reads.
#include <doctest/doctest.h>

#include <algorithm>

#include "core/journal/log_epochs.h"
#include "schema/accepted_loss.h"
#include "schema/block.h"

using namespace filial;
using core::EpochBegun;
using core::LogHead;
using core::ReadRequest;
using schema::Epoch;
using schema::Result;
using schema::Sequence;

namespace {

/// A log whose epochs have so many events, in commits of three; each begins with its record.
struct EpochsLog {
    explicit EpochsLog(std::vector<std::uint64_t> lengths) {
        for (std::size_t i = 0; i < lengths.size(); ++i) {
            starts.push_back(epochs.size() + 1);
            epochs.insert(epochs.end(), lengths[i], static_cast<std::uint32_t>(i + 1));
        }
    }
    LogHead head() const {
        LogHead head;
        head.store = schema::StoreId{"store1"};
        head.epoch = Epoch{epochs.empty() ? 0 : epochs.back()};
        head.end = Sequence{epochs.size()};
        return head;
    }
    Result<schema::Range> read(const ReadRequest& request) {
        ++reads;
        const bool all = request.topics.front() == schema::kAllTopics;
        schema::Segment stock, control;
        stock.topic = schema::kTopicStock;
        control.topic = schema::kTopicControl;
        for (std::uint64_t seq = request.after.value() + 1; seq <= epochs.size(); ++seq) {
            const bool first = std::count(starts.begin(), starts.end(), seq) > 0;
            const bool some = !stock.empty() || !control.empty();
            if (some && (first || seq % 3 == 1)) break;
            if (!first && !all) continue;
            schema::Segment& segment = first ? control : stock;
            segment.epoch = Epoch{epochs[seq - 1]};
            segment.add(Sequence{seq}, {}, schema::encode_row(event(seq, first)));
        }
        schema::Range range;
        range.store = request.store;
        if (!control.empty()) range.segments.push_back(control);
        if (!stock.empty()) range.segments.push_back(stock);
        return range;
    }
    schema::Event event(std::uint64_t seq, bool first) const {
        schema::Event event;
        event.kind = first ? schema::kLogOpened : schema::kStockMoved;
        event.at = schema::Timestamp{static_cast<std::int64_t>(1'000 * seq)};
        schema::LogOpened opened;
        opened.epoch = Epoch{epochs[seq - 1]};
        opened.continues_from = Sequence{seq - 1};
        if (opened.epoch.value() % 2 == 0) {
            opened.lost_upto = Sequence{seq + 7};
            opened.reason = "both disks died";
        }
        const bool loss = !opened.reason.empty();
        if (first) event.payload = schema::encode(schema::AcceptedLoss{opened, loss ? "ann" : ""});
        return event;
    }
    Result<std::vector<EpochBegun>> begun() {
        return core::epochs_of(head(),
                               [this](const ReadRequest& request) { return read(request); });
    }

    std::vector<std::uint32_t> epochs;  ///< Of each event.
    std::vector<std::uint64_t> starts;
    int reads = 0;
};

}  // namespace

TEST_CASE("epochs: of each later one is told what it goes on from and what was given up there") {
    for (std::uint64_t first = 1; first < 9; ++first) {
        for (std::uint64_t second = 1; second < 5; ++second) {
            CAPTURE(first);
            CAPTURE(second);
            EpochsLog log({first, second, 1, 4});
            const auto begun = log.begun();
            REQUIRE(begun);
            REQUIRE(begun->size() == 3);
            for (std::size_t i = 0; i < 3; ++i) {
                const EpochBegun& each = (*begun)[i];
                CHECK(each.epoch == i + 2);
                CHECK(each.first == log.starts[i + 1]);
                CHECK(each.continues_from == each.first - 1);
                CHECK(each.at.value() == static_cast<std::int64_t>(1'000 * each.first));
                const bool loss = each.epoch % 2 == 0;
                CHECK(each.lost_upto == (loss ? each.first + 7 : 0));
                CHECK(each.who == (loss ? "ann" : ""));
                CHECK(each.reason == (loss ? "both disks died" : ""));
            }
        }
    }
}

TEST_CASE("epochs: a log that begins here has none to tell of, nor has one without events") {
    CHECK(EpochsLog({12}).begun()->empty());
    CHECK(EpochsLog({}).begun()->empty());
}

TEST_CASE("epochs: where all of the log was given up it begins with that") {
    const auto begun = EpochsLog({0, 5}).begun();
    REQUIRE(begun);
    REQUIRE(begun->size() == 1);
    CHECK(begun->front().epoch == 2);
    CHECK(begun->front().continues_from == 0);
    CHECK(begun->front().lost_upto == 8);
    CHECK(begun->front().who == "ann");
}

TEST_CASE("epochs: a long log costs a few dozen reads for each, and the newest are told") {
    EpochsLog log({100'000, 50'000, 200'000});
    REQUIRE(log.begun()->size() == 2);
    CHECK(log.reads < 3 * 2 * 20);
    EpochsLog many(std::vector<std::uint64_t>(core::kEpochsTold + 5, 3));
    const auto begun = many.begun();
    REQUIRE(begun);
    REQUIRE(begun->size() == core::kEpochsTold);
    CHECK(begun->back().epoch == core::kEpochsTold + 5);
    CHECK(begun->front().epoch == 6);
}
