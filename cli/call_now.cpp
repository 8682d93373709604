// One call from its beginning to its end.
#include <thread>

#include "cli/line_keeper.h"
#include "cli/sync.h"

namespace filial::cli {

using schema::CallState;
using schema::Errc;
using schema::Need;
using schema::Result;
using std::chrono::milliseconds;

namespace {

/// The programs are asked this often how far they are.
constexpr milliseconds kPollEvery{100};
/// Legs go down by themselves when whoever calls has not spoken for so long.
constexpr std::uint64_t kLeaseMs = 4'000;
constexpr milliseconds kAnswerWait{1'000};
/// Whether a call that is under way is over is looked at this often.
constexpr milliseconds kJoinEvery{100};

std::int64_t now_us(const Context& context) { return context.clock.boot().value(); }

/// The store's programs as a call asks them.
class Programs {
  public:
    explicit Programs(Context& context) : context_(context) {}

    Result<CallState> ask(Process process, const schema::Call& call) {
        auto& link = links_[process];
        if (!link) {
            auto made = context_.connect(process);
            if (!made) return tl::unexpected(made.error());
            link = std::move(*made);
        }
        auto state = ask_for<CallState>(*link, call, kAnswerWait);
        if (!state) link.reset();
        return state;
    }
    void hang_up() {
        for (const Process process : {Process::publisher, Process::subscriber}) {
            // Without it the lease runs out.
            if (links_[process]) static_cast<void>(ask(process, schema::Call{}));
        }
    }

  private:
    Context& context_;
    std::map<Process, std::unique_ptr<Link>> links_;
};

void ask_one(Programs& programs, CallProgress& progress, Process process, const schema::Call& call,
             std::int64_t now) {
    const auto state = programs.ask(process, call);
    if (state) {
        progress.hear(process, *state, now);
    } else {
        progress.silent(process, state.error().message);
    }
}

/// While the line is up: until all is exchanged, or it has to end.
CallProgress::End exchange(Context& context, Programs& programs, const LineKeeper& keeper,
                           CallProgress& progress, const std::vector<Need>& needs,
                           std::vector<std::string>& troubles) {
    while (!stop_requested()) {
        schema::Call call;
        call.lease_ms = kLeaseMs;
        call.needs = needs;
        call.bytes_left = progress.bytes_left();
        ask_one(programs, progress, Process::subscriber, call, now_us(context));
        if (progress.publisher_too()) {
            ask_one(programs, progress, Process::publisher, call, now_us(context));
        }
        const auto over = progress.over(now_us(context));
        if (over != CallProgress::End::none) return over;
        if (!keeper.kept()) {
            troubles.emplace_back("the process that keeps the line was ended");
            return CallProgress::End::stalled;
        }
        std::this_thread::sleep_for(kPollEvery);
    }
    troubles.emplace_back("it was stopped by a signal");
    return CallProgress::End::none;
}

/// Adds the needs to the call that is under way, if there is one by now, and says how far they are.
std::vector<schema::NeedState> tell_needs(Programs& programs, const std::vector<Need>& needs) {
    if (needs.empty()) return {};
    schema::Call call;
    call.needs = needs;
    // Where it does not hear this the call brings it later, with the rest.
    auto state = programs.ask(Process::subscriber, call);
    return state ? std::move(state->needs) : std::vector<schema::NeedState>();
}

/// Waits for the line. True if another call had it.
Result<bool> take_line(Context& context, LineKeeper& keeper, const std::vector<Need>& needs,
                       CallReport& report) {
    bool waited = false;
    Programs programs(context);
    for (;;) {
        const auto taken = keeper.take();
        if (taken) return waited;
        if (taken.error().code != Errc::locked) {
            report.troubles.push_back(taken.error().message);
            return keeper.left_up() ? Result<bool>(waited)
                                    : Result<bool>(tl::unexpected(taken.error()));
        }
        if (!waited) {
            if (!context.console.json) {
                context.console.say("a call is under way: waiting for what it brings");
            }
        }
        tell_needs(programs, needs);
        waited = true;
        if (stop_requested()) return schema::fail(Errc::timeout, "stopped while waiting");
        std::this_thread::sleep_for(kJoinEvery);
    }
}

}  // namespace

Result<CallReport> call_now(Context& context, const std::vector<Need>& needs,
                            const CallBudget& budget) {
    const auto options = context.options();
    if (!options) return tl::unexpected(options.error());
    const auto folder = LineKeeper::folder(**options);
    const Moment asked = Moment::now(context.clock);
    CallReport report;
    LineKeeper keeper(**options);
    const auto waited = take_line(context, keeper, needs, report);
    if (!waited) return schema::fail("sync", waited.error());
    report.left_up = keeper.left_up();
    const auto last = last_call(folder);
    const bool after =
        last && last->ended.boot_id == asked.boot_id && asked.boot < last->ended.boot;
    if (*waited && after && last->outcome == name_of(CallProgress::End::complete)) {
        report.record = *last;
        report.joined = true;
        // The legs are down again: what the replica has is what the call brought.
        Programs programs(context);
        report.needs = tell_needs(programs, needs);
        for (schema::NeedState& each : report.needs) each.met = true;
        return report;
    }

    CallRecord& record = report.record;
    if (last) record = *last;
    record.began = Moment::now(context.clock);
    record.cost = {};
    record.error.clear();
    Programs programs(context);
    const auto up = keeper.up(stop_requested);
    const std::int64_t line_up = now_us(context);
    CallProgress progress(needs, budget, line_up);
    auto end = CallProgress::End::unreachable;
    if (up) {
        end = exchange(context, programs, keeper, progress, needs, report.troubles);
        record.cost = progress.cost();
        record.cost.us = now_us(context) - line_up;
        programs.hang_up();
    } else {
        record.error = up.error().message;
    }
    if (const auto down = keeper.down(); !down) report.troubles.push_back(down.error().message);
    record.ended = Moment::now(context.clock);
    record.outcome = up ? std::string(name_of(end)) : "failed";
    const bool reached = up && progress.ever_connected();
    record.failures = reached ? 0 : record.failures + 1;
    if (reached) record.done = record.began;
    report.needs = progress.needs();
    report.not_reached = progress.not_reached();
    for (const auto& [process, why] : progress.silent()) {
        if (up) report.troubles.push_back("filial-" + name_of(process) + " took no part: " + why);
    }
    if (!up) report.troubles.push_back(up.error().message);
    if (const auto saved = save_call(folder, record); !saved) {
        report.troubles.push_back("the call was not noted: " + saved.error().message);
    }
    return report;
}

}  // namespace filial::cli
