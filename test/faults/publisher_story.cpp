// A publisher's journal on a disk that fails: tickets and notices of other stores.
#include <map>
#include <random>

#include "core/journal/rocks_journal.h"
#include "ledger/decide.h"
#include "schema/payloads.h"
#include "test/faults/story.h"
#include "test/unit/publisher/publisher_support.h"

namespace filial::test {

using schema::Sequence;

namespace {

using Wrong = std::optional<std::string>;

constexpr std::uint64_t kTickets = 260;
constexpr std::uint64_t kNotices = 24;
constexpr int kTurnsOfALife = 14;
constexpr std::uint64_t kMostAtOnce = 50;  ///< More than what belongs into one commit.
const schema::StoreId kPublisherStore{"store1"};
const schema::StoreId kOtherStore{"store2"};

schema::Ticket ticket_of(std::uint64_t number) {
    std::vector<schema::Operation> operations;
    for (std::uint64_t i = 0; i < number % 3 + 1; ++i) {
        operations.push_back(sale("S" + std::to_string(number)));
        operations.back().document = std::string(40, 'd') + std::to_string(number);
    }
    return ticket(number, std::move(operations));
}

class PublisherStory : public Story {
  public:
    PublisherStory(std::filesystem::path folder, std::uint32_t seed)
        : folder_(std::move(folder)), random_(seed) {
        options_.store = kPublisherStore;
        options_.data = folder_;
        options_.hubs.push_back({"head", "tcp://head:1", "key"});
    }

    Wrong live(rocksdb::Env* env, bool writes_fail) override {
        Life life;
        if (auto wrong = begin(env, life)) return *wrong;
        if (!life.publisher) return std::nullopt;
        for (int turn = 0; turn < kTurnsOfALife; ++turn) {
            // What was not answered is sent again, and some of what was.
            const std::uint64_t from = next_ - std::min<std::uint64_t>(next_ - 1, random_() % 4);
            const std::uint64_t upto = from + random_() % kMostAtOnce;
            hand_in(life, from, std::min(upto, kTickets));
            if (random_() % 3 == 0) {
                if (auto wrong = give_notices(life, 1 + random_() % 3)) return wrong;
            }
            const auto flushed = life.publisher->flush();
            if (auto wrong = take_answers(life)) return wrong;
            if (!flushed)
                return writes_fail ? ends_for_good(life, flushed.error()) : told(flushed.error());
            note_notices(life);
            life.publisher->turn(clock_.boot());
            const auto ticked = life.journal->tick(clock_.boot());
            if (!ticked) return told(ticked.error());
            clock_.advance(300 * core::kMillisecond);
        }
        if (const auto ok = life.journal->witness(); !ok) return told(ok.error());
        return std::nullopt;
    }

    Wrong settle(rocksdb::Env* env) override {
        for (int again = 0; again < 2; ++again) {
            Life life;
            if (auto wrong = begin(env, life)) return wrong;
            if (!life.publisher) return "the journal does not open: " + why_;
            if (auto wrong = check_notices(*life.journal, notices_)) return wrong;
            for (std::uint64_t from = 1; from <= kTickets; from += kMostAtOnce) {
                hand_in(life, from, std::min(from + kMostAtOnce - 1, kTickets));
                const auto flushed = life.publisher->flush();
                if (!flushed) return "on a disk that works: " + flushed.error().message;
                if (auto wrong = take_answers(life)) return wrong;
            }
            if (auto wrong = give_notices(life, kNotices)) return wrong;
            const auto flushed = life.publisher->flush();
            if (!flushed) return "on a disk that works: " + flushed.error().message;
            if (accepted_.size() != kTickets) return "a ticket was not accepted";
            if (auto wrong = check_log(*life.journal)) return wrong;
            if (const auto ok = life.journal->witness(); !ok) return ok.error().message;
        }
        return std::nullopt;
    }

  private:
    struct Life {
        std::unique_ptr<core::RocksJournal> journal;
        FakeLegs legs;
        std::unique_ptr<publisher::Publisher> publisher;
    };

    /// Without a publisher where the disk refused; then `why_` says what.
    Wrong begin(rocksdb::Env* env, Life& life) {
        core::JournalOptions journal;
        journal.dir = folder_ / "publisher";
        journal.memtable_bytes = 64 << 10;
        journal.cache_bytes = 64 << 10;
        journal.witness_of = kPublisherStore.value();
        journal.free_bytes_floor = 0;
        journal.env = env;
        auto opened = core::RocksJournal::open(std::move(journal));
        if (!opened) return refused(opened.error());
        life.journal = std::move(*opened);
        auto publisher = publisher::Publisher::open(options_, *life.journal, clock_, nullptr);
        if (!publisher) return refused(publisher.error());
        life.publisher = std::move(*publisher);
        life.publisher->attach(life.legs);
        return std::nullopt;
    }
    Wrong refused(const schema::Error& error) {
        why_ = error.message;
        return told(error);
    }

    void hand_in(Life& life, std::uint64_t from, std::uint64_t upto) {
        for (std::uint64_t number = from; number <= upto; ++number) {
            auto made = ticket_of(number);
            made.request = number;
            life.publisher->request(till_, schema::Message{std::move(made)});
        }
    }

    Wrong take_answers(Life& life) {
        for (const schema::Message& answer : std::exchange(life.legs.answers, {})) {
            const auto* accepted = std::get_if<schema::Accepted>(&answer);
            if (accepted == nullptr) {
                const auto* busy = std::get_if<schema::Busy>(&answer);
                return "a ticket was not accepted: " + (busy ? busy->reason : "no such answer");
            }
            const auto [known, first] = accepted_.try_emplace(accepted->request, *accepted);
            next_ = std::max(next_, accepted->request + 1);
            if (first) continue;
            const auto& before = known->second;
            if (accepted->repeated && before.first == accepted->first &&
                before.last == accepted->last && before.epoch == accepted->epoch) {
                continue;
            }
            return "ticket " + std::to_string(accepted->request) + " was accepted up to " +
                   std::to_string(before.last.value()) + ", and is now booked up to " +
                   std::to_string(accepted->last.value());
        }
        return std::nullopt;
    }

    /// The next `count` notices behind what is asked for: after a restart some of them again.
    Wrong give_notices(Life& life, std::uint64_t count) {
        const auto want = life.publisher->want(broker(), kOtherStore);
        if (!want || want->after.size() != 2) return "notices of another store are not wanted";
        const std::uint64_t after = want->after.front().seq.value();
        const std::uint64_t upto = std::min(after + count, kNotices);
        if (upto <= after) return std::nullopt;
        std::vector<std::pair<std::uint64_t, schema::Event>> events;
        for (std::uint64_t seq = after + 1; seq <= upto; ++seq) {
            events.emplace_back(seq, sent_notice("T" + std::to_string(seq), "store1"));
        }
        const auto taken =
            life.publisher->take(broker(), control_of("store2", after, upto, events));
        if (!taken) return "a notice is not taken: " + taken.error().message;
        return std::nullopt;
    }
    void note_notices(Life& life) {
        core::Want want;
        want.store = kOtherStore;
        notices_ = life.publisher->durable(want).front().seq.value();
    }

    /// After a failure nothing may be accepted before the journal was opened again.
    Wrong ends_for_good(Life& life, const schema::Error& error) {
        if (auto wrong = told(error)) return wrong;
        core::JournalWrite write;
        write.state.emplace_back("behind", "a failed commit");
        const auto taken = life.journal->commit(write, true);
        if (taken) return "after \"" + error.message + "\" the next commit was taken";
        return told(taken.error());
    }

    /// Those that were acknowledged are events of the log, and none of any is two.
    static Wrong check_notices(const core::Journal& journal, std::uint64_t acknowledged) {
        const auto range = journal.read({kPublisherStore, {"control"}, Sequence{0}, SIZE_MAX});
        if (!range) return "control cannot be read: " + range.error().message;
        const auto events = schema::events_in_order(range->segments);
        if (!events) return "control cannot be read: " + events.error().message;
        std::map<std::string, std::uint64_t> times;
        for (const schema::LoggedEvent& logged : *events) {
            if (logged.event.kind == schema::kTransferExpected) ++times[logged.event.key];
        }
        for (std::uint64_t seq = 1; seq <= kNotices; ++seq) {
            const std::uint64_t taken = times["T" + std::to_string(seq)];
            if (taken == 1 || (taken == 0 && seq > acknowledged)) continue;
            return "notice " + std::to_string(seq) + " of " + std::to_string(acknowledged) +
                   " acknowledged ones was taken " + std::to_string(taken) + " times";
        }
        return std::nullopt;
    }

    /// Each thing once, and the state beside the log is its fold.
    Wrong check_log(const core::Journal& journal) const {
        const auto range = journal.read({kPublisherStore, {"*"}, Sequence{0}, SIZE_MAX});
        if (!range) return "the log cannot be read: " + range.error().message;
        const auto events = schema::events_in_order(range->segments);
        if (!events) return "the log cannot be read: " + events.error().message;
        std::map<std::string, std::uint64_t> sold;
        ledger::MapState folded;
        std::uint64_t seq = 0;
        for (const schema::LoggedEvent& logged : *events) {
            if (logged.seq.value() != ++seq) return "position " + std::to_string(seq) + " misses";
            if (logged.event.kind == schema::kStockMoved) ++sold[logged.event.key];
            if (const auto ok = ledger::apply(folded, logged); !ok) return ok.error().message;
        }
        if (seq != journal.end(kPublisherStore).value()) return "the log does not end at its end";
        for (std::uint64_t number = 1; number <= kTickets; ++number) {
            const std::uint64_t times = sold["S" + std::to_string(number)];
            if (times == number % 3 + 1) continue;
            return "ticket " + std::to_string(number) + " of " + std::to_string(number % 3 + 1) +
                   " lines has " + std::to_string(times) + " events";
        }
        if (auto wrong = check_notices(journal, kNotices)) return wrong;
        std::map<schema::Bytes, schema::Bytes> kept;
        const auto scanned =
            journal.scan("own/", {}, [&](schema::ByteView key, schema::ByteView value) {
                kept[schema::Bytes(key.substr(4))] = schema::Bytes(value);
                return true;
            });
        if (!scanned) return scanned.error().message;
        const bool same = kept == std::map<schema::Bytes, schema::Bytes>(folded.all().begin(),
                                                                         folded.all().end());
        return same ? std::nullopt : Wrong("the state beside the log is not its fold");
    }

    const std::filesystem::path folder_;
    std::mt19937 random_;
    core::ManualClock clock_;
    core::Options options_;
    core::Requester till_{0, "route", "", true};
    std::string why_;
    std::uint64_t next_ = 1;  ///< Ticket.
    std::map<std::uint64_t, schema::Accepted> accepted_;
    std::uint64_t notices_ = 0;  ///< Acknowledged.
};

}  // namespace

std::unique_ptr<Story> publisher_story(std::filesystem::path folder, std::uint32_t seed) {
    return std::make_unique<PublisherStory>(std::move(folder), seed);
}

}  // namespace filial::test
