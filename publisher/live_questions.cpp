#include "publisher/live_questions.h"

#include "core/log.h"

namespace filial::publisher {

void LiveQuestions::take(const std::string& asker, std::uint64_t nonce) {
    if (waiting_.size() < kLiveQuestionsMax) waiting_.push_back({asker, nonce});
}

bool LiveQuestions::due(core::BootTime now) const {
    if (waiting_.empty()) return false;
    return !answered_ || now.value() - answered_at_.value() >= kLiveEvery;
}

void LiveQuestions::answer(const schema::Bytes& mark, core::BootTime now, Legs& legs) {
    if (waiting_.empty()) return;
    answered_ = true;
    answered_at_ = now;
    for (const Question& question : waiting_) {
        if (legs.tell(question.asker, schema::Confirmed{0, question.nonce, mark, {}})) continue;
        core::log(core::Level::debug, "nobody is there to confirm to", {{"to", question.asker}});
    }
    waiting_.clear();
}

}  // namespace filial::publisher
