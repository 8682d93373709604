#pragma once

#include <optional>
#include <string>

#include "subscriber/answers.h"

namespace filial::subscriber {

/// Pages made by walking through the events as they came: `why`, `flagged`, `findings` and
/// `verdicts`. A page looks at a
/// bounded number of rows, so that a long log does not hold up the process's loop; it may have no
/// rows and still a next one. Where a topic of a log began here with a snapshot, a row without a
/// key comes before its events, with the last position that no single event is known of up to.
class EventPages {
  public:
    /// All must outlive it.
    EventPages(const Answers& answers, const schema::Query& query, const Answers::MayRead& may)
        : answers_(answers), query_(query), may_(may) {}

    schema::Result<schema::Answer> page();

  private:
    /// Where a walk stands: the next log, by store and topic, and how far it was read.
    struct Place {
        schema::StoreId store;
        std::string topic;
        schema::Sequence after;
    };
    schema::Result<std::vector<Place>> places() const;
    schema::Result<std::optional<std::string>> not_applied(const schema::Position& position,
                                                           const std::string& topic,
                                                           const std::string& key) const;
    void say_known_after(const Place& place);
    schema::Result<void> why(const Place& place, schema::Sequence& reached);
    schema::Result<void> flagged(const Place& place, schema::Sequence& reached);
    /// What of other stores' events a person there should look at: flagged, or not to be applied.
    schema::Result<void> findings(const Place& place, schema::Sequence& reached);
    /// What was told to the store that is asked about, or to any.
    schema::Result<void> verdicts(const Place& place, schema::Sequence& reached);
    schema::Result<void> walk(const Place& place, schema::Sequence& reached);
    bool room() const;

    const Answers& answers_;
    const schema::Query& query_;
    const Answers::MayRead& may_;
    schema::Answer answer_;
    std::size_t bytes_ = 0;
};

}  // namespace filial::subscriber
