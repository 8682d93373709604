#pragma once

#include <map>
#include <string>

#include "core/journal/journal.h"
#include "schema/rejoin.h"

namespace filial::publisher {

/// What a store that comes back does next, by what its brokers said: it gets its own log back from
/// them as far as anybody has it, and opens the epoch that head office granted only when its log
/// holds all that they do. Pure but for the log that it compares.
class Readmission {
  public:
    enum class Step {
        wait,       ///< For a broker, or for head office.
        fetch,      ///< More of the own log is still to come.
        set_aside,  ///< The log here is not the one that they hold: it may not be gone on with.
        open,       ///< `epoch` may begin behind the log's end.
    };
    struct Next {
        Step step = Step::wait;
        schema::Epoch epoch;
        std::string why;  ///< For people.
    };

    /// What the broker of that store says now; the last word of each counts.
    void heard(const std::string& broker, schema::Rejoined answer);
    /// A range of the own log did not fit on what is here.
    void differs(const std::string& why) { differs_ = why; }

    /// `rebuilt`: the log here was made of what the brokers gave, so that a difference is one
    /// between them, which only a person can settle: it waits then. Fails as the journal does.
    schema::Result<Next> next(const core::Journal& journal, const schema::StoreId& self,
                              bool rebuilt) const;

  private:
    std::map<std::string, schema::Rejoined> words_;
    std::string differs_;
};

}  // namespace filial::publisher
