#include "cli/tasks.h"

#include <map>

#include "cli/account_tasks.h"
#include "cli/conflicts.h"
#include "cli/json.h"
#include "cli/pages.h"
#include "cli/table.h"
#include "cli/time_text.h"
#include "cli/transfer_list.h"
#include "cli/unseen.h"
#include "cli/verdicts.h"
#include "schema/amounts.h"

namespace filial::cli {

using schema::AnswerRow;
using schema::Query;
using schema::QueryKind;
using schema::Result;

namespace {

/// What the source of a transfer does about it.
std::string advice(const AnswerRow& row) {
    const std::string& state = field_of(row, "state");
    const std::string command = "`filial transfer correct " + row.key + " QTY`";
    const std::string who = field_of(row, "to");
    if (state == "found") {
        return "goods that were taken back here were found at " + who +
               ": look whether they are on the shelf, then say what really left with " + command;
    }
    if (state == "never sent") {
        return who +
               " received goods that were never sent from here: book them with `filial "
               "transfer send " +
               row.key + " --to " + who + "`, if they left";
    }
    if (state == "surplus") {
        return who + " received more than left here: count, then " + command;
    }
    return who + " received less than left here: find it, " + command +
           ", or `filial transfer write-off " + row.key + " QTY`";
}

Result<Unseen> unseen_here(Context& context) {
    auto link = context.connect(Process::subscriber);
    if (!link) return tl::unexpected(link.error());
    auto unseen = unseen_topics(**link);
    if (unseen) return unseen;
    return tl::unexpected(with_advice(unseen.error(), "tasks", Process::subscriber));
}

Result<void> add_transfer_tasks(Context& context, Tasks& tasks) {
    Query query;
    query.kind = QueryKind::list_transfers;
    auto link = context.connect(Process::subscriber);
    if (!link) return tl::unexpected(link.error());
    const auto asked = ask_pages(**link, query, [&](const AnswerRow& row) {
        const std::string& owner = field_of(row, "owner");
        if (owner.empty()) return;
        Task task;
        task.kind = field_of(row, "state") == "found" ? "found-goods" : "discrepancy";
        task.owner = owner;
        task.subject = "transfer " + row.key;
        task.text = to_string(schema::Quantity{row.value}) + " of " + field_of(row, "sku") + ": " +
                    advice(row);
        task.due = field_of(row, "due");
        task.overdue = ago_us(context, row, "due") > 0;
        tasks.push_back(std::move(task));
    });
    if (asked) return {};
    return tl::unexpected(with_advice(asked.error(), "tasks", Process::subscriber));
}

Result<void> add_conflict_tasks(Context& context, Tasks& tasks) {
    Query query;
    query.kind = QueryKind::conflicts;
    const auto values = known_values(context, query);
    if (!values) return tl::unexpected(with_advice(values.error(), "tasks", Process::subscriber));
    std::map<std::string, std::size_t> known;
    for (const KnownValue& value : *values) {
        const std::string subject = "customer " + value.customer;
        const std::string name = subject + "\n" + (value.twice ? "twice" : value.field);
        const auto [at, added] = known.try_emplace(name, tasks.size());
        if (!added) {
            tasks[at->second].text += " | " + value.value;
            continue;
        }
        Task task;
        task.kind = value.twice ? "registered-twice" : "conflict";
        task.owner = value.home;
        task.subject = subject;
        task.text = value.twice ? "registered at several stores, ask the customer where he is at "
                                  "home: "
                                : "`filial resolve " + value.customer + " " + value.field +
                                      " VALUE` settles ";
        task.text += value.twice ? value.value : value.field + ": " + value.value;
        tasks.push_back(std::move(task));
    }
    return {};
}

/// Whether the shelf is still below zero, for a finding about that; anything else stays.
Result<bool> still_holds(Context& context, const ToldVerdict& verdict, const Unseen& unseen) {
    if (verdict.finding != "below-zero" || unseen.has(schema::kTopicStock)) return true;
    Query query;
    query.kind = QueryKind::stock;
    query.key = verdict.key;
    query.store = verdict.store;
    auto link = context.connect(Process::subscriber);
    if (!link) return tl::unexpected(link.error());
    bool below = false;
    const auto asked =
        ask_pages(**link, query, [&](const AnswerRow& row) { below = below || row.value < 0; });
    if (!asked && asked.error().code != schema::Errc::not_found) {
        return tl::unexpected(with_advice(asked.error(), "tasks", Process::subscriber));
    }
    return below;
}

/// One task for each key and finding, however many events have it.
Result<void> add_verdict_tasks(Context& context, const Unseen& unseen, Tasks& tasks) {
    const auto verdicts = told_verdicts(context, "");
    if (!verdicts) return tl::unexpected(verdicts.error());
    std::map<std::string, std::size_t> known;
    for (const ToldVerdict& verdict : *verdicts) {
        const std::string name = verdict.store + "\n" + verdict.finding + "\n" + verdict.key;
        if (!known.try_emplace(name, tasks.size()).second) continue;
        const auto holds = still_holds(context, verdict, unseen);
        if (!holds) return tl::unexpected(holds.error());
        if (!*holds) continue;
        Task task;
        task.kind = "verdict";
        task.owner = verdict.store;
        task.subject = verdict.finding + " " + verdict.key;
        task.text = verdict.text + " (" + verdict.from + " about " + to_string(verdict.cause) + ")";
        tasks.push_back(std::move(task));
    }
    return {};
}

Json json_of(const Task& task) {
    Json json;
    json["kind"] = task.kind;
    json["owner"] = task.owner;
    json["subject"] = task.subject;
    json["text"] = task.text;
    json["due"] = task.due.empty() ? Json(nullptr) : Json(task.due);
    json["overdue"] = task.overdue;
    return json;
}

/// Where a part of the tasks cannot be known, one line more.
Json json_of(const Unseen& unseen, const std::string& self) {
    Task task;
    task.kind = "not-known";
    task.owner = self;
    task.subject = "what is not copied here";
    task.text = to_string(unseen);
    Json json = json_of(task);
    json["topics"] = unseen_json(unseen);
    return json;
}

}  // namespace

Result<int> run_tasks(Context& context, const TaskArgs& args) {
    const auto options = context.options();
    if (!options) return tl::unexpected(options.error());
    const std::string self = (*options)->books_at().value();
    Tasks tasks;
    const auto unseen = unseen_here(context);
    if (!unseen) return tl::unexpected(unseen.error());
    auto added = add_transfer_tasks(context, tasks);
    const bool knows_customers = !unseen->has(schema::kTopicCustomers);
    if (added && knows_customers) added = add_conflict_tasks(context, tasks);
    if (added) added = add_verdict_tasks(context, *unseen, tasks);
    const bool goods_alone = unseen->has(schema::kTopicAccounts);
    if (added) added = add_account_tasks(context, args.all ? "" : self, goods_alone, tasks);
    if (!added) return tl::unexpected(added.error());
    if (!args.all) std::erase_if(tasks, [&](const Task& task) { return task.owner != self; });
    for (const Task& task : tasks) {
        if (context.console.json) {
            context.console.line(dump(json_of(task)));
            continue;
        }
        std::string text = task.owner + ": " + task.subject + ": " + task.text;
        const auto due = schema::parse_timestamp(task.due);
        if (due)
            text += " (by " + local_time(*due).substr(0, 10) + (task.overdue ? ", overdue)" : ")");
        context.console.line(text);
    }
    if (!context.console.json) {
        context.console.say(counted(tasks.size(), "task") + (args.all ? "" : " of " + self) +
                            "; each is gone from here once it is done");
        if (unseen->any()) context.console.say("filial: " + to_string(*unseen));
    } else if (unseen->any()) {
        context.console.line(dump(json_of(*unseen, self)));
    }
    return unseen->any() ? kStale : kDone;
}

}  // namespace filial::cli
