#include "cli/get.h"

#include <algorithm>
#include <chrono>

#include "cli/answer_text.h"
#include "cli/official.h"
#include "cli/pages.h"
#include "cli/sync.h"
#include "cli/time_text.h"
#include "core/options.h"

namespace filial::cli {

using schema::AnswerRow;
using schema::Errc;
using schema::Query;
using schema::QueryKind;
using schema::Result;
using schema::Verdict;

namespace {

Result<Query> query_of(const GetArgs& args) {
    Query query;
    query.key = args.key;
    query.store = args.at;
    if (args.what == "stock") {
        query.kind = QueryKind::stock;
    } else if (args.what == "customer") {
        query.kind = QueryKind::customer;
    } else if (args.what == "debt") {
        query.kind = QueryKind::debt;
    } else {
        query.kind = QueryKind::value;
        const auto topic = schema::parse_topic(args.what);
        if (!topic) return tl::unexpected(topic.error());
        if (schema::is_reserved_topic(*topic)) {
            return schema::fail(Errc::invalid, "\"" + *topic +
                                                   "\" cannot be asked for; ask for stock, "
                                                   "customer, debt, or a topic of yours");
        }
        query.topic = *topic;
    }
    if (!args.at.empty()) {
        const auto store = schema::parse_store_id(args.at);
        if (!store) return schema::fail("--at", store.error());
    }
    if (!args.max_age.empty()) {
        const auto age = core::parse_duration_us(args.max_age);
        if (!age) return schema::fail("--max-age", age.error());
        if (*age < 0) {
            return schema::fail(Errc::invalid, "--max-age: expected a time such as 10m");
        }
        query.max_age_us = *age;
    }
    return query;
}

bool is_fresh(const AnswerRow& row) { return row.freshness.verdict == Verdict::fresh; }

/// Newer data would change the verdict.
bool can_be_updated(const AnswerRow& row) {
    return row.freshness.verdict == Verdict::ask || !row.freshness.ever;
}

/// The policy that counts for this question; -1: only a live answer.
Result<std::int64_t> policy_of(Context& context, const GetArgs& args, const Query& query) {
    if (args.official) return -1;
    if (query.max_age_us >= 0) return query.max_age_us;
    const auto options = context.options();
    if (!options) return tl::unexpected(options.error());
    const core::Policy& policy = (*options)->freshness;
    if (args.purpose == "credit-check") {
        if (query.kind == QueryKind::debt) return policy.credit_check_us;
        return schema::fail(Errc::invalid, "--for credit-check goes with debt");
    }
    if (!args.purpose.empty()) {
        return schema::fail(Errc::invalid, "--for " + args.purpose + ": expected credit-check");
    }
    if (query.kind == QueryKind::stock) return policy.stock_us;
    if (query.kind == QueryKind::customer) return policy.customers_us;
    if (query.kind == QueryKind::debt) return policy.debts_us;
    return policy.other_us;
}

Result<std::chrono::milliseconds> wait_of(const GetArgs& args) {
    const auto wait = core::parse_duration_us(args.wait);
    if (!wait || *wait < core::kSecond || *wait > 100 * core::kSecond) {
        return schema::fail(Errc::invalid,
                            "--wait " + args.wait + ": expected a time from 1s to 100s");
    }
    return std::chrono::milliseconds(*wait / core::kMillisecond);
}

/// One question about one thing, as it is asked and shown.
class Getting {
  public:
    Getting(Context& context, const GetArgs& args, Query query, Link& link)
        : context_(context),
          args_(args),
          query_(std::move(query)),
          link_(link),
          doing_("get " + args.what + " " + args.key) {}

    Result<int> from_replica(std::chrono::milliseconds wait) {
        if (const auto asked = ask(); !asked) return tl::unexpected(asked.error());
        if (rows_.empty()) return nothing();
        const bool stale = std::any_of(rows_.begin(), rows_.end(), can_be_updated);
        const bool person = stale && !context_.console.json && context_.console.can_ask();
        print(person);
        if (!person) {
            tell_stale();
            return code();
        }
        const std::string said = context_.console.read_line();
        const bool yes = said == "y" || said == "Y" || said == "yes" || said == "Yes";
        return yes ? update(wait) : Result<int>(code());
    }

    Result<int> official(std::chrono::milliseconds wait) {
        auto live = ask_live(link_, query_, wait);
        if (!live) return tl::unexpected(with_advice(live.error(), doing_, Process::subscriber));
        if (!live->missing.empty()) return report_missing(context_.console, doing_, *live);
        rows_ = std::move(live->rows);
        unit_ = live->unit;
        if (rows_.empty()) return nothing();
        print(false);
        tell_stale();
        return code();
    }

  private:
    Result<void> ask() {
        rows_.clear();
        const auto unit =
            ask_pages(link_, query_, [&](const AnswerRow& row) { rows_.push_back(row); });
        if (!unit) return tl::unexpected(with_advice(unit.error(), doing_, Process::subscriber));
        unit_ = *unit;
        return {};
    }

    Result<int> nothing() const {
        const std::string where = args_.at.empty() ? "" : " at " + args_.at;
        return schema::fail(Errc::not_found, doing_ + ": nothing is known of it" + where);
    }

    /// What the answer is made of.
    std::vector<schema::Need> needs() const {
        if (query_.kind == QueryKind::stock) return {{std::string(schema::kTopicStock), args_.at}};
        const schema::Need customers{std::string(schema::kTopicCustomers), ""};
        if (query_.kind == QueryKind::customer) return {customers};
        // Any store may have taken a payment.
        if (query_.kind == QueryKind::debt) {
            return {{std::string(schema::kTopicDebts), ""}, customers};
        }
        return {{query_.topic, args_.at}};
    }

    /// Where a line has to be brought up first.
    Result<int> update_by_call(const core::Options& options) {
        context_.console.say("calling, for at most " + duration_text(options.sync.budget_us) +
                             " ...");
        catch_signals();
        const auto report = call_now(context_, needs(), {options.sync.budget_us, 0});
        if (!report) {  // The value that was printed stands.
            context_.console.say("not updated: " + report.error().message);
            return code();
        }
        for (const std::string& each : report->troubles) context_.console.say(each);
        for (const auto& [remote, why] : report->not_reached) {
            context_.console.say(remote + " was not reached: " + why);
        }
        context_.console.say(cost_text(*report));
        if (report->record.failures > 0) {
            context_.console.say("not updated: nobody was reached");
            return code();
        }
        if (const auto asked = ask(); !asked) return tl::unexpected(asked.error());
        print(false);
        tell_stale();
        return code();
    }

    /// With what the stores say now; where some are missing, with what has come of the others.
    Result<int> update(std::chrono::milliseconds wait) {
        const auto options = context_.options();
        if (options && (*options)->has_calls()) return update_by_call(**options);
        context_.console.say("asking every store that matters, " +
                             duration_text(wait.count() * core::kMillisecond) + " at most ...");
        auto live = ask_live(link_, query_, wait);
        if (!live) {  // The value that was printed stands.
            context_.console.say("not updated: " + live.error().message);
            return code();
        }
        if (live->missing.empty()) {
            rows_ = std::move(live->rows);
        } else if (const auto asked = ask(); !asked) {
            return tl::unexpected(asked.error());
        }
        print(false);
        if (!live->missing.empty()) {
            context_.console.say("not updated: " + missing_text(live->missing));
        }
        return code();
    }

    void print(bool with_question) {
        Console& console = context_.console;
        for (std::size_t i = 0; i < rows_.size(); ++i) {
            const AnswerRow& row = rows_[i];
            if (console.json) {
                console.line(dump(row_json(row, query_.kind, unit_)));
                continue;
            }
            if (i > 0) console.line("");
            console.out(row_text(row, args_.what, query_.kind, unit_));
            std::string text = freshness_text(row, unit_);
            const bool last = with_question && i + 1 == rows_.size();
            const bool one_line = text.find('\n') == text.size() - 1;
            if (last && one_line) text.back() = ' ';
            if (last) text += "Do you want to update data? [y/N] ";
            console.out(text);
        }
    }

    /// For whoever reads stdout by a program: why the code is 3.
    void tell_stale() {
        if (context_.console.json) return;
        std::string text;
        for (const AnswerRow& row : rows_) {
            const std::string why = stale_text(row);
            if (why.empty()) continue;
            text += text.empty() ? "" : "; ";
            text += (row.store.empty() ? row.key : row.store) + ": " + why;
        }
        if (!text.empty()) context_.console.say("filial: " + doing_ + ": not fresh: " + text);
    }

    int code() const { return std::all_of(rows_.begin(), rows_.end(), is_fresh) ? kDone : kStale; }

    Context& context_;
    const GetArgs& args_;
    Query query_;
    Link& link_;
    std::string doing_;
    std::vector<AnswerRow> rows_;
    std::string unit_;
};

}  // namespace

Result<int> run_get(Context& context, const GetArgs& args) {
    auto query = query_of(args);
    if (!query) return schema::fail("get", query.error());
    const auto policy = policy_of(context, args, *query);
    if (!policy) return schema::fail("get", policy.error());
    const auto wait = wait_of(args);
    if (!wait) return schema::fail("get", wait.error());
    auto link = context.connect(Process::subscriber);
    if (!link) return tl::unexpected(link.error());
    query->max_age_us = *policy;
    Getting getting(context, args, *query, **link);
    return *policy < 0 ? getting.official(*wait) : getting.from_replica(*wait);
}

}  // namespace filial::cli
