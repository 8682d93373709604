#pragma once

#include <string>
#include <vector>

#include "core/clock.h"
#include "publisher/outbox.h"
#include "schema/operation.h"

namespace filial::publisher {

/// What a store that leaves has to do, found in its own state a page at a time: give back the rooms
/// it holds, hand its customers over to the heir, and say when nothing is left. What it cannot do
/// by itself it names.
class HandOver {
  public:
    explicit HandOver(const schema::StoreId& self) : self_(self) {}

    /// Begins at the first key again.
    void start_again();
    /// The next operations, at most kHandOverMost; empty where there is nothing to do now. Fails as
    /// the journal does.
    schema::Result<std::vector<schema::Operation>> next(const Outbox& outbox, schema::Timestamp at);
    /// This one was refused: it is left out, and named, until `start_again`.
    void refused(const schema::Operation& operation, const std::string& why);

    /// Whether `next` has more to look at.
    bool more() const { return !heir_.empty() && part_ != Part::done; }

    /// What is left and why, a sentence each.
    std::vector<std::string> waiting() const;

  private:
    enum class Part { rooms, accounts, customers, stock, done };

    schema::Result<void> look_at(const Outbox& outbox, const schema::Bytes& key,
                                 std::vector<schema::Operation>& found);
    void wait_for(const std::string& what, const std::string& why);

    const schema::StoreId& self_;
    std::string heir_;
    Part part_ = Part::rooms;
    schema::Bytes after_;  ///< The last key that was looked at.
    std::vector<std::pair<std::string, std::string>> waits_;
    bool done_ = false;
};

/// Of one ticket.
constexpr std::size_t kHandOverMost = 50;

}  // namespace filial::publisher
