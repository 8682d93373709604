#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "publisher/legs.h"

namespace filial::publisher {

/// Who wants to know whether this store is there. All of them are answered with one
/// mark, made after they had asked; so many questions come to no more than one mark in kLiveEvery.
class LiveQuestions {
  public:
    /// `asker` is the receiver to answer. Beyond kLiveQuestionsMax it is dropped: whoever asks
    /// asks again.
    void take(const std::string& asker, std::uint64_t nonce);
    /// Somebody waits, and the last answers are long enough ago.
    bool due(core::BootTime now) const;
    /// `mark` as it is encoded; made since the questions came.
    void answer(const schema::Bytes& mark, core::BootTime now, Legs& legs);

  private:
    struct Question {
        std::string asker;
        std::uint64_t nonce = 0;
    };
    std::vector<Question> waiting_;
    bool answered_ = false;
    core::BootTime answered_at_;
};

/// Every store of a large company asks at once, several times over.
constexpr std::size_t kLiveQuestionsMax = 4'096;
/// Not noticed by a person, and no burden on a slow line.
constexpr std::int64_t kLiveEvery = 100 * core::kMillisecond;

}  // namespace filial::publisher
