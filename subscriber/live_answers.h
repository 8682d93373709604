#pragma once

#include <string>
#include <vector>

#include "core/clock.h"
#include "core/link/exchange.h"
#include "ledger/official.h"
#include "subscriber/answers.h"
#include "subscriber/replica.h"

namespace filial::subscriber {

/// Official questions under way: asks every store that matters, over whatever line is up, and
/// answers when all of them have said to this question's nonce how far they are and the replica has
/// read up to there; or, when the asker's time is over, with who is missing. One thread.
class LiveAnswers {
  public:
    /// All must outlive it.
    LiveAnswers(const Replica& replica, const core::Clock& clock, Answers& answers)
        : replica_(replica), clock_(clock), answers_(answers) {}
    void attach(core::Exchange& exchange) { exchange_ = &exchange; }

    /// Begins; the answer follows by Exchange::reply. `not_held` for a topic that is not
    /// subscribed, `refused` where not every store that matters is copied here, `busy` above
    /// kLiveMax.
    schema::Result<void> begin(const core::Requester& from, const schema::Query& query);
    void confirmed(const schema::Confirmed& answer, const schema::Mark& mark);
    /// Once a turn: asks again who is silent, answers what is complete or over.
    void turn(core::BootTime now);
    std::size_t size() const { return questions_.size(); }

  private:
    struct Question {
        core::Requester from;
        schema::Query plain;  ///< The question that the replica answers.
        ledger::Confirmations confirmations;
        core::BootTime began;
        core::BootTime until;
        core::BootTime asked;
        bool ever_asked = false;
    };
    std::vector<ledger::Confirmations::Missing> missing(const Question& question) const;
    void ask(Question& question, core::BootTime now);
    void answer(const Question& question);
    void answer_missing(const Question& question,
                        const std::vector<ledger::Confirmations::Missing>& missing);
    void set_live(const Question& question, schema::AnswerRow& row) const;

    const Replica& replica_;
    const core::Clock& clock_;
    Answers& answers_;
    core::Exchange* exchange_ = nullptr;
    std::vector<Question> questions_;
};

/// Questions at once; each asks every store.
constexpr std::size_t kLiveMax = 64;
/// Waited where the asker does not say, and at most.
constexpr std::int64_t kLiveWait = 10 * core::kSecond;
constexpr std::int64_t kLiveWaitMax = 100 * core::kSecond;

}  // namespace filial::subscriber
