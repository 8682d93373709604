#include "cli/submit.h"

#include <array>
#include <thread>

#include "cli/account_step.h"
#include "cli/json.h"
#include "cli/name_homes.h"
#include "cli/next_step.h"
#include "cli/ticket_time.h"
#include "schema/hash.h"
#include "schema/payloads.h"

namespace filial::cli {

using schema::Accepted;
using schema::Errc;
using schema::Error;
using schema::Message;
using schema::Result;
using schema::TicketRefused;
using std::chrono::milliseconds;

namespace {

/// An answer that takes longer than this is asked for again.
constexpr std::int64_t kTryMs = 2'000;

struct FlagInfo {
    schema::Flag flag;
    const char* name;
    const char* text;
};
constexpr std::array kFlags{
    FlagInfo{schema::kFlagFact, "fact", "entered as a fact: booked and flagged"},
    FlagInfo{schema::kFlagBelowZero, "below_zero", "stock went below zero: booked and flagged"},
    FlagInfo{schema::kFlagUnknownKey, "unknown_customer",
             "this store does not know the customer: booked and flagged"},
    FlagInfo{schema::kFlagDifference, "difference",
             "another quantity than was sent: booked and flagged"},
    FlagInfo{schema::kFlagFound, "found",
             "goods that turned up after their transfer was cancelled: booked and flagged"},
    FlagInfo{schema::kFlagUndecided, "undecided",
             "a notice of another store could not be decided here: only that it came is booked"},
    FlagInfo{schema::kFlagWrittenOff, "written_off",
             "goods on the way are given up, or were found after that: booked and flagged"},
    FlagInfo{schema::kFlagGivenUp, "given_up",
             "what a lost log held of a limit or of goods is given up: booked and flagged"},
    FlagInfo{schema::kFlagNoRoom, "no_room",
             "more than this store was granted, or has left: booked and flagged"},
    FlagInfo{schema::kFlagAfterClose, "after_close",
             "the account is closed, somebody has to review it: booked and flagged"},
    FlagInfo{schema::kFlagPaidTwice, "paid_twice",
             "this document was paid before, the customer has a credit now: booked and flagged"},
    FlagInfo{schema::kFlagOverCommitted, "over_committed",
             "less is left than others were promised: booked and flagged"},
};

schema::ClientId client_of(const std::string& text) {
    if (text.empty()) return schema::id16_from(schema::random_bytes(16));
    const bool hex =
        text.size() == 32 && text.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
    if (!hex) return schema::hash16_of("client\n" + text);
    schema::ClientId id{};
    for (std::size_t i = 0; i < id.size(); ++i) {
        id[i] = static_cast<std::uint8_t>(std::stoul(text.substr(i * 2, 2), nullptr, 16));
    }
    return id;
}

/// The publisher's last word about the ticket: Accepted or TicketRefused.
Result<Message> answer_to(Context& context, Link& link, const schema::Ticket& ticket,
                          double wait_seconds) {
    const auto now_ms = [&] { return context.clock.boot().value() / 1'000; };
    const std::int64_t until = now_ms() + static_cast<std::int64_t>(wait_seconds * 1e3);
    bool maybe_booked = false;
    while (true) {
        const std::int64_t left = std::max<std::int64_t>(until - now_ms(), 100);
        auto answer = link.ask(ticket, milliseconds(std::min(left, kTryMs)));
        Error error{Errc::io, ""};
        if (answer) {
            if (std::holds_alternative<Accepted>(*answer)) return answer;
            if (std::holds_alternative<TicketRefused>(*answer)) return answer;
            const auto* busy = std::get_if<schema::Busy>(&*answer);
            if (busy == nullptr) return schema::fail(Errc::corrupt, "an unexpected answer");
            error = {Errc::busy, busy->reason};
            const std::int64_t pause = static_cast<std::int64_t>(busy->retry_ms);
            std::this_thread::sleep_for(milliseconds(std::clamp<std::int64_t>(pause, 1, left)));
        } else {
            error = answer.error();
            maybe_booked = maybe_booked || error.code == Errc::timeout;
            const bool again = error.code == Errc::timeout || error.code == Errc::unreachable ||
                               error.code == Errc::busy;
            if (!again) return tl::unexpected(error);
        }
        if (now_ms() < until) continue;
        error.message += maybe_booked
                             ? "; whether it was booked is not known: the same ticket "
                               "with --client " +
                                   schema::to_hex(schema::view(ticket.client)) + " --number " +
                                   std::to_string(ticket.number) + " is booked once"
                             : "; nothing was booked";
        return tl::unexpected(error);
    }
}

void print_accepted(Console& console, const std::string& store, const schema::Ticket& ticket,
                    const Accepted& accepted, const std::string& next, const Json& beside) {
    if (console.json) {
        Json out;
        out["store"] = store;
        out["epoch"] = accepted.epoch.value();
        out["first"] = accepted.first.value();
        out["last"] = accepted.last.value();
        out["flags"] = flag_names(accepted.flags);
        out["repeated"] = accepted.repeated;
        out["client"] = schema::to_hex(schema::view(ticket.client));
        out["number"] = ticket.number;
        if (!next.empty()) out["next"] = next;
        for (const auto& [name, value] : beside.items()) out[name] = value;
        console.line(dump(out));
        return;
    }
    std::string text = accepted.repeated ? "booked before at " : "booked at ";
    text +=
        schema::to_string(schema::Position{schema::StoreId{store}, accepted.epoch, accepted.first});
    if (accepted.last != accepted.first) text += ".." + std::to_string(accepted.last.value());
    console.line(text);
    for (const std::string& flag : flag_texts(accepted.flags)) console.say(flag);
    if (!next.empty()) console.say(next);
}

/// Of a ticket with one operation: what happens next.
std::string next_of(Context& context, const std::vector<PlacedOperation>& operations,
                    const Accepted& accepted) {
    if (operations.size() != 1) return "";
    const schema::Operation& operation = operations.front().operation;
    const auto options = context.options();
    const std::string next = next_step(operation, options ? (*options)->books_at().value() : "");
    return next.empty() ? next_account_step(context, operation, accepted) : next;
}

int print_refused(Console& console, const std::vector<PlacedOperation>& operations,
                  const TicketRefused& refused) {
    const bool one = refused.index < operations.size();
    const bool named = one && operations.size() > 1;
    Error error{refused.code, "hand in the ticket: "};
    if (named) error.message += operations[refused.index].place + ": ";
    error.message += refused.reason;
    if (operations.size() > 1) error.message += "; nothing of the ticket was booked";
    TicketFault fault;
    if (one) fault = {static_cast<std::size_t>(refused.index) + 1, operations[refused.index].line};
    return print_fault(console, error, fault);
}

}  // namespace

int print_fault(Console& console, const Error& error, const TicketFault& fault) {
    if (!console.json) return report(console, error);
    Json inner;
    inner["code"] = std::string(schema::error_info(error.code).name);
    inner["message"] = error.message;
    inner["operation"] = fault.operation != 0 ? Json(fault.operation) : Json(nullptr);
    inner["line"] = fault.line != 0 ? Json(fault.line) : Json(nullptr);
    Json outer;
    outer["error"] = std::move(inner);
    console.line(dump(outer));
    return exit_code_of(error.code);
}

Result<OperationDefaults> defaults_of(Context& context, const TicketArgs& args) {
    OperationDefaults defaults{context.clock.wall(), args.document, args.fact};
    // Without a configuration nothing is handed in, and that is said where it is tried.
    if (const auto known = context.options()) defaults.home = (*known)->books_at().value();
    if (!args.at.empty()) {
        const auto at = schema::parse_timestamp(args.at);
        if (!at) return schema::fail("--at", at.error());
        defaults.at = *at;
    } else if (!args.client.empty()) {
        const auto options = context.options();
        if (!options) return tl::unexpected(options.error());
        defaults.at =
            time_of_ticket((*options)->data, client_of(args.client), args.number, defaults.at);
    }
    return defaults;
}

Result<int> submit(Context& context, const TicketArgs& args,
                   std::vector<PlacedOperation> operations, const Json& beside) {
    const auto options = context.options();
    if (!options) return tl::unexpected(options.error());
    name_homes(context, operations);
    auto link = context.connect(Process::publisher);
    if (!link) return tl::unexpected(link.error());

    schema::Ticket ticket;
    ticket.client = client_of(args.client);
    ticket.number = args.number;
    for (const PlacedOperation& placed : operations) ticket.operations.push_back(placed.operation);
    const auto answer = answer_to(context, **link, ticket, args.wait_seconds);
    if (!answer) {
        const Error error = with_advice(answer.error(), "hand in the ticket", Process::publisher);
        return tl::unexpected(error);
    }
    if (const auto* refused = std::get_if<TicketRefused>(&*answer)) {
        return print_refused(context.console, operations, *refused);
    }
    const auto& accepted = std::get<Accepted>(*answer);
    print_accepted(context.console, (*options)->books_at().value(), ticket, accepted,
                   next_of(context, operations, accepted), beside);
    return kDone;
}

Result<int> submit(Context& context, const TicketArgs& args, const schema::Operation& operation,
                   const Json& beside) {
    if (const auto valid = schema::validate(operation); !valid) {
        const std::string name(schema::operation_info(operation.kind).name);
        const Error error{valid.error().code, name + ": " + valid.error().message};
        return print_fault(context.console, error, {1, 0});
    }
    return submit(context, args, std::vector<PlacedOperation>{{operation, "operation 1"}}, beside);
}

std::vector<std::string> flag_texts(std::uint64_t flags) {
    std::vector<std::string> texts;
    for (const FlagInfo& info : kFlags) {
        if (flags & info.flag) texts.emplace_back(info.text);
    }
    return texts;
}

std::vector<std::string> flag_names(std::uint64_t flags) {
    std::vector<std::string> names;
    for (const FlagInfo& info : kFlags) {
        if (flags & info.flag) names.emplace_back(info.name);
    }
    return names;
}

}  // namespace filial::cli
