#include "test/sim/sim_damage.h"

#include <algorithm>

#include "core/journal/log_head.h"

namespace filial::sim {

using core::LogDamage;
using schema::Errc;
using schema::Result;
using schema::Sequence;

namespace {

class SimRemains : public core::LogRemains {
  public:
    SimRemains(schema::StoreId store, const std::vector<SimJournal::Commit>& commits)
        : store_(std::move(store)), commits_(commits) {}

    std::optional<Piece> next(Sequence after) override {
        why_.clear();
        const SimJournal::Commit* commit = above(after);
        if (commit == nullptr) return std::nullopt;
        if (commit->bad || commit->after > after) {
            why_ = commit->bad ? "a row has another checksum" : "rows are missing";
            return std::nullopt;
        }
        Piece piece;
        piece.at = commit->at;
        piece.range.store = store_;
        piece.range.epoch = commit->epoch;
        piece.range.topics = {std::string(schema::kAllTopics)};
        piece.range.after = commit->after;
        piece.range.upto = piece.range.end = commit->upto;
        piece.range.segments = commit->segments;
        return piece;
    }
    const std::string& why() const override { return why_; }
    Sequence last() const override { return commits_.empty() ? Sequence{} : commits_.back().upto; }
    Others others(Sequence after, Sequence upto, const std::vector<std::string>& without) override {
        Others found{{}, upto};
        Sequence read = after;
        for (const SimJournal::Commit& commit : commits_) {
            if (commit.upto <= after || read >= upto) continue;
            if (commit.bad || commit.after > read) break;
            read = commit.upto;
            for (const schema::Segment& segment : commit.segments) {
                const bool left =
                    std::find(without.begin(), without.end(), segment.topic) != without.end();
                if (!left) found.segments.push_back(segment);
            }
        }
        found.upto = std::min(upto, read);
        return found;
    }
    std::vector<std::string> topics() const override {
        std::vector<std::string> names;
        for (const SimJournal::Commit& commit : commits_) {
            for (const schema::Segment& segment : commit.segments) {
                if (std::find(names.begin(), names.end(), segment.topic) == names.end())
                    names.push_back(segment.topic);
            }
        }
        return names;
    }
    std::optional<Sequence> resumes(Sequence after) override {
        for (const SimJournal::Commit& commit : commits_) {
            if (commit.after > after && !commit.bad) return commit.upto;
        }
        return std::nullopt;
    }

  private:
    const SimJournal::Commit* above(Sequence after) const {
        for (const SimJournal::Commit& commit : commits_) {
            if (commit.upto > after) return &commit;
        }
        return nullptr;
    }
    schema::StoreId store_;
    const std::vector<SimJournal::Commit>& commits_;
    std::string why_;
};

}  // namespace

SimDamage::SimDamage(SimJournal& damaged, SimJournal& target) : damaged_(damaged), target_(target) {
    target_.open();
}

std::unique_ptr<core::LogRemains> SimDamage::source(const schema::StoreId& store) const {
    const auto log = damaged_.data().logs.find(store);
    if (log == damaged_.data().logs.end()) return nullptr;
    return std::make_unique<SimRemains>(store, log->second.commits);
}

std::map<schema::Bytes, schema::Bytes> SimDamage::rescued() const {
    return {damaged_.data().state.begin(), damaged_.data().state.end()};
}

Result<std::filesystem::path> SimDamage::finish(const std::string&) {
    damaged_.restore(target_.data());
    if (damaged_.repaired) damaged_.repaired();
    target_.restore({});
    return std::filesystem::path();
}

bool SimJournal::damage(const schema::StoreId& store) {
    const auto found = data_.logs.find(store);
    if (found == data_.logs.end() || found->second.commits.size() < 3) return false;
    Log& log = found->second;
    const std::size_t at = random_.below(log.commits.size());
    switch (random_.below(4)) {
        case 0:  // A file of the database is flipped where a commit stands.
            log.commits[at].bad = true;
            break;
        case 1:  // Or lost, with a part of the log.
            if (at + 1 == log.commits.size()) return false;
            log.commits.erase(log.commits.begin() + static_cast<std::ptrdiff_t>(at));
            break;
        case 2: {  // The log of writes ends earlier: what stood beside the log is gone with it.
            if (!witness_of_) return false;
            log.commits.resize(at);
            data_.state.clear();
            core::LogHead head;
            head.store = store;
            for (const Commit& commit : log.commits) {
                core::Append append{store,       commit.epoch,    commit.incarnation, commit.after,
                                    commit.upto, commit.segments, commit.at};
                head = core::advance(head, append).value_or(head);
            }
            log.head = std::move(head);
            log.synced = std::min(log.synced, log.head.end);
            if (log.commits.empty()) data_.logs.erase(found);
            break;
        }
        default:  // All of it is gone; the witness, where there is one, is another file.
            if (!witness_of_) return false;
            data_ = {};
    }
    unsynced_.clear();
    return true;
}

Result<void> SimJournal::whole() const {
    if (!witness_) return {};
    const Sequence end = this->end(witness_->store);
    if (end >= witness_->seq) return {};
    return schema::fail(Errc::corrupt, core::events_text(end, witness_->seq) + " of " +
                                           witness_->store.value() +
                                           " were acknowledged and are missing");
}

bool SimJournal::looks_whole() const {
    return whole() && std::all_of(data_.logs.begin(), data_.logs.end(), [](const auto& each) {
               Sequence at{0};
               for (const Commit& commit : each.second.commits) {
                   if (commit.bad || commit.after > at) return false;
                   at = commit.upto;
               }
               return at == each.second.head.end;
           });
}

bool SimJournal::scrub(std::size_t) {
    if (in_hand() || rare(Rare::look_interrupted)) return false;
    damages_.clear();
    for (const auto& [store, log] : data_.logs) {
        Sequence at{0};
        for (const Commit& commit : log.commits) {
            if (commit.bad || commit.after > at) {
                damages_.push_back({store, "*", at, commit.upto, "cannot be read"});
            }
            at = commit.upto;
        }
    }
    return true;
}

}  // namespace filial::sim
