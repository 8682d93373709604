#include "cli/orphans.h"

#include <algorithm>
#include <map>
#include <thread>

#include "cli/json.h"
#include "cli/reissue.h"
#include "cli/time_text.h"
#include "core/journal/journal_view.h"
#include "schema/ticket_facts.h"

namespace filial::cli {

using core::JournalView;
using schema::Errc;
using schema::LoggedEvent;
using schema::Result;
using schema::Sequence;
using schema::StoreId;
using std::chrono::milliseconds;
namespace fs = std::filesystem;

namespace {

constexpr std::size_t kTailBytes = 1 << 20;
constexpr milliseconds kTicketWait{5'000};
/// A running publisher may clear away a file between two looks.
constexpr int kLooks = 5;

/// Calls `each` with every event of the log above `after`, in its order.
template <class Each>
Result<void> for_each_event(const JournalView& log, const StoreId& store, Sequence after,
                            const Each& each) {
    const auto head = log.head(store);
    while (head && after < head->end) {
        const auto range = log.read({store, {std::string(schema::kAllTopics)}, after, kTailBytes});
        if (!range) return tl::unexpected(range.error());
        auto events = schema::events_in_order(range->segments);
        if (!events) return tl::unexpected(events.error());
        for (LoggedEvent& logged : *events) {
            if (const auto ok = each(logged); !ok) return ok;
        }
        after = range->upto;
    }
    return {};
}

struct Tail {
    Sequence common;  ///< Up to here both logs are the same.
    std::vector<Orphan> orphans;
    /// The facts of what stands in the log that goes on since then, by client and number.
    std::map<std::pair<schema::ClientId, std::uint64_t>, std::uint64_t> again;

    /// A till whose counter went back with the store's disk has used the number for another ticket.
    bool has(const Orphan& orphan) const {
        const schema::Position& place = orphan.position;
        const auto same = again.find({orphan.client, orphan.number});
        return (same != again.end() && same->second == schema::facts_of(orphan.operations)) ||
               again.contains({reissue_client(place.store, place.epoch), place.seq.value()});
    }
};

Result<Tail> find_tail(const JournalView& lost, const JournalView& now, const StoreId& store) {
    Tail tail;
    const auto common = core::common_end(lost, now, store);
    if (!common) return tl::unexpected(common.error());
    tail.common = *common;
    std::vector<LoggedEvent> ticket;
    const auto finish = [&]() -> Result<void> {
        if (ticket.empty()) return {};
        auto orphan = orphan_of(store, ticket);
        if (!orphan) return tl::unexpected(orphan.error());
        const bool empty = orphan->operations.empty() && orphan->left_out.empty();
        if (!empty) tail.orphans.push_back(std::move(*orphan));
        ticket.clear();
        return {};
    };
    const auto take = [&](LoggedEvent& logged) -> Result<void> {
        if (logged.event.index == 0) {
            if (const auto ok = finish(); !ok) return ok;
        }
        ticket.push_back(std::move(logged));
        return {};
    };
    if (const auto ok = for_each_event(lost, store, tail.common, take); !ok) {
        return tl::unexpected(ok.error());
    }
    if (const auto ok = finish(); !ok) return tl::unexpected(ok.error());
    const auto note = [&]() -> Result<void> {
        if (ticket.empty()) return {};
        const auto facts = schema::facts_of(ticket);
        if (!facts) return tl::unexpected(facts.error());
        const schema::Event& first = ticket.front().event;
        tail.again.emplace(std::pair(first.client, first.number), *facts);
        ticket.clear();
        return {};
    };
    const auto take_here = [&](LoggedEvent& logged) -> Result<void> {
        if (logged.event.index == 0) {
            if (const auto ok = note(); !ok) return ok;
        }
        ticket.push_back(std::move(logged));
        return {};
    };
    const auto noted = for_each_event(now, store, tail.common, take_here);
    if (!noted) return tl::unexpected(noted.error());
    if (const auto ok = note(); !ok) return tl::unexpected(ok.error());
    return tail;
}

Result<Tail> look(const fs::path& lost_dir, const fs::path& own_dir, const StoreId& store) {
    for (int left = kLooks;; --left) {
        auto lost = JournalView::open(lost_dir);
        if (!lost) return tl::unexpected(lost.error());
        if (!lost->head(store)) {
            return schema::fail(Errc::invalid,
                                lost_dir.string() + " holds no log of " + store.value());
        }
        auto now = JournalView::open(own_dir);
        auto tail = now ? find_tail(*lost, *now, store) : tl::unexpected(now.error());
        const bool moved = !tail && tail.error().code == Errc::io && left > 1;
        if (!moved) return tail;
    }
}

std::string text_of(const schema::Operation& operation) {
    const auto& info = schema::operation_info(operation.kind);
    std::string text = std::string(info.name) + " " + operation.subject;
    if (info.sku) text += " " + operation.sku;
    if (!info.quantity.empty()) text += " " + to_string(operation.quantity);
    if (info.amount) text += " " + to_string(operation.amount);
    if (!operation.peer.empty()) text += " (" + operation.peer + ")";
    if (!operation.document.empty()) text += ", document " + operation.document;
    return text;
}

/// The state of one whose number its client's answers no longer reach back to, or whose client has
/// used it for something else.
constexpr const char* kNotFree = "not free";

/// What becomes of one orphan.
struct Fate {
    std::string state;  ///< lost, again, booked, booked before, refused, no fact.
    std::string why;
};

/// The publisher's word about one ticket; Busy is tried again.
Result<Fate> hand_in(Context& context, Link& link, const schema::Ticket& ticket,
                     double wait_seconds) {
    const auto now_ms = [&] { return context.clock.boot().value() / core::kMillisecond; };
    const std::int64_t until = now_ms() + static_cast<std::int64_t>(wait_seconds * 1e3);
    for (;;) {
        const auto answer = link.ask(ticket, kTicketWait);
        if (!answer) return tl::unexpected(answer.error());
        if (const auto* accepted = std::get_if<schema::Accepted>(&*answer)) {
            return Fate{accepted->repeated ? "booked before" : "booked", ""};
        }
        if (const auto* refused = std::get_if<schema::TicketRefused>(&*answer)) {
            const bool not_free =
                refused->code == Errc::already_done || refused->code == Errc::number_reused;
            return Fate{not_free ? kNotFree : "refused", refused->reason};
        }
        const auto* busy = std::get_if<schema::Busy>(&*answer);
        if (busy == nullptr) return schema::fail(Errc::corrupt, "an unexpected answer");
        if (now_ms() >= until) return schema::fail(Errc::busy, busy->reason);
        std::this_thread::sleep_for(milliseconds(busy->retry_ms));
    }
}

/// Under its till's own number, so that the till may hand it in again, too. Where the till has gone
/// on so far that the store no longer tells its old numbers apart, or used this one for another
/// ticket, under its place in the lost log.
Result<Fate> book(Context& context, Link& link, const Orphan& orphan, double wait_seconds) {
    schema::Ticket ticket;
    ticket.client = orphan.client;
    ticket.number = orphan.number;
    ticket.operations = orphan.operations;
    ticket.reissued = true;
    auto fate = hand_in(context, link, ticket, wait_seconds);
    if (!fate || fate->state != kNotFree) return fate;
    ticket.client = reissue_client(orphan.position.store, orphan.position.epoch);
    ticket.number = orphan.position.seq.value();
    fate = hand_in(context, link, ticket, wait_seconds);
    if (fate && fate->state == kNotFree) fate->state = "booked before";
    return fate;
}

Json json_of(const Orphan& orphan, const Fate& fate) {
    Json operations = Json::array();
    for (const schema::Operation& operation : orphan.operations) {
        operations.push_back(text_of(operation));
    }
    Json out;
    out["position"] = to_string(orphan.position);
    out["at"] = to_string(orphan.at);
    out["client"] = schema::to_hex(schema::view(orphan.client));
    out["number"] = orphan.number;
    out["operations"] = std::move(operations);
    out["left_out"] = orphan.left_out;
    out["state"] = fate.state;
    if (!fate.why.empty()) out["why"] = fate.why;
    return out;
}

void print(Console& console, const Orphan& orphan, const Fate& fate) {
    std::string line =
        to_string(orphan.position) + "  " + local_time(orphan.at) + "  " + fate.state;
    if (!fate.why.empty()) line += ": " + fate.why;
    console.line(line);
    for (const schema::Operation& operation : orphan.operations) {
        console.line("    " + text_of(operation));
    }
    for (const std::string& one : orphan.left_out) {
        console.line("    " + one + ": not booked again, whoever decides it says it anew");
    }
}

}  // namespace

Result<int> run_orphans(Context& context, const OrphanArgs& args) {
    const std::string doing = "orphans " + args.folder;
    const auto options = context.options();
    if (!options) return tl::unexpected(options.error());
    const core::Options& store = **options;
    // A backup, or a store's whole folder, has it below.
    fs::path lost = args.folder;
    if (fs::exists(lost / "publisher")) lost /= "publisher";
    auto tail = look(lost, store.publisher_dir(), store.store);
    if (!tail) return schema::fail(doing, tail.error());

    std::unique_ptr<Link> link;
    if (args.reissue) {
        auto opened = context.connect(Process::publisher);
        if (!opened) return tl::unexpected(with_advice(opened.error(), doing, Process::publisher));
        link = std::move(*opened);
    }
    Json list = Json::array();
    std::map<std::string, int> counts;
    for (const Orphan& orphan : tail->orphans) {
        Fate fate{"lost", ""};
        if (orphan.operations.empty()) {
            fate.state = "no fact";
        } else if (tail->has(orphan)) {
            fate = {"again", "it is here: handed in again by its till, or booked again before"};
        } else if (link) {
            auto booked = book(context, *link, orphan, args.wait_seconds);
            if (!booked) {
                return tl::unexpected(with_advice(booked.error(), doing, Process::publisher));
            }
            fate = std::move(*booked);
        }
        ++counts[fate.state];
        if (context.console.json) {
            list.push_back(json_of(orphan, fate));
        } else {
            print(context.console, orphan, fate);
        }
    }
    if (context.console.json) {
        Json out;
        out["store"] = store.store.value();
        out["same_up_to"] = tail->common.value();
        out["orphans"] = std::move(list);
        context.console.line(dump(out));
    } else if (tail->orphans.empty()) {
        context.console.line("nothing in it is missing here");
    } else if (!args.reissue) {
        context.console.say("the log that goes on is the same up to " +
                            std::to_string(tail->common.value()) +
                            "; `--reissue` books the physical facts above it again");
    } else if (counts["refused"] == 0) {
        context.console.say(
            "Next: once nothing of the lost log is missing any more, `filial "
            "tail-told`, so that every home knows what it held.");
    }
    return counts["refused"] > 0 ? kRefused : kDone;
}

}  // namespace filial::cli
