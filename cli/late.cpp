#include "cli/late.h"

#include <algorithm>
#include <map>

#include "cli/json.h"
#include "cli/pages.h"
#include "cli/queue.h"
#include "cli/table.h"
#include "cli/time_text.h"
#include "core/link/allow_list.h"
#include "schema/names.h"

namespace filial::cli {

using schema::AnswerRow;
using schema::Errc;
using schema::Query;
using schema::QueryKind;
using schema::Result;

namespace {

/// What is known of one store, by whoever knows most.
struct Known {
    bool ever = false;
    std::int64_t heard_us = -1;              ///< Since its last mark, or since it last fetched.
    std::optional<schema::Timestamp> as_of;  ///< Of all that is here of it.
    std::uint64_t position = 0;              ///< Up to which all of its log is here.
    std::optional<std::uint64_t> waits;      ///< Events here that it has not fetched.
};
using Stores = std::map<std::string, Known>;

Result<void> ask_replica(Context& context, Stores& stores) {
    auto link = context.connect(Process::subscriber);
    if (!link) return tl::unexpected(link.error());
    Query query;
    query.kind = QueryKind::reached;
    const auto asked = ask_pages(**link, query, [&](const AnswerRow& row) {
        Known& known = stores[row.store];
        known.ever = row.freshness.ever;
        if (known.ever) known.heard_us = row.freshness.age_us;
        if (known.ever) known.as_of = row.freshness.as_of;
        known.position = static_cast<std::uint64_t>(std::max<std::int64_t>(row.value, 0));
    });
    if (!asked) return tl::unexpected(asked.error());
    return {};
}

/// Receivers of a broker, by store: when the last of its programs was heard, and what waits.
void add_receivers(const schema::Status& broker, Stores& stores) {
    std::map<std::string, Known> found;
    for (const schema::Leg& leg : broker.legs) {
        if (leg.direction != "out" || schema::is_tap(leg.peer)) continue;
        Known& known = found[std::string(schema::store_of(leg.peer))];
        known.ever = true;
        const bool later = known.heard_us < 0 || leg.last_heard_us < known.heard_us;
        if (leg.last_heard_us >= 0 && later) known.heard_us = leg.last_heard_us;
        // A subscriber and a publisher of one store fetch the same: the larger one counts.
        known.waits = std::max(known.waits.value_or(0), leg.depth_events);
    }
    std::map<std::string, std::uint64_t> ends;
    for (const schema::Leg& leg : broker.legs) {
        ends[leg.origin] = std::max(ends[leg.origin], leg.end);
    }
    for (auto& [store, at_broker] : found) {
        const auto known = stores.find(store);
        if (known != stores.end()) {
            known->second.waits = at_broker.waits;
            continue;
        }
        at_broker.position = ends[store];
        stores[store] = at_broker;
    }
}

Result<void> add_admitted(const core::Options& options, Stores& stores) {
    core::AllowList allow(options.allow_file());
    if (const auto read = allow.refresh(); !read) return tl::unexpected(read.error());
    for (const core::Admission& entry : allow.all()) {
        if (!entry.relay && entry.publish) stores.try_emplace(entry.store);
    }
    return {};
}

std::string missing_here(const Known& known) {
    if (!known.ever) return "all of its log";
    const std::string event = " (event " + grouped(known.position) + " is here)";
    if (known.as_of) return "what it wrote after " + local_time(*known.as_of) + event;
    return "what it wrote since" + event;
}

Json late_json(const std::string& store, const Known& known) {
    Json out;
    out["store"] = store;
    out["last_heard_seconds"] = seconds_or_null(known.ever ? known.heard_us : -1);
    out["as_of"] = known.as_of ? Json(to_string(*known.as_of)) : Json(nullptr);
    out["position"] = known.position;
    out["missing"] = missing_here(known);
    out["waits_for_it"] = known.waits ? Json(*known.waits) : Json(nullptr);
    return out;
}

}  // namespace

Result<int> run_late(Context& context, const LateArgs& args) {
    const auto options = context.options();
    if (!options) return tl::unexpected(options.error());
    const auto after = core::parse_duration_us(args.after);
    if (!after || *after < 0) {
        return schema::fail(Errc::invalid,
                            "late: --after " + args.after + ": expected a time such as 12h or 1d");
    }
    const auto reports = ask_processes(context);
    if (!reports) return tl::unexpected(reports.error());
    Stores stores;
    bool anybody = false;
    schema::Error silent{Errc::unreachable, "no program of this folder runs"};
    for (const ProcessReport& report : *reports) {
        if (!report.status) {
            if (report.expected) silent = report.error;
            continue;
        }
        if (report.process != Process::subscriber) continue;
        if (const auto asked = ask_replica(context, stores); !asked) {
            return tl::unexpected(with_advice(asked.error(), "late", Process::subscriber));
        }
        anybody = true;
    }
    for (const ProcessReport& report : *reports) {
        if (report.process != Process::broker || !report.status) continue;
        add_receivers(*report.status, stores);
        if (const auto added = add_admitted(**options, stores); !added) {
            return schema::fail("late", added.error());
        }
        anybody = true;
    }
    if (!anybody) {
        return schema::fail(silent.code, "late: neither a replica nor a broker answers here: " +
                                             silent.message + "; look at `filial status`");
    }
    std::size_t late = 0;
    Table table({"STORE", ">LAST HEARD", "MISSING HERE", ">WAITS FOR IT"});
    for (const auto& [store, known] : stores) {
        const bool heard = known.ever && known.heard_us >= 0 && known.heard_us <= *after;
        if (heard) continue;
        ++late;
        if (context.console.json) {
            context.console.line(dump(late_json(store, known)));
            continue;
        }
        table.add({store, known.ever ? duration_text(known.heard_us) + " ago" : "never",
                   missing_here(known), known.waits ? grouped(*known.waits) + " events" : "-"});
    }
    if (!context.console.json) {
        if (table.rows() > 0) context.console.out(table.text());
        context.console.say(grouped(late) + " of " + grouped(stores.size()) +
                            " stores are late; nothing waits for them");
    }
    return late == 0 ? kDone : kStale;
}

}  // namespace filial::cli
