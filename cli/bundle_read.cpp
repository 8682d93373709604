#include <algorithm>

#include "cli/bundle.h"
#include "cli/bundle_giver.h"
#include "cli/bundle_memory.h"
#include "cli/converse.h"
#include "cli/queue.h"
#include "cli/time_text.h"

namespace filial::cli {

using schema::Bundle;
using schema::BundleLog;
using schema::Errc;
using schema::Error;
using schema::Result;
using schema::Sequence;

namespace {

/// Who of this machine takes what of a log, for people.
std::string taker_name(Process process) {
    return process == Process::subscriber ? "the replica" : "the " + name_of(process);
}

const char* state_name(const BundleGiver& giver) {
    switch (giver.state()) {
        case BundleGiver::State::done:
            return giver.held_before() == giver.held() ? "known" : "taken";
        case BundleGiver::State::unwanted:
            return "unwanted";
        case BundleGiver::State::gap:
            return "gap";
        case BundleGiver::State::under_way:
        case BundleGiver::State::refused:
            break;
    }
    return "refused";
}

/// One reading of a bundle.
class Reading {
  public:
    Reading(Context& context, const core::Options& options, const Bundle& bundle)
        : context_(context), options_(options), bundle_(bundle) {}

    /// Hands one log to one program.
    Result<void> give(const BundleLog& log, Process process);
    void problem(Errc code, std::string text) { problems_.push_back({code, std::move(text)}); }
    int show(const std::string& file);

  private:
    Result<void> stalled(const BundleLog& log, Process process);
    std::string gap_text(const BundleLog& log, Process process, Sequence held) const;
    void tell(const BundleLog& log, Process process, const BundleGiver& giver, Sequence whole);

    Context& context_;
    const core::Options& options_;
    const Bundle& bundle_;
    Json logs_ = Json::array();
    std::vector<std::string> lines_;
    std::vector<Error> problems_;
};

/// What the program says of the log that it was given, where it takes no more.
Result<void> Reading::stalled(const BundleLog& log, Process process) {
    auto link = context_.connect(remote_of(process, options_));
    if (!link) return tl::unexpected(link.error());
    const auto status =
        ask_for<schema::Status>(**link, schema::StatusAsk{}, std::chrono::milliseconds(1'000));
    if (!status) return {};  // Busy with its disk, perhaps.
    for (const schema::Leg& leg : status->legs) {
        const bool this_one = leg.direction == "in" && leg.origin == log.store.value() &&
                              leg.peer == log.store.value() + "/bundle";
        if (this_one && !leg.note.empty()) return schema::fail(Errc::refused, leg.note);
    }
    return {};
}

std::string Reading::gap_text(const BundleLog& log, Process process, Sequence held) const {
    const schema::BundleHeader& header = bundle_.header;
    const std::string which = log.store == header.from ? "" : log.store.value() + ":";
    return "bundle " + std::to_string(header.number) + " begins above " +
           grouped(log.after.value()) + " of " + log.store.value() + ", held by " +
           taker_name(process) + " is " + grouped(held.value()) +
           ": read the earlier one first, or have it written at " + header.from.value() +
           " with `filial bundle write --to " + header.to.value() + " --after " + which +
           std::to_string(held.value()) + " FILE`";
}

void Reading::tell(const BundleLog& log, Process process, const BundleGiver& giver,
                   Sequence whole) {
    Json one;
    one["store"] = log.store.value();
    one["process"] = name_of(process);
    one["state"] = state_name(giver);
    one["held_before"] = giver.held_before().value();
    one["held"] = giver.held().value();
    logs_.push_back(std::move(one));
    const std::string head = log.store.value() + ": ";
    if (giver.state() == BundleGiver::State::gap) {
        problem(Errc::gap, gap_text(log, process, giver.held()));
    } else if (giver.state() == BundleGiver::State::refused) {
        problem(Errc::refused, head + taker_name(process) + " takes nothing of it: " + giver.why());
    } else if (giver.state() == BundleGiver::State::unwanted) {
        lines_.push_back(head + taker_name(process) + " does not take this log");
    } else if (giver.held_before() >= whole) {
        lines_.push_back(head + range_text(log.after, whole) + " was known to " +
                         taker_name(process) + " already");
    } else {
        lines_.push_back(head + taker_name(process) + " took " +
                         range_text(giver.held_before(), whole));
    }
}

Result<void> Reading::give(const BundleLog& log, Process process) {
    auto link = context_.connect(remote_of(process, options_));
    if (!link) return tl::unexpected(link.error());
    BundledLog source(bundle_, log);
    std::vector<schema::MarkMessage> marks;
    for (const schema::MarkMessage& message : bundle_.marks) {
        schema::Parser parser;
        const auto mark = schema::decode_mark(parser, message.mark);
        if (mark && mark->store == log.store) marks.push_back(message);
    }
    BundleGiver giver(source, std::move(marks), bundle_.header.written);
    const auto done = converse(context_, **link, giver, [&] { return stalled(log, process); });
    if (!done && done.error().code == Errc::refused) {
        problem(Errc::refused, log.store.value() + ": " + taker_name(process) +
                                   " takes nothing more of it: " + done.error().message);
        return {};
    }
    if (!done) return tl::unexpected(with_advice(done.error(), log.store.value(), process));
    tell(log, process, giver, source.upto());
    return {};
}

int Reading::show(const std::string& file) {
    if (bundle_.damage) problem(Errc::corrupt, damage_text(file, bundle_));
    int code = kDone;
    for (const Error& error : problems_) code = std::max(code, exit_code_of(error.code));
    if (context_.console.json) {
        Json problems = Json::array();
        for (const Error& error : problems_) {
            Json one;
            one["code"] = std::string(schema::error_info(error.code).name);
            one["message"] = error.message;
            problems.push_back(std::move(one));
        }
        Json json = bundle_json(bundle_);
        json["given"] = logs_;
        json["problems"] = std::move(problems);
        context_.console.line(dump(json));
        return code;
    }
    context_.console.line(bundle_title(bundle_.header));
    for (const std::string& line : lines_) context_.console.line("  " + line);
    for (const Error& error : problems_) {
        context_.console.say("filial: bundle read: " + error.message);
    }
    return code;
}

}  // namespace

Result<int> run_bundle_read(Context& context, const BundleReadArgs& args) {
    const auto loaded = context.options();
    if (!loaded) return tl::unexpected(loaded.error());
    const core::Options& options = **loaded;
    if (const auto own = check_own_log(options); !own) return tl::unexpected(own.error());
    const auto bundle = load_bundle(args.file);
    if (!bundle) return schema::fail("bundle read", bundle.error());
    const schema::BundleHeader& header = bundle->header;
    if (header.to != options.store && !args.anyway) {
        return schema::fail(Errc::refused,
                            "bundle read: " + args.file + " is for " + header.to.value() +
                                ", and this is " + options.store.value() +
                                ": nothing of it was taken; carry it to " + header.to.value() +
                                ", or read it here too with --anyway");
    }
    const auto reports = ask_processes(context);
    if (!reports) return tl::unexpected(reports.error());
    Reading reading(context, options, *bundle);
    bool any = false;
    for (const ProcessReport& report : *reports) {
        if (!report.status) {
            if (!report.expected) continue;
            const Error error =
                with_advice(report.error, "filial-" + name_of(report.process), report.process);
            reading.problem(error.code, error.message + ", and read this bundle again");
            continue;
        }
        any = true;
        for (const BundleLog& log : header.logs) {
            const auto given = reading.give(log, report.process);
            if (!given) reading.problem(given.error().code, given.error().message);
        }
    }
    if (!any) {
        return schema::fail(Errc::unreachable,
                            "bundle read: no program of this store runs, so that nobody can take "
                            "it; start them, or look at `filial status`");
    }
    const auto memory_file = bundle_memory_file(options.data, header.from);
    auto memory = load_bundle_memory(memory_file);
    if (!memory) return schema::fail("bundle read", memory.error());
    const BundleMemory before = *memory;
    memory->heard(header);
    if (*memory != before) {
        if (const auto saved = save_bundle_memory(memory_file, *memory); !saved) {
            return schema::fail("bundle read", saved.error());
        }
    }
    return reading.show(args.file);
}

}  // namespace filial::cli
