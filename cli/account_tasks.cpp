#include "cli/account_tasks.h"

#include "cli/account_lists.h"
#include "cli/heard.h"
#include "cli/pages.h"
#include "cli/time_text.h"
#include "cli/transfer_list.h"
#include "schema/amounts.h"

namespace filial::cli {

using schema::AnswerRow;
using schema::Query;
using schema::QueryKind;
using schema::Result;

namespace {

/// A store that is open every day has answered by then.
constexpr std::int64_t kTooLongUs = std::int64_t{86'400} * 1'000'000;

bool is_of_stock(const AnswerRow& row) { return field_of(row, "of") == "stock"; }

std::string printed_amount(const AnswerRow& row) {
    return is_of_stock(row) ? to_string(schema::Quantity{row.value})
                            : to_string(schema::Money{row.value});
}

/// "12377", or "--stock 85123A": what stands behind the verbs of grants.
std::string named(const AnswerRow& row) { return (is_of_stock(row) ? "--stock " : "") + row.key; }

Task task_of(const AnswerRow& row, const std::string& kind, std::string text) {
    Task task;
    task.kind = kind;
    task.owner = row.store;
    task.subject = (is_of_stock(row) ? "stock of " : "customer ") + row.key;
    task.text = std::move(text);
    return task;
}

void add_round(Context& context, const AnswerRow& row, const Heard& heard, Tasks& tasks) {
    const std::string& state = field_of(row, "state");
    if (state == "review") {
        tasks.push_back(task_of(row, "review",
                                "something was booked after the account was closed (`filial why "
                                "credit " +
                                    row.key + "`): `filial close-account " + row.key +
                                    "` closes it again, `filial reopen-account " + row.key +
                                    "` leaves it open"));
        return;
    }
    const std::int64_t age = ago_us(context, row, "since");
    const std::string what =
        field_of(row, "for") + " since " + duration_text(std::max<std::int64_t>(age, 0));
    if (state == "ready") {
        tasks.push_back(task_of(
            row, "round-ready",
            what + ": everybody has answered, `filial round verdict " + row.key + "` decides it"));
        return;
    }
    if (age < kTooLongUs) return;
    tasks.push_back(task_of(row, "round-waiting",
                            what + ": " + waiting_for(heard, waits_of(row)) +
                                "; `filial round cancel " + row.key +
                                "` gives it up, `filial retire-store STORE` says that one "
                                "is no more"));
}

Task request_task(const AnswerRow& row) {
    const std::string& holder = field_of(row, "holder");
    return task_of(row, "grant-request",
                   holder + " asks for " + printed_amount(row) + ": `filial grant " + named(row) +
                       " " + printed_amount(row) + " --to " + holder +
                       "` gives it, `filial grant refuse " + named(row) + " --to " + holder +
                       "` says no");
}

Task beyond_task(const AnswerRow& row) {
    const std::string amount = printed_amount(row);
    const std::string& holder = field_of(row, "holder");
    if (is_of_stock(row)) {
        return task_of(row, "beyond",
                       amount + " more is promised than there is: get more in, or `filial recall " +
                           named(row) + " --from STORE`");
    }
    if (holder.empty()) {
        return task_of(row, "beyond",
                       amount +
                           " more is owed or given away than the limit: collect it, raise the "
                           "limit (`filial limit " +
                           row.key + " AMOUNT`), or `filial recall " + row.key + " --from STORE`");
    }
    return task_of(row, "beyond",
                   holder + " booked " + amount +
                       " beyond its part as facts: collect it, or "
                       "`filial grant " +
                       row.key + " " + amount + " --to " + holder + "` covers it");
}

Task unaccounted_task(const AnswerRow& row) {
    const std::string& holder = field_of(row, "holder");
    return task_of(row, "unaccounted",
                   holder + " held " + printed_amount(row) +
                       " when it lost its log or was retired: `filial tail-told` there once it has "
                       "booked again what was lost, or `filial grant write-off " +
                       named(row) + " --of " + holder + "` gives it up");
}

Task paid_twice_task(const AnswerRow& row) {
    const std::string& document = field_of(row, "document");
    return task_of(
        row, "paid-twice",
        "document " + document + " was paid again at " + field_of(row, "holder") +
            ", and he is owed " + to_string(schema::Money{-row.value}) +
            " now: keep it as his credit, or give it back and book that (`filial charge " +
            row.key + " " + to_string(schema::Money{-row.value}) + " --doc " + document +
            " --fact`)");
}

/// Less is there than was given away, and this store has to know before it promises more.
Task cut_task(const AnswerRow& row) {
    const std::string& by = field_of(row, "by");
    const bool stock = is_of_stock(row);
    const std::string left =
        stock ? to_string(schema::Quantity{row.second}) : to_string(schema::Money{row.second});
    return task_of(row, "cut",
                   by + " took back " + printed_amount(row) + " of what was " +
                       (stock ? "reserved" : "granted") + " here (" + field_of(row, "why") + "), " +
                       left + " is left: look what you promised, and `filial grant ask " +
                       named(row) + " " + printed_amount(row) + (stock ? " --home " + by : "") +
                       "` asks for more, or `filial grant return " + named(row) +
                       (stock ? " --to " + by : "") + "` gives the rest back");
}

/// Nothing more will come by itself: somebody has to ask again, or to leave it at that.
Task refused_task(const AnswerRow& row) {
    const std::string& by = field_of(row, "by");
    const bool stock = is_of_stock(row);
    return task_of(row, "refused",
                   by + " gives no " + printed_amount(row) + " more (" + field_of(row, "why") +
                       "): " + (stock ? "promise no more of it" : "take cash") +
                       ", `filial grant ask " + named(row) + " " + printed_amount(row) +
                       " --home " + by + "` asks again, or `filial grant return " + named(row) +
                       (stock ? " --to " + by : "") + "` leaves it at that" +
                       (row.second > 0 ? " and gives back what is held" : ""));
}

}  // namespace

Result<void> add_account_tasks(Context& context, const std::string& owner, bool goods_alone,
                               Tasks& tasks) {
    const auto heard = heard_stores(context);
    if (!heard) return tl::unexpected(with_advice(heard.error(), "tasks", Process::subscriber));
    auto link = context.connect(Process::subscriber);
    if (!link) return tl::unexpected(link.error());
    const auto ask = [&](QueryKind kind, const std::function<void(const AnswerRow&)>& each) {
        Query query;
        query.kind = kind;
        query.store = owner;
        if (goods_alone) query.topic = schema::kTopicStock;
        return ask_pages(**link, query, each);
    };
    Result<std::string> asked;
    if (!goods_alone) {
        asked = ask(QueryKind::list_rounds,
                    [&](const AnswerRow& row) { add_round(context, row, *heard, tasks); });
    }
    if (asked) {
        asked = ask(QueryKind::list_requests, [&](const AnswerRow& row) {
            if (field_of(row, "refused").empty()) tasks.push_back(request_task(row));
        });
    }
    if (asked) {
        asked = ask(QueryKind::account_tasks, [&](const AnswerRow& row) {
            const std::string& kind = field_of(row, "task");
            if (kind == "beyond") tasks.push_back(beyond_task(row));
            if (kind == "unaccounted") tasks.push_back(unaccounted_task(row));
            if (kind == "paid-twice") tasks.push_back(paid_twice_task(row));
            if (kind == "cut") tasks.push_back(cut_task(row));
            if (kind == "refused") tasks.push_back(refused_task(row));
        });
    }
    if (asked) return {};
    return tl::unexpected(with_advice(asked.error(), "tasks", Process::subscriber));
}

}  // namespace filial::cli
