#pragma once

#include <string>
#include <vector>

#include "schema/block.h"
#include "schema/payloads.h"

namespace filial::broker {

/// A store's log for tests: events of made-up topics, cut into ranges at will.
class LogMaker {
  public:
    explicit LogMaker(std::string store, std::uint8_t machine = 1) : store_(std::move(store)) {
        schema::LogOpened opened;
        opened.incarnation.fill(machine);
        opened.epoch = schema::Epoch{1};
        add("control", std::string(schema::kLogOpened), schema::encode(opened));
    }

    void add(const std::string& topic, const std::string& kind, schema::Bytes payload) {
        schema::Event event;
        event.topic = topic;
        event.kind = kind;
        event.key = "k" + std::to_string(events_.size());
        event.payload = std::move(payload);
        events_.push_back(std::move(event));
    }
    void sell(int times) {
        for (int i = 0; i < times; ++i) {
            add(i % 3 == 0 ? "debts" : "stock", "stock.moved",
                schema::encode(schema::StockMoved{}));
        }
    }
    std::uint64_t size() const { return events_.size(); }

    /// All events in (after, upto].
    schema::Range range(std::uint64_t after, std::uint64_t upto) const {
        schema::Range range;
        range.store = schema::StoreId{store_};
        range.epoch = schema::Epoch{1};
        range.topics = {std::string(schema::kAllTopics)};
        range.after = schema::Sequence{after};
        range.upto = schema::Sequence{upto};
        range.end = schema::Sequence{events_.size()};
        for (std::uint64_t seq = after + 1; seq <= upto; ++seq) {
            const schema::Event& event = events_[seq - 1];
            segment_of(range, event.topic)
                .add(schema::Sequence{seq}, event.client, schema::encode_row(event));
        }
        return range;
    }

  private:
    static schema::Segment& segment_of(schema::Range& range, const std::string& topic) {
        for (schema::Segment& segment : range.segments) {
            if (segment.topic == topic) return segment;
        }
        schema::Segment segment;
        segment.topic = topic;
        segment.epoch = range.epoch;
        range.segments.push_back(std::move(segment));
        return range.segments.back();
    }

    std::string store_;
    std::vector<schema::Event> events_;
};

}  // namespace filial::broker
