#include "cli/sync.h"

#include <algorithm>
#include <thread>

#include "cli/json.h"
#include "cli/line_keeper.h"
#include "cli/queue.h"
#include "cli/time_text.h"
#include "schema/names.h"

namespace filial::cli {

using schema::Errc;
using schema::Need;
using schema::NeedState;
using schema::Result;

namespace {

/// Whether a call is due is looked at this often.
constexpr std::chrono::milliseconds kLookEvery{1'000};

std::string need_name(const Need& need) {
    return need.topic + (need.store.empty() ? "" : ":" + need.store);
}

Result<std::vector<Need>> needs_of(const SyncArgs& args, const core::Options& options) {
    std::vector<Need> needs;
    for (const std::string& text : args.needs) {
        auto need = parse_need(text);
        if (!need) return schema::fail("--need " + text, need.error());
        const auto topics = schema::copied_topics(options.subscriber.topics);
        if (std::find(topics.begin(), topics.end(), need->topic) == topics.end()) {
            return schema::fail(Errc::invalid, "--need " + text + ": " + need->topic +
                                                   " is not copied here: add it to [subscriber] "
                                                   "topics");
        }
        needs.push_back(std::move(*need));
    }
    return needs;
}

bool is_fresh(const NeedState& need, std::int64_t max_age_us) {
    const bool young = max_age_us < 0 || (need.age_exact && need.age_us <= max_age_us);
    return need.met && need.ever && young;
}

std::string names_of(const core::Options& options) {
    std::string names;
    for (const auto* remotes : {&options.hubs, &options.peers}) {
        for (const core::Remote& remote : *remotes) {
            names += (names.empty() ? "" : ", ") + remote.name;
        }
    }
    return names;
}

std::string need_text(const NeedState& need, std::int64_t max_age_us) {
    std::string text = need_name(need.need) + ": ";
    if (!need.ever) return text + "nothing has come of it yet";
    text += "as of " + local_time(need.as_of) + " (" + (need.age_exact ? "" : "at least ") +
            duration_text(need.age_us) + " ago)";
    if (!need.met) return text + "; not all of it has come";
    if (!is_fresh(need, max_age_us)) {
        return text + "; older than it may be: its store has not called since";
    }
    return text;
}

Json report_json(const CallReport& report, std::int64_t max_age_us) {
    const CallRecord& record = report.record;
    Json out;
    out["outcome"] = record.outcome;
    out["joined"] = report.joined;
    out["left_up"] = report.left_up;
    out["seconds"] = seconds_or_null(record.cost.us);
    out["bytes_in"] = record.cost.bytes_in;
    out["bytes_out"] = record.cost.bytes_out;
    out["events_in"] = record.cost.events_in;
    out["events_out"] = record.cost.events_out;
    out["waiting_in"] = record.cost.waiting_in;
    out["waiting_out"] = record.cost.waiting_out;
    Json needs = Json::array();
    for (const NeedState& need : report.needs) {
        Json one;
        one["topic"] = need.need.topic;
        one["store"] = need.need.store;
        one["met"] = need.met;
        one["fresh"] = is_fresh(need, max_age_us);
        one["as_of"] = need.ever ? Json(to_string(need.as_of)) : Json(nullptr);
        one["age_seconds"] = need.ever ? seconds_or_null(need.age_us) : Json(nullptr);
        needs.push_back(std::move(one));
    }
    out["needs"] = std::move(needs);
    Json silent = Json::array();
    for (const auto& [remote, why] : report.not_reached) {
        silent.push_back(Json{{"remote", remote}, {"why", why}});
    }
    out["not_reached"] = std::move(silent);
    out["troubles"] = report.troubles;
    return out;
}

int code_of(const CallReport& report, const std::vector<Need>& needs, std::int64_t max_age_us) {
    const bool reached = report.record.failures == 0;
    if (!reached) return kUnreachable;
    if (needs.empty()) {
        return report.record.outcome == name_of(CallProgress::End::complete) ? kDone : kStale;
    }
    const bool all = report.needs.size() == needs.size() &&
                     std::all_of(report.needs.begin(), report.needs.end(),
                                 [&](const NeedState& need) { return is_fresh(need, max_age_us); });
    return all ? kDone : kStale;
}

void print(Context& context, const CallReport& report, std::int64_t max_age_us) {
    Console& console = context.console;
    if (console.json) {
        console.line(dump(report_json(report, max_age_us)));
        return;
    }
    for (const std::string& each : report.troubles) console.say("filial: sync: " + each);
    for (const auto& [remote, why] : report.not_reached) {
        if (report.record.outcome != name_of(CallProgress::End::complete)) {
            console.say("filial: sync: " + remote + " was not reached at the end: " + why);
        }
    }
    for (const NeedState& need : report.needs) console.line(need_text(need, max_age_us));
    console.line(cost_text(report));
}

struct Wish {
    std::vector<Need> needs;
    std::int64_t max_age_us = -1;
    CallBudget budget;
};

Result<Wish> wish_of(const SyncArgs& args, const core::Options& options) {
    Wish wish;
    auto needs = needs_of(args, options);
    if (!needs) return tl::unexpected(needs.error());
    wish.needs = std::move(*needs);
    if (!args.max_age.empty()) {
        const auto age = core::parse_duration_us(args.max_age);
        if (!age || *age < 0) {
            return schema::fail(Errc::invalid,
                                "--max-age " + args.max_age + ": expected a time such as 10m");
        }
        if (wish.needs.empty()) {
            return schema::fail(Errc::invalid, "--max-age goes with --need");
        }
        wish.max_age_us = *age;
    }
    wish.budget.us = options.sync.budget_us;
    if (const auto read = parse_budget(wish.budget, args.budget); !read) {
        return schema::fail("--budget", read.error());
    }
    if (options.hubs.empty() && options.peers.empty()) {
        return schema::fail(Errc::invalid,
                            "there is nobody to call: the configuration has no "
                            "[[hub]] and no [[peer]]");
    }
    return wish;
}

/// Why a call is due; empty while none is.
Result<std::string> why_due(Context& context, const core::Options& options) {
    core::CallFacts facts = call_facts(last_call(LineKeeper::folder(options)), context.clock);
    const auto reports = ask_processes(context);
    if (!reports) return tl::unexpected(reports.error());
    for (const ProcessReport& report : *reports) {
        if (report.process != Process::publisher || !report.status) continue;
        for (const schema::Leg& leg : report.status->legs) {
            if (leg.direction != "out" || !schema::is_due(leg)) continue;
            facts.waiting_events = std::max(facts.waiting_events, leg.depth_events);
            facts.oldest_age_us = std::max(facts.oldest_age_us, leg.oldest_age_us);
        }
    }
    for (const auto* remotes : {&options.hubs, &options.peers}) {
        for (const core::Remote& remote : *remotes) {
            const std::string why = core::call_due(remote.calls, facts);
            if (!why.empty()) return why;
        }
    }
    return std::string();
}

Result<int> call_once(Context& context, const Wish& wish) {
    const auto report = call_now(context, wish.needs, wish.budget);
    if (!report) return tl::unexpected(report.error());
    print(context, *report, wish.max_age_us);
    return code_of(*report, wish.needs, wish.max_age_us);
}

/// Takes down what an earlier call left up, before anything is due.
void clean_up(Context& context, const core::Options& options) {
    LineKeeper keeper(options);
    const auto taken = keeper.take();
    if (!taken && taken.error().code != Errc::locked) {
        context.console.say("filial: sync: " + taken.error().message);
    }
}

Result<int> watch(Context& context, const core::Options& options, const Wish& wish) {
    clean_up(context, options);
    std::string said;
    while (!stop_requested()) {
        const auto why = why_due(context, options);
        const std::string trouble = why ? "" : why.error().message;
        if (!trouble.empty() && trouble != said) context.console.say("filial: sync: " + trouble);
        said = trouble;
        if (why && !why->empty()) {
            if (!context.console.json) context.console.say("calling: " + *why);
            const auto done = call_once(context, wish);
            if (!done) context.console.say("filial: sync: " + done.error().message);
        }
        if (!stop_requested()) std::this_thread::sleep_for(kLookEvery);
    }
    return kDone;
}

}  // namespace

std::string cost_text(const CallReport& report) {
    const CallRecord& record = report.record;
    const CallCost& cost = record.cost;
    std::string text = report.joined ? "another call did it: " : "";
    if (record.outcome == "failed") return text + "no call: the line did not come up";
    text += duration_text(cost.us) + " on the line; came: " + grouped(cost.events_in) +
            " events, " + bytes_text(static_cast<std::int64_t>(cost.bytes_in)) +
            "; went: " + grouped(cost.events_out) + " events, " +
            bytes_text(static_cast<std::int64_t>(cost.bytes_out));
    if (record.outcome == name_of(CallProgress::End::complete)) return text + "; nothing waits";
    if (record.outcome == name_of(CallProgress::End::budget)) {
        text += "; ended by its budget";
    } else if (record.outcome == name_of(CallProgress::End::unreachable)) {
        text += "; nobody was reached";
    } else {
        text += "; the line broke off";
    }
    return text + "; still to come: " + grouped(cost.waiting_in) +
           ", to go: " + grouped(cost.waiting_out) + " events";
}

Result<int> run_sync(Context& context, const SyncArgs& args) {
    const auto options = context.options();
    if (!options) return tl::unexpected(options.error());
    const auto wish = wish_of(args, **options);
    if (!wish) return schema::fail("sync", wish.error());
    catch_signals();
    if (args.watch) return watch(context, **options, *wish);
    if (args.due) {
        clean_up(context, **options);
        const auto why = why_due(context, **options);
        if (!why) return tl::unexpected(why.error());
        if (why->empty()) {
            context.console.say("no call is due");
            return kDone;
        }
        if (!context.console.json) context.console.say("calling: " + *why);
    } else if (!context.console.json) {
        context.console.say("calling " + names_of(**options) + ", for at most " +
                            duration_text(wish->budget.us) + " ...");
    }
    return call_once(context, *wish);
}

}  // namespace filial::cli
