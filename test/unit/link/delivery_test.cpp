// Sender and Receiver against a line that loses whole sessions, repeats messages, and lets those of
// older sessions in later; against crashes of the receiving end; and with two sources at once.
#include <doctest/doctest.h>

#include <deque>
#include <map>
#include <random>
#include <set>

#include "core/link/receiver.h"
#include "core/link/sender.h"
#include "test/unit/link/one_log.h"

using namespace filial;
using namespace filial::schema;
using core::BootTime;
using core::Receiver;
using test::OneLog;

namespace {

using Rows = std::map<std::uint64_t, Bytes>;

/// The rows of a range by position; of one topic, or of all of them for "*".
Rows rows_in(const Range& range, const std::string& topic) {
    Rows rows;
    for (const Segment& segment : range.segments) {
        if (topic != kAllTopics && segment.topic != topic) continue;
        for (std::size_t i = 0; i < segment.rows.size(); ++i) {
            rows[segment.seqs[i].value()] = segment.rows[i];
        }
    }
    return rows;
}

/// A host: stages ranges, makes them durable together, drops what it holds.
struct Replica {
    struct Topic {
        Sequence after;
        Rows rows;
    };
    std::map<std::string, Topic> durable;
    std::map<std::string, Topic> staged;

    core::Want want(const StoreId& store) const {
        core::Want want{store, Epoch{1}, {}};
        for (const auto& [topic, held] : durable) want.after.push_back({topic, held.after});
        return want;
    }
    /// False for a gap.
    bool take(const Range& range) {
        for (const std::string& topic : range.topics) {
            if (staged.at(topic).after < range.after) return false;
        }
        for (const std::string& topic : range.topics) {
            Topic& held = staged.at(topic);
            for (const auto& [seq, row] : rows_in(range, topic)) {
                if (seq <= held.after.value()) continue;
                REQUIRE(held.rows.emplace(seq, row).second);  // Exactly once.
            }
            held.after = std::max(held.after, range.upto);
        }
        return true;
    }
};

/// A source and the session with it.
struct Link {
    OneLog log;
    std::uint64_t nonce = 1;
    std::uint64_t credit = 1 << 20;
    bool staged = false;
    core::Sender sender;
    Receiver receiver;
    std::deque<Fetch> fetches;
    std::deque<BlockMessage> blocks;
};

class World {
  public:
    World(std::uint64_t seed, std::vector<std::string> topics, std::size_t sources)
        : random_(seed), links_(sources) {
        for (const std::string& topic : topics) add_topic(topic);
        for (Link& link : links_) new_session(link);
    }

    void add_topic(const std::string& topic) {
        replica_.durable.try_emplace(topic);
        replica_.staged.try_emplace(topic);
        for (Link& link : links_) begin(link);
    }

    void step() {
        Link& link = links_[below(links_.size())];
        switch (below(24)) {
            case 0:
            case 1:
            case 2:
                append();
                break;
            case 3:
                links_[below(links_.size())].log = log_;  // It has caught up.
                break;
            case 4:
                new_session(link);
                break;
            case 5:
                if (below(4) == 0) crash();
                break;
            case 6:
                now_ = BootTime{now_.value() + static_cast<std::int64_t>(below(20'000'000))};
                ask_again(link);
                break;
            case 7:
                link.receiver.learn_end(log_.store, link.log.end(), now_);
                break;
            case 8:
                link.credit = below(2'000);
                break;
            case 9:
            case 10:
            case 11:
                flush();
                break;
            case 12:
            case 13:
            case 14:
            case 15:
                deliver_fetch(link, below(10) == 0);
                break;
            case 16:
            case 17:
            case 18:
                pump(link);
                break;
            default:
                deliver_block(link, below(10) == 0);
                break;
        }
    }

    /// Nothing is lost any more: how many rounds until everything is there.
    int heal() {
        for (Link& link : links_) link.log = log_;
        for (int round = 1; round < 100; ++round) {
            for (Link& link : links_) {
                link.receiver.learn_end(log_.store, log_.end(), now_);
                ask_again(link);
                while (!link.fetches.empty()) deliver_fetch(link, false);
                pump(link);
                while (!link.blocks.empty()) deliver_block(link, false);
            }
            flush();
            if (done()) return round;
            now_ = BootTime{now_.value() + 5 * core::kSecond};
        }
        return 100;
    }

    void check_all() const {
        for (const auto& [topic, held] : replica_.durable) {
            CAPTURE(topic);
            CHECK(held.after == log_.end());
            CHECK(held.rows == truth(topic));
        }
    }

  private:
    std::uint64_t below(std::uint64_t most) { return random_() % most; }

    Rows truth(const std::string& topic) const { return rows_in(log_.whole(), topic); }

    void append() {
        static const std::vector<std::string> all{"control", "customers", "debts", "stock"};
        std::vector<std::string> topics;
        for (std::uint64_t i = 0; i <= below(4); ++i) topics.push_back(all[below(4)]);
        log_.append(topics, 10 + below(200));
    }

    void send(Link& link, Fetch fetch) {
        fetch.session = link.nonce;
        fetch.credit = link.credit;
        link.fetches.push_back(std::move(fetch));
    }
    void begin(Link& link) { send(link, link.receiver.begin(replica_.want(log_.store), now_)); }
    void ask_again(Link& link) {
        for (const StoreId& store : link.receiver.due(now_, now_)) {
            REQUIRE(store == log_.store);
            begin(link);
        }
    }

    /// What is on the way stays there, and comes in among the messages of the new session.
    void new_session(Link& link) {
        ++link.nonce;
        link.sender = {};
        link.receiver = {};
        link.staged = false;
        if (below(2) == 0) std::shuffle(link.blocks.begin(), link.blocks.end(), random_);
        begin(link);
    }

    void crash() {
        replica_.staged = replica_.durable;
        for (Link& link : links_) new_session(link);
    }

    void pump(Link& link) {
        if (link.log.end() == Sequence{0}) return;
        const auto blocks = link.log.pump(link.sender, now_, 1 + below(600), 1 + below(5));
        std::size_t largest = 0;
        for (const Block& block : blocks) {
            largest = std::max(largest, block.data.size());
            link.blocks.push_back({link.nonce, block});
        }
        const std::size_t on_the_way = link.sender.bytes_on_the_way(log_.store);
        if (!blocks.empty()) REQUIRE(on_the_way < link_credit_[&link] + largest + 1);
    }

    void deliver_fetch(Link& link, bool twice) {
        if (link.fetches.empty()) return;
        const Fetch fetch = link.fetches.front();
        if (!twice) link.fetches.pop_front();
        if (fetch.session != link.nonce) return;
        REQUIRE(link.sender.fetch(fetch).has_value());
        link_credit_[&link] = fetch.credit;
    }

    void deliver_block(Link& link, bool twice) {
        if (link.blocks.empty()) return;
        const BlockMessage message = link.blocks.front();
        if (!twice) link.blocks.pop_front();
        if (message.session != link.nonce) return;
        switch (link.receiver.judge(message.block, now_)) {
            case Receiver::Step::restart:
                begin(link);
                return;
            case Receiver::Step::ignore:
                link.staged = true;
                return;
            case Receiver::Step::take:
                break;
        }
        const auto range = unpack(message.block);
        REQUIRE(range);
        if (replica_.take(*range)) {
            link.staged = true;
        } else {
            begin(link);
        }
    }

    void flush() {
        replica_.durable = replica_.staged;
        for (const auto& [topic, held] : replica_.durable) {
            Rows expected = truth(topic);
            expected.erase(expected.upper_bound(held.after.value()), expected.end());
            REQUIRE(held.rows == expected);  // No position stands above an event that is missing.
        }
        for (Link& link : links_) {
            if (!link.staged || link.receiver.find(log_.store) == nullptr) continue;
            link.staged = false;
            send(link, link.receiver.confirm(log_.store, replica_.want(log_.store).after));
        }
    }

    bool done() const {
        for (const auto& [topic, held] : replica_.durable) {
            if (held.after != log_.end()) return false;
        }
        return true;
    }

    std::mt19937_64 random_;
    OneLog log_;
    Replica replica_;
    std::vector<Link> links_;
    std::map<const Link*, std::uint64_t> link_credit_;
    BootTime now_{100 * core::kSecond};
};

void run(const std::vector<std::string>& topics, std::size_t sources, std::uint64_t seeds) {
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        CAPTURE(seed);
        World world(seed, topics, sources);
        for (int i = 0; i < 400; ++i) {
            if (i == 200 && topics[0] != kAllTopics) world.add_topic("customers");
            world.step();
        }
        CHECK(world.heal() < 40);
        world.check_all();
    }
}

}  // namespace

TEST_CASE("delivery: over lost sessions and crashes every event of a topic comes exactly once") {
    run({"stock"}, 1, 15);
}

TEST_CASE("delivery: several topics keep their own positions, and none skips an event") {
    run({"control", "debts", "stock"}, 1, 15);
}

TEST_CASE("delivery: two sources at once bring every event exactly once") {
    run({"debts", "stock"}, 2, 15);
}

TEST_CASE("delivery: a whole log comes exactly once, from one source and from two") {
    run({"*"}, 1, 10);
    run({"*"}, 2, 10);
}
