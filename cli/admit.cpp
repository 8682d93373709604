#include "cli/admit.h"

#include "cli/json.h"
#include "cli/table.h"
#include "core/link/allow_list.h"
#include "core/link/keys.h"

namespace filial::cli {

using core::Admission;
using schema::Errc;
using schema::Result;

namespace {

std::string joined(const std::vector<std::string>& parts) {
    std::string text;
    for (const std::string& part : parts) text += (text.empty() ? "" : ",") + part;
    return text;
}

Json json_of(const Admission& entry) {
    Json out;
    out["store"] = entry.store;
    out["key"] = entry.key;
    out["read"] = entry.read;
    out["publish"] = entry.publish;
    out["relay"] = entry.relay;
    out["tickets"] = entry.tickets;
    return out;
}

Result<int> list(Console& console, const std::filesystem::path& file) {
    core::AllowList allow(file);
    if (const auto read = allow.refresh(); !read) return tl::unexpected(read.error());
    if (console.json) {
        Json all = Json::array();
        for (const Admission& entry : allow.all()) all.push_back(json_of(entry));
        Json out;
        out["admitted"] = std::move(all);
        console.line(dump(out));
        return kDone;
    }
    Table table({"STORE", "READS", "RELAY", "TICKETS", "KEY"});
    for (const Admission& entry : allow.all()) {
        table.add({entry.store, joined(entry.read), entry.relay ? "yes" : "no",
                   entry.tickets ? "yes" : "no", entry.key});
    }
    if (table.rows() == 0) console.say("nobody is admitted here");
    if (table.rows() > 0) console.out(table.text());
    return kDone;
}

Result<Admission> entry_of(const AdmitArgs& args) {
    const auto store = schema::parse_store_id(args.store);
    if (!store) return tl::unexpected(store.error());
    if (!core::is_curve_key(args.key)) {
        return schema::fail(Errc::invalid, "key \"" + args.key +
                                               "\": expected the 40 characters that `filial init` "
                                               "printed at the store; put them in single quotes");
    }
    Admission entry;
    entry.store = args.store;
    entry.key = args.key;
    entry.relay = args.relay;
    entry.tickets = args.tickets;
    if (args.read.empty()) return entry;
    entry.read.clear();
    for (const std::string& topic : args.read) {
        const auto known = schema::parse_topic(topic);
        if (topic != schema::kAllTopics && !known) return tl::unexpected(known.error());
        entry.read.push_back(topic);
    }
    return entry;
}

}  // namespace

Result<int> run_admit(Context& context, const AdmitArgs& args) {
    const auto options = context.options();
    if (!options) return tl::unexpected(options.error());
    const auto file = (*options)->allow_file();
    if (args.list) return list(context.console, file);

    Json out;
    std::string words;
    if (!args.revoke.empty()) {
        if (const auto gone = core::AllowList::revoke(file, args.revoke); !gone) {
            return schema::fail("revoke " + args.revoke, gone.error());
        }
        words = args.revoke + " is no longer admitted here";
        out["revoked"] = args.revoke;
    } else {
        const auto entry = entry_of(args);
        if (!entry) return schema::fail("admit", entry.error());
        if (const auto admitted = core::AllowList::admit(file, *entry); !admitted) {
            return schema::fail("admit " + args.store, admitted.error());
        }
        words = args.store + " is admitted here and may read " + joined(entry->read);
        out["admitted"] = json_of(*entry);
    }
    context.console.line(context.console.json ? dump(out) : words);
    return kDone;
}

}  // namespace filial::cli
