#include "cli/run_import.h"

#include <filesystem>

#include "cli/import.h"
#include "cli/import_origin.h"
#include "cli/json.h"
#include "cli/line_reader.h"
#include "cli/progress.h"
#include "cli/time_text.h"
#include "core/clock.h"

namespace filial::cli {

using schema::Errc;
using schema::Result;
using std::chrono::milliseconds;

namespace {

/// After so long without any answer everything unanswered is sent again; doubles up to the second.
constexpr std::int64_t kSilenceMin = 2 * core::kSecond;
constexpr std::int64_t kSilenceMax = 10 * core::kSecond;
/// Lines read before answers are looked at again, so that a long file of bad lines stays lively.
constexpr int kLinesATurn = 1'000;
/// Lines that were not booked and are named in the JSON summary; all are said on stderr.
constexpr std::size_t kNamedMax = 10'000;

/// One run: lines in, tickets out, until all is answered.
class Run {
  public:
    Run(Context& context, const ImportArgs& args, Link& link, LineReader& reader, Import& import)
        : context_(context),
          link_(link),
          reader_(reader),
          import_(import),
          began_us_(now()),
          heard_us_(began_us_),
          outcome_us_(began_us_),
          wait_us_(static_cast<std::int64_t>(args.wait_seconds * 1e6)),
          progress_(context.console, args.source, reader.size(), began_us_) {}

    Result<int> go();

  private:
    std::int64_t now() const { return context_.clock.boot().value(); }
    Result<void> read_lines();
    Result<void> send_tickets();
    Result<void> take_answers();
    Result<void> look_at_silence();
    Result<void> show();
    int finish();

    Context& context_;
    Link& link_;
    LineReader& reader_;
    Import& import_;
    std::int64_t began_us_;
    std::int64_t heard_us_;    ///< Last answer, or last time all was sent again.
    std::int64_t outcome_us_;  ///< Last time that a ticket came to an end, or none was waiting.
    std::int64_t silence_us_ = kSilenceMin;
    std::int64_t wait_us_;
    bool starved_ = false;  ///< A pipe has nothing to read for now.
    bool told_ = false;
    Json not_booked_ = Json::array();
    std::uint64_t not_named_ = 0;
    Progress progress_;
};

Result<void> Run::read_lines() {
    starved_ = false;
    for (int i = 0; i < kLinesATurn && import_.wants_lines(); ++i) {
        std::string_view text;
        const auto got = reader_.next(text);
        if (!got) return tl::unexpected(got.error());
        if (*got == LineReader::Got::end) return import_.end();
        starved_ = *got == LineReader::Got::none;
        if (starved_) return {};
        const bool too_long = *got == LineReader::Got::too_long;
        if (const auto taken = import_.line(text, too_long); !taken) return taken;
    }
    return {};
}

Result<void> Run::send_tickets() {
    while (true) {
        const auto ticket = import_.next(now());
        if (!ticket) return tl::unexpected(ticket.error());
        if (*ticket == nullptr) return {};
        const auto sent = link_.send(schema::Message(**ticket), milliseconds(200));
        if (!sent && sent.error().code != Errc::unreachable) return sent;
        if (!sent) return {};  // Tried again in the next turn, while `wait` allows it.
        import_.sent();
    }
}

Result<void> Run::take_answers() {
    if (starved_ && !import_.unanswered()) {
        reader_.wait(milliseconds(200));
        outcome_us_ = heard_us_ = now();
        return {};
    }
    if (!import_.unanswered()) return {};
    const ImportWindow& window = import_.window();
    const bool more_to_do = import_.wants_lines() && !starved_ && window.has_room();
    auto at_most = milliseconds(more_to_do ? 0 : 100);
    if (window.waits_until()) {
        const std::int64_t left = (*window.waits_until() - now()) / 1'000 + 1;
        at_most = std::clamp(milliseconds(left), milliseconds(0), milliseconds(100));
    }
    while (true) {
        const auto message = link_.receive(at_most);
        if (!message && message.error().code == Errc::timeout) return {};
        if (!message) return tl::unexpected(message.error());
        heard_us_ = now();
        silence_us_ = kSilenceMin;
        const std::uint64_t before = import_.settled();
        if (const auto taken = import_.answer(*message, heard_us_); !taken) return taken;
        if (import_.settled() != before) outcome_us_ = heard_us_;
        if (!import_.unanswered()) return {};
        at_most = milliseconds(0);
    }
}

Result<void> Run::look_at_silence() {
    if (!import_.unanswered()) {
        outcome_us_ = heard_us_ = now();
        return {};
    }
    if (now() - heard_us_ >= silence_us_) {
        heard_us_ = now();
        silence_us_ = std::min(silence_us_ * 2, kSilenceMax);
        import_.lost();
    }
    const std::int64_t stuck = now() - outcome_us_;
    const std::string& reason = import_.window().reason();
    if (stuck >= kSilenceMin && !told_) {
        told_ = true;
        progress_.say("filial: import: the publisher does not answer" +
                      (reason.empty() ? "" : " (" + reason + ")") + "; trying again for " +
                      duration_text(wait_us_));
    }
    if (stuck < kSilenceMin) told_ = false;
    if (stuck < wait_us_) return {};
    const auto saved = import_.save();
    return schema::fail(Errc::unreachable,
                        "import: the publisher did not take a ticket for " +
                            duration_text(wait_us_) + (reason.empty() ? "" : " (" + reason + ")") +
                            "; lines up to " + std::to_string(import_.settled()) + " are done" +
                            (saved ? "" : " (" + saved.error().message + ")") +
                            "; start filial-publisher and run the import again, it goes on there");
}

Result<void> Run::show() {
    const auto reports = import_.take_reports();
    for (const LineReport& report : reports) {
        progress_.say("filial: line " + std::to_string(report.line) +
                      (report.bad ? " is bad: " : " was refused: ") + report.why);
        if (!context_.console.json) continue;
        if (not_booked_.size() >= kNamedMax) {
            ++not_named_;
            continue;
        }
        Json one;
        one["line"] = report.line;
        one["what"] = report.bad ? "bad" : "refused";
        one["reason"] = report.why;
        not_booked_.push_back(std::move(one));
    }
    progress_.update(reader_.bytes_read(), import_.counts().lines, now());
    return reports.empty() ? Result<void>{} : import_.save();
}

Result<int> Run::go() {
    while (!import_.done() && !stop_requested()) {
        for (const auto step :
             {&Run::read_lines, &Run::send_tickets, &Run::take_answers, &Run::look_at_silence}) {
            const auto done = (this->*step)();
            if (done) continue;
            static_cast<void>(show());  // The first trouble counts.
            progress_.finish();
            return tl::unexpected(done.error());
        }
        if (const auto shown = show(); !shown) return tl::unexpected(shown.error());
    }
    progress_.finish();
    if (const auto saved = import_.save(); !saved) return tl::unexpected(saved.error());
    return finish();
}

int Run::finish() {
    const ImportCounts& counts = import_.counts();
    const double seconds = static_cast<double>(std::max<std::int64_t>(now() - began_us_, 1)) / 1e6;
    const auto rate = static_cast<std::uint64_t>(static_cast<double>(counts.booked) / seconds);
    const bool complete = import_.done();
    if (context_.console.json) {
        Json summary;
        summary["lines"] = counts.lines;
        summary["booked"] = counts.booked;
        summary["already_booked"] = counts.already_booked;
        summary["refused"] = counts.refused;
        summary["bad"] = counts.bad;
        summary["flagged"] = counts.flagged;
        summary["seconds"] = static_cast<double>(static_cast<std::int64_t>(seconds * 1e3)) / 1e3;
        summary["rate"] = rate;
        summary["complete"] = complete;
        summary["not_booked"] = not_booked_;
        if (not_named_ > 0) summary["not_booked_left_out"] = not_named_;
        context_.console.line(dump(summary));
    } else {
        std::string text = grouped(counts.lines) + " lines: " + grouped(counts.booked) +
                           " booked, " + grouped(counts.already_booked) + " booked before, " +
                           grouped(counts.refused) + " refused, " + grouped(counts.bad) + " bad; " +
                           duration_text(static_cast<std::int64_t>(seconds * 1e6)) + ", " +
                           grouped(rate) + "/s";
        if (counts.flagged > 0) text += "; " + grouped(counts.flagged) + " flagged for a person";
        context_.console.line(text);
    }
    if (!complete) {
        context_.console.say("filial: import: stopped after line " +
                             std::to_string(import_.settled()) + "; run it again to go on");
        return kFailed;
    }
    if (counts.refused > 0) return kRefused;
    return counts.bad > 0 ? kUsage : kDone;
}

/// What the store knows of this import; waits for a publisher that is just starting.
Result<schema::ClientState> ask_store(Context& context, Link& link, const ImportArgs& args) {
    const std::int64_t until =
        context.clock.boot().value() + static_cast<std::int64_t>(args.wait_seconds * 1e6);
    bool told = false;
    while (true) {
        schema::ClientAsk ask;
        ask.client = Import::client_of(args.source);
        auto state = ask_for<schema::ClientState>(link, ask, milliseconds(2'000));
        if (state) return state;
        const bool again = schema::error_info(state.error().code).retry;
        if (!again || context.clock.boot().value() >= until || stop_requested()) {
            return tl::unexpected(with_advice(state.error(), "import", Process::publisher));
        }
        if (!told) {
            context.console.say("filial: import: the publisher does not answer; trying again for " +
                                std::to_string(static_cast<int>(args.wait_seconds)) + " s");
        }
        told = true;
    }
}

}  // namespace

Result<int> run_import(Context& context, const ImportArgs& given) {
    ImportArgs args = given;
    if (args.source.empty() && args.file == "-") {
        return schema::fail(Errc::invalid,
                            "import: standard input has no name; give one with --source NAME, the "
                            "same for every run of the same lines");
    }
    if (args.source.empty()) args.source = std::filesystem::path(args.file).filename().string();
    // What a file says has happened: nobody is there to be told of a limit.
    OperationDefaults defaults{context.clock.wall(), args.document, args.fact, true, {}};
    if (!args.at.empty()) {
        const auto at = schema::parse_timestamp(args.at);
        if (!at) return schema::fail("--at", at.error());
        defaults.at = *at;
    }
    const auto options = context.options();
    if (!options) return tl::unexpected(options.error());
    defaults.home = (*options)->books_at().value();
    auto reader = LineReader::open(args.file);
    if (!reader) return schema::fail("import", reader.error());
    auto journal =
        ImportJournal::open((*options)->data / "imports", Import::client_of(args.source));
    if (!journal) return schema::fail("import", journal.error());
    auto link = context.connect(Process::publisher);
    if (!link) return tl::unexpected(link.error());
    catch_signals();

    const auto state = ask_store(context, **link, args);
    if (!state) return tl::unexpected(state.error());
    ImportSettings settings;
    settings.source = args.source;
    settings.window = static_cast<std::size_t>(args.window);
    settings.strict = args.strict;
    settings.defaults = defaults;
    Import import(settings, *state, *journal);
    ImportOrigin origin((*options)->data / "imports", Import::client_of(args.source), args.file);
    if (state->highest == 0) origin.note();
    auto done = Run(context, args, **link, *reader, import).go();
    if (done) origin.note();
    if (!done && done.error().code == Errc::refused) done.error().message += origin.advice();
    const bool named = !done && !done.error().message.starts_with("import: ");
    if (named) return schema::fail("import " + args.file, done.error());
    return done;
}

}  // namespace filial::cli
