// What must hold once everything is mended.
#include <algorithm>

#include "ledger/decide.h"
#include "publisher/policy.h"
#include "schema/hash.h"
#include "schema/payloads.h"
#include "test/sim/truth.h"

namespace filial::sim {

using schema::Bytes;
using schema::LoggedEvent;
using schema::Sequence;
using schema::StoreId;

bool Truth::settled(const std::vector<std::pair<Machine*, Life*>>& lives, std::string& what) const {
    for (const auto& [machine, life] : lives) {
        if (life == nullptr) {
            what = "a process of " + machine->store.value() + " does not run";
            return false;
        }
        for (const auto& [name, log] : logs_) {
            const StoreId store{name};
            const auto head = log.machine->publisher_disk.head(store);
            if (!head || log.machine->quarantined) {
                what = name + (head ? " is in quarantine" : " has no log");
                return false;
            }
            if (auto* replica = life->replica()) {
                // Of a half of a fork that was set aside it may hold more than the log has.
                if (replica->epoch(store) != head->epoch) {
                    what = "replica of " + machine->store.value() + " holds epoch " +
                           std::to_string(replica->epoch(store).value()) + " of " + name +
                           ", which is in " + std::to_string(head->epoch.value());
                    return false;
                }
                if (!replica->parked().empty()) {
                    what = "replica of " + machine->store.value() +
                           " has parked events: " + replica->parked().first_reason();
                    return false;
                }
                for (const core::TopicHead& topic : head->topics) {
                    if (!replica->wants_topic(topic.topic)) continue;
                    const Sequence held = replica->position(store, topic.topic);
                    if (held < topic.last) {
                        what = "replica of " + machine->store.value() + " holds " +
                               place(store, held) + " of " + topic.topic + " up to " +
                               std::to_string(topic.last.value());
                        return false;
                    }
                    const auto heard = replica->heard(store, topic.topic, machine->clock);
                    if (!heard.ever || heard.age_us > 25 * kSecond) {
                        what = "as-of of " + topic.topic + " of " + name + " at " +
                               machine->store.value() + " is " +
                               (heard.ever ? std::to_string(heard.age_us / kSecond) + " s old"
                                           : "missing");
                        return false;
                    }
                }
            } else if (!life->is_publisher()) {
                const auto there = machine->broker_disk.head(store);
                if (!there || there->end != head->end || there->epoch != head->epoch) {
                    what = "broker " + machine->store.value() + " holds " +
                           place(store, machine->broker_disk.end(store)) + " of " +
                           std::to_string(head->end.value());
                    return false;
                }
            } else if (name != machine->store.value()) {
                const auto& state = machine->publisher_disk.data().state;
                const auto place_of = state.find("control/" + name);
                std::uint64_t last = 0;
                for (const auto topic : {schema::kTopicControl, schema::kTopicAccounts}) {
                    const core::TopicHead* told = head->find(topic);
                    if (told != nullptr) last = std::max(last, told->last.value());
                }
                std::uint64_t upto = 0;
                if (place_of != state.end()) {
                    schema::Parser parser;
                    auto fields = parser.array(place_of->second);
                    fields->skip();
                    upto = fields->u64();
                }
                if (upto < last) {
                    what = "publisher of " + machine->store.value() + " has taken notices of " +
                           name + " up to " + std::to_string(upto) + " of " + std::to_string(last);
                    return false;
                }
            }
        }
    }
    return true;
}

void Truth::count_kind(std::string_view kind) {
    if (kind == schema::kGrantTaken) ++counts_["parts taken"];
    if (kind == schema::kRoundOpened) ++counts_["rounds opened"];
    if (kind == schema::kAccountClosed) ++counts_["accounts closed"];
    if (kind == schema::kRoundCancelled || kind == schema::kRoundRefused) {
        ++counts_["rounds without closing"];
    }
}

void Truth::check_tickets(const std::vector<std::unique_ptr<Till>>& tills) {
    // By store, client and number. Events that a store made of another's ticket name that one.
    std::map<schema::ClientId, std::map<std::uint64_t, std::pair<Sequence, Sequence>>> booked;
    for (const auto& [name, log] : logs_) {
        const schema::ClientId rounds = schema::hash16_of("rounds of " + name);
        for (const LoggedEvent& logged : events_of(log, 0, log.rows.size())) {
            const schema::Event& event = logged.event;
            count_kind(event.kind);
            const bool own =
                event.client == rounds ||
                std::any_of(tills.begin(), tills.end(), [&](const auto& till) {
                    return till->machine().store.value() == name && till->client() == event.client;
                });
            if (!own) continue;
            const auto [at, first] =
                booked[event.client].try_emplace(event.number, std::pair(logged.seq, logged.seq));
            if (!first && event.index == 0) {
                fail("I6: ticket " + std::to_string(event.number) + " stands at " +
                     place(StoreId{name}, at->second.first) + " and again at " +
                     place(StoreId{name}, logged.seq));
            }
            at->second.second = logged.seq;
        }
    }
    for (const auto& till : tills) {
        const Log& log = logs_.at(till->machine().store.value());
        if (till->keeps_order()) check_order(log, *till);
        for (const auto& [number, all] : till->booked()) {
            for (const Till::Booked& told : all) {
                const auto client = booked.find(till->client());
                const bool there = client != booked.end() && client->second.contains(number) &&
                                   client->second.at(number).first == told.first &&
                                   client->second.at(number).second == told.last;
                if (there) continue;
                if (is_lost(log, till->client(), told)) {
                    ++counts_["tickets in a tail that was lost"];
                    continue;
                }
                fail("I6: ticket " + std::to_string(number) + " was told to stand at " +
                     place(till->machine().store, told.first) + " and does not");
            }
        }
    }
}

/// Said by name: behind where a later life goes on, of a life that this one has never been, or in a
/// log that is kept apart.
bool Truth::is_lost(const Log& log, const schema::ClientId& client,
                    const Till::Booked& told) const {
    for (const Log::Begins& life : log.lives) {
        // A log of which no broker had anything begins in its first epoch again.
        const bool later = life.epoch > told.epoch || life.at > told.at;
        const bool other = told.first > life.from || told.epoch.value() > life.of;
        if (later && other) return true;
    }
    const auto holds = [&](const SimJournal::Data& data) {
        const auto kept = data.logs.find(log.machine->store);
        if (kept == data.logs.end()) return false;
        for (const SimJournal::Commit& commit : kept->second.commits) {
            if (commit.epoch != told.epoch || commit.upto < told.first) continue;
            const auto events = schema::events_in_order(commit.segments);
            return events && std::any_of(events->begin(), events->end(), [&](const auto& logged) {
                       return logged.seq == told.first && logged.event.client == client;
                   });
        }
        return false;
    };
    std::vector<Machine*> machines = log.clones;
    const bool cloned = !machines.empty();
    machines.push_back(log.machine);
    for (const Machine* machine : machines) {
        for (const auto& [name, data] : machine->aside) {
            if (holds(data)) return true;
        }
        if (cloned && machine != log.machine && holds(machine->publisher_disk.data())) return true;
    }
    return false;
}

/// Whether the rules refuse what that number says at some place behind `from` and below `before`.
bool Truth::was_refused(const Till& till, std::uint64_t number, Sequence from,
                        Sequence before) const {
    const Log& log = logs_.at(till.machine().store.value());
    const ledger::Inputs inputs{publisher::policy_of(till.machine().options), {}, {}};
    ledger::MapState state;
    for (const LoggedEvent& logged : events_of(log, 0, log.rows.size())) {
        std::vector<schema::Operation> operations = till.operations(number);
        for (schema::Operation& operation : operations) {
            if (operation.at.value() == 0) operation.at = logged.event.at;
        }
        const schema::Position place{till.machine().store, logged.epoch, logged.seq};
        const bool refused =
            logged.seq > from &&
            !ledger::decide_ticket(state, place, till.client(), number, operations, inputs);
        if (refused) return true;
        if (logged.seq >= before || !ledger::apply(state, logged)) return false;
    }
    return false;
}

/// Who waits after a Busy has his tickets decided in the order of their numbers. One that was
/// refused in its turn, of which the till heard nothing since that publisher ended, comes again and
/// is decided anew, behind what was booked meanwhile.
void Truth::check_order(const Log& log, const Till& till) {
    std::ptrdiff_t last_life = 0;
    std::vector<std::pair<std::uint64_t, Till::Booked>> before;
    for (const auto& [number, all] : till.booked()) {
        // Behind the end of a life tickets come again as they are sent again.
        if (all.size() > 1) return;
        const Till::Booked& told = all.back();
        const std::ptrdiff_t life =
            std::count_if(log.lives.begin(), log.lives.end(),
                          [&](const Log::Begins& each) { return each.at <= told.at; });
        const bool later =
            !before.empty() && (told.epoch > before.back().second.epoch || life != last_life);
        if (later) before.clear();
        last_life = life;
        while (!before.empty() && told.epoch == before.back().second.epoch &&
               told.first < before.back().second.first) {
            const std::uint64_t late = before.back().first;
            before.pop_back();
            const auto from = std::find_if(before.rbegin(), before.rend(), [&](const auto& each) {
                return each.second.first < told.first;
            });
            const Sequence behind = from == before.rend() ? Sequence{0} : from->second.last;
            if (was_refused(till, late, behind, told.first)) {
                ++counts_["tickets refused unheard"];
                continue;
            }
            fail("I8: ticket " + std::to_string(number) + " of a till of " +
                 till.machine().store.value() + " stands before an earlier one");
        }
        before.emplace_back(number, told);
    }
}

/// What the log says, folded anew, is what stands beside it.
void Truth::check_state(const Machine& machine) {
    ledger::MapState state;
    const Log& log = logs_.at(machine.store.value());
    for (const LoggedEvent& logged : events_of(log, 0, log.rows.size())) {
        if (!ledger::apply(state, logged))
            fail("I4: the log of " + machine.store.value() + " cannot be replayed");
    }
    const auto& disk = machine.publisher_disk.data().state;
    std::size_t own = 0;
    for (auto at = disk.lower_bound("own/"); at != disk.end() && at->first.starts_with("own/");
         ++at) {
        const auto expected = state.all().find(at->first.substr(4));
        ++own;
        if (expected != state.all().end() && expected->second == at->second) continue;
        return fail("I4: the state of " + machine.store.value() +
                    " is not what its log says: " + at->first);
    }
    if (own != state.all().size()) {
        fail("I4: the state of " + machine.store.value() + " lacks what its log says");
    }
}

/// All logs, from their beginning, into a replica that nothing ever happened to.
std::unique_ptr<ReplicaDisk> Truth::replayed() {
    auto disk = std::make_unique<ReplicaDisk>(random_, fuse_);
    subscriber::ReplicaOptions options;
    options.own = StoreId{"nobody"};
    options.topics = core::Options().subscriber.topics;
    options.stores = {"*"};
    auto replica = subscriber::Replica::open(disk->open(), std::move(options));
    schema::check(replica.has_value(), "a new replica opens");
    for (const auto& [name, log] : logs_) {
        const SimJournal& journal = log.machine->publisher_disk;
        Sequence done{0};
        while (done < journal.end(StoreId{name})) {
            const auto range =
                journal.read({StoreId{name}, {std::string(schema::kAllTopics)}, done, SIZE_MAX});
            const bool taken = range && (*replica)->take(*range) && (*replica)->flush();
            if (!taken) fail("I4: the log of " + name + " cannot be replayed");
            if (!taken || range->upto <= done) break;
            done = range->upto;
        }
    }
    return disk;
}

void Truth::check_at_the_end(const std::vector<std::pair<Machine*, Life*>>& lives,
                             const std::vector<std::unique_ptr<Till>>& tills, bool looks) {
    check_ledger();
    check_brokers();
    check_tickets(tills);
    const auto expected = replayed();
    // Sums of my own, without the replica's code.
    std::map<std::pair<std::string, std::string>, std::int64_t> stock, debts;
    schema::Parser parser;
    for (const auto& [name, log] : logs_) {
        for (const LoggedEvent& logged : events_of(log, 0, log.rows.size())) {
            const schema::Event& event = logged.event;
            if (event.kind == schema::kStockMoved) {
                stock[{name, event.key}] +=
                    schema::decode_stock_moved(parser, event.payload)->delta.value();
            } else if (event.kind == schema::kDebtMoved) {
                debts[{event.key, name}] +=
                    schema::decode_debt_moved(parser, event.payload)->delta.value();
            }
        }
    }
    for (const auto& [machine, life] : lives) {
        const std::string name = machine->store.value();
        if (life->is_publisher()) check_state(*machine);
        auto* replica = life->replica();
        if (replica == nullptr) continue;
        if (const auto sums = replica->check_sums(); !sums)
            fail("I5: " + name + ": " + sums.error().message);
        std::size_t rows = 0;
        (void)replica->read().scan_stock("", {}, [&](const auto& row, schema::ByteView) {
            ++rows;
            if (stock[{row.store, row.sku}] != row.thousandths) {
                fail("I5: " + name + " says " + std::to_string(row.thousandths) + " of " + row.sku +
                     " at " + row.store + ", its log " +
                     std::to_string(stock[{row.store, row.sku}]));
            }
            return true;
        });
        if (rows != stock.size()) fail("I5: " + name + " lacks stock rows");
        (void)replica->read().scan_debts(
            {}, [&](const std::string& customer, const std::string& store, std::int64_t cents,
                    schema::ByteView) {
                if (debts[{customer, store}] != cents)
                    fail("I5: " + name + " says another debt of " + customer);
                return true;
            });
        const auto& held = machine->replica_disk.data().state;
        const auto& whole = expected->data().state;
        for (const char family : {'c', 's', 'k', 't', 'y', 'x'}) {
            const Bytes first(1, family);
            auto a = held.lower_bound(first);
            auto b = whole.lower_bound(first);
            for (;; ++a, ++b) {
                const bool a_ends = a == held.end() || a->first[0] != family;
                const bool b_ends = b == whole.end() || b->first[0] != family;
                if (a_ends && b_ends) break;
                if (a_ends || b_ends || a->first != b->first || a->second != b->second) {
                    fail("I4: the replica of " + name + " is not what all logs say: family " +
                         first + ", key " + (a_ends ? b->first : a->first).substr(1));
                    break;
                }
            }
        }
        if (looks) check_looks(name, *replica);
    }
}

/// The replica finds so itself: made again of the events that it keeps, it is what it holds.
void Truth::check_looks(const std::string& name, subscriber::Replica& replica) {
    const int wanted = replica.scrubbing() ? 2 : 1;  // One that begins now.
    for (int looks = 0, steps = 0; looks < wanted && steps < 100'000; ++steps) {
        const auto ended = replica.scrub(std::size_t{1} << 20);
        if (!ended) return fail("N10: " + name + ": " + ended.error().message);
        looks += *ended ? 1 : 0;
        if (*ended && !replica.damages().empty()) {
            return fail("N10: " + name + " finds " + core::to_string(replica.damages()));
        }
    }
}

}  // namespace filial::sim
