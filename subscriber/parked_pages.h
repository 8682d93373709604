#pragma once

#include "subscriber/answers.h"

namespace filial::subscriber {

/// Pages of what is parked: `parked`, a row for each key and behind those a row for each event
/// that was given up; `parked_events`, the events of one key, in their order.
class ParkedPages {
  public:
    /// Both must outlive it.
    ParkedPages(const Replica& replica, const schema::Query& query)
        : replica_(replica), query_(query) {}

    /// `invalid` for a foreign cursor, `not_found` where `parked_events` has none to show.
    schema::Result<schema::Answer> page();

  private:
    schema::Result<void> keys();
    schema::Result<void> waivers();
    schema::Result<void> events();
    bool wanted(const schema::ParkedKey& name) const;
    bool pass(schema::ByteView cursor, std::size_t bytes);

    const Replica& replica_;
    const schema::Query& query_;
    schema::Answer answer_;
    std::size_t bytes_ = 0;
    bool full_ = false;
};

/// Says in the rows of other questions which of them are behind, because a key that they rest on
/// is parked here: field "parked" for each log, "waived" for each event that was given up, and a
/// verdict that is not `fresh`.
void say_parked(const Replica& replica, const schema::Query& query, schema::Answer& answer);

}  // namespace filial::subscriber
