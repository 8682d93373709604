#include "cli/bundle.h"

#include "cli/file.h"
#include "cli/time_text.h"

namespace filial::cli {

using schema::Bundle;
using schema::BundleLog;
using schema::Errc;
using schema::Result;
using schema::Sequence;

namespace {

/// A bundle is read into memory. Packed as it is, a company's year is a tenth of this.
constexpr std::size_t kBundleBytesMax = std::size_t{512} * 1024 * 1024;

}  // namespace

Result<void> check_own_log(const core::Options& options) {
    if (!options.is_central()) return {};
    return schema::fail(Errc::invalid,
                        "bundle: this shop has no log of its own; write and read "
                        "bundles at " +
                            options.central.store.value());
}

Result<Bundle> load_bundle(const std::string& file) {
    const auto bytes = read_file(file, kBundleBytesMax);
    if (!bytes) return tl::unexpected(bytes.error());
    auto bundle = schema::parse_bundle(*bytes);
    if (!bundle) return schema::fail(file, bundle.error());
    return bundle;
}

std::string range_text(Sequence after, Sequence upto) {
    if (upto == after) return "nothing above " + grouped(after.value());
    return grouped(after.value() + 1) + " to " + grouped(upto.value());
}

std::string bundle_title(const schema::BundleHeader& header) {
    return "bundle " + std::to_string(header.number) + " of " + header.from.value() + " for " +
           header.to.value() + ", written " + local_time(header.written);
}

Json bundle_json(const Bundle& bundle) {
    const schema::BundleHeader& header = bundle.header;
    Json logs = Json::array();
    for (const BundleLog& log : header.logs) {
        Json one;
        one["store"] = log.store.value();
        one["epoch"] = log.epoch.value();
        one["topics"] = log.topics;
        one["after"] = log.after.value();
        one["upto"] = log.upto.value();
        one["whole_upto"] = bundle.whole_upto(log).value();
        std::uint64_t events = 0;
        std::uint64_t bytes = 0;
        for (const schema::Block& block : bundle.blocks) {
            if (block.store != log.store) continue;
            events += block.count;
            bytes += block.data.size();
        }
        one["events"] = events;
        one["block_bytes"] = bytes;
        logs.push_back(std::move(one));
    }
    Json holds = Json::array();
    for (const schema::Position& held : header.holds) {
        Json one;
        one["store"] = held.store.value();
        one["epoch"] = held.epoch.value();
        one["upto"] = held.seq.value();
        holds.push_back(std::move(one));
    }
    Json out;
    out["number"] = header.number;
    out["from"] = header.from.value();
    out["to"] = header.to.value();
    out["written"] = local_time(header.written);
    out["software"] = header.software;
    out["whole"] = !bundle.damage.has_value();
    out["damage"] = bundle.damage ? Json(bundle.damage->message) : Json(nullptr);
    out["logs"] = std::move(logs);
    out["holds"] = std::move(holds);
    return out;
}

std::string damage_text(const std::string& file, const Bundle& bundle) {
    std::string whole;
    for (const BundleLog& log : bundle.header.logs) {
        const Sequence upto = bundle.whole_upto(log);
        if (!whole.empty()) whole += ", ";
        whole += "of " + log.store.value() + " " + range_text(log.after, upto);
        if (upto < log.upto) whole += " (it should go to " + grouped(log.upto.value()) + ")";
    }
    return file + " is not whole: " + bundle.damage->message + ". What is whole: " + whole +
           ". Copy it again, or have it written again, and read that: what is held already is "
           "passed over";
}

Result<int> run_bundle_inspect(Context& context, const std::string& file) {
    const auto bundle = load_bundle(file);
    if (!bundle) return schema::fail("bundle inspect", bundle.error());
    const Json json = bundle_json(*bundle);
    if (context.console.json) {
        context.console.line(dump(json));
        return bundle->damage ? kFailed : kDone;
    }
    context.console.line(bundle_title(bundle->header) + " by " + bundle->header.software);
    for (std::size_t i = 0; i < bundle->header.logs.size(); ++i) {
        const BundleLog& log = bundle->header.logs[i];
        const bool all = log.topics.front() == schema::kAllTopics;
        std::string topics;
        for (const std::string& topic : log.topics) topics += (topics.empty() ? "" : ",") + topic;
        context.console.line("  " + log.store.value() + ": " + range_text(log.after, log.upto) +
                             (all ? std::string() : " of " + topics) + ", " +
                             grouped(json["logs"][i]["events"].get<std::uint64_t>()) +
                             " events in " +
                             bytes_text(json["logs"][i]["block_bytes"].get<std::int64_t>()));
    }
    for (const schema::Position& held : bundle->header.holds) {
        context.console.line("  " + bundle->header.from.value() + " holds " + held.store.value() +
                             " up to " + grouped(held.seq.value()));
    }
    if (!bundle->damage) return kDone;
    context.console.say("filial: bundle inspect: " + damage_text(file, *bundle));
    return kFailed;
}

}  // namespace filial::cli
