// The publisher's commits: what waits goes to the disk in groups, each decided while those before
// it are made and written, and is answered when it is durable.
#include "core/log.h"
#include "publisher/publisher.h"
#include "schema/planted.h"

namespace filial::publisher {

using core::BootTime;
using core::Level;
using schema::Errc;
using schema::Result;
using schema::Sequence;

namespace {

/// After a commit that found no room, the next one is tried this much later at the earliest.
constexpr std::int64_t kRetrySpace = 200 * core::kMillisecond;

bool passes(const schema::Error& error) {
    return error.code == Errc::no_space || error.code == Errc::busy;
}

}  // namespace

Result<void> Publisher::no_room(const schema::Error& error) {
    if (full_.empty()) {
        core::log(Level::error, "no room: tickets are answered busy until there is",
                  {{"error", error.message}});
    }
    full_ = error.message;
    control_->rolled_back();
    if (schema::planted(schema::Bug::full_disk_is_accepted)) {
        intake_.begun();
        while (intake_.writing()) intake_.committed();
        intake_.answer(*legs_);
    }
    intake_.give_up(error, clock_.boot(), *legs_);
    if (control_->waiting()) return tl::unexpected(error);
    control_->committed();  // Positions move on without a notice: now, while that is confirmed.
    return {};
}

/// Notices first, in commits of their own order; tickets as many as belong into the next commit.
Result<void> Publisher::stage_group() {
    if (control_->waiting()) {
        if (!in_hand_.empty()) return {};  // They are counted by what is in hand.
        if (const auto ok = control_->stage(*outbox_, clock_.wall(), policy_); !ok) return ok;
        if (!control_->all_staged()) return {};
    }
    return intake_.stage(*outbox_);
}

Result<void> Publisher::begin_group() {
    const bool writes = outbox_->staged();
    if (writes) {
        StateWrites more;
        clients_.save(more);
        if (schema::planted(schema::Bug::answers_not_kept)) more.clear();
        const bool alone = in_hand_.empty() && intake_.unstaged() == 0 && !intake_.unanswered() &&
                           (!control_->waiting() || control_->all_staged());
        if (const auto begun = outbox_->begin(clock_.wall(), std::move(more), alone); !begun) {
            clients_.rolled_back();
            const auto before = finish_groups();
            return before ? begun : before;
        }
    }
    in_hand_.push_back(writes);
    intake_.begun();
    return {};
}

Result<void> Publisher::finish_group() {
    const bool writes = in_hand_.front();
    in_hand_.pop_front();
    if (writes) {
        const Sequence before = outbox_->end();
        if (const auto done = outbox_->finish(); !done) {
            clients_.rolled_back();
            in_hand_.clear();  // What was begun behind it failed with it.
            return done;
        }
        clients_.committed();
        rounds_.look_again();
        ++groups_;
        events_ += static_cast<std::int64_t>(outbox_->end().value() - before.value());
    }
    full_.clear();
    control_->committed();
    intake_.committed();
    return {};
}

Result<void> Publisher::finish_groups() {
    while (!in_hand_.empty()) {
        if (const auto done = finish_group(); !done) return done;
    }
    return {};
}

/// While groups go to the disk the next one is decided; while that one goes, those that are durable
/// are answered.
Result<void> Publisher::commit_groups() {
    intake_.arrange();
    while (true) {
        const bool notices = control_->waiting();
        if (!notices && intake_.unstaged() == 0) break;
        if (const auto staged = stage_group(); !staged) {
            const auto before = finish_groups();
            return before ? staged : before;
        }
        const bool any = intake_.staged() > 0 || (in_hand_.empty() && control_->staged());
        if (!any || in_hand_.size() == core::kBegunMost) {
            if (const auto done = finish_group(); !done) return done;
        }
        if (any) {
            if (const auto begun = begin_group(); !begun) return begun;
        }
        // Brokers are told what is durable of their notices at the end of this turn.
        while (!in_hand_.empty() && (finishable() || (notices && intake_.unstaged() == 0))) {
            if (const auto done = finish_group(); !done) return done;
        }
        answered_ += intake_.answer(*legs_);
    }
    control_->committed();  // Positions move on without a notice, too.
    return {};
}

/// What is durable is answered, whatever became of the rest.
Result<void> Publisher::answered(Result<void> done) {
    answered_ += intake_.answer(*legs_);
    if (done || !passes(done.error())) return done;
    full_since_ = clock_.boot();
    return no_room(done.error());
}

void Publisher::settle() {
    if (in_hand_.empty()) return;
    const auto done = answered(finish_groups());
    if (!done && !passes(done.error())) broken_ = done.error();
}

bool Publisher::gathers() {
    if (!in_hand_.empty() && finishable()) return false;
    return gathering_.more(intake_.unstaged(), clock_.boot());
}

Result<void> Publisher::flush() {
    if (broken_) return tl::unexpected(*broken_);
    if (over_) {
        settle();
        return no_room({Errc::busy, "this log may not go on here: " + *over_});
    }
    const bool full = !full_.empty() && clock_.boot().value() - full_since_.value() < kRetrySpace;
    if (full) return no_room({Errc::no_space, full_});
    answered_ = 0;
    const bool few = intake_.unstaged() < sizes_.early && !control_->waiting();
    // Those whom the disk's word sets free are about to come: with them it is a group.
    const auto done = answered(few && !in_hand_.empty() ? finish_group() : commit_groups());
    gathering_.over(answered_);
    return done;
}

/// Nobody may hand in anything while there is no room; that there is again must show all the same.
void Publisher::look_for_room(BootTime now) {
    if (full_.empty() || now.value() - full_since_.value() < kRetrySpace) return;
    full_since_ = now;
    if (const auto room = journal_.room(); !room) {
        full_ = room.error().message;
        return;
    }
    core::log(Level::info, "there is room again");
    full_.clear();
}

}  // namespace filial::publisher
