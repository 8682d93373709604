#include "cli/call_record.h"

#include <algorithm>

#include "cli/file.h"
#include "cli/json.h"

namespace filial::cli {

using schema::Errc;
using schema::Result;

namespace {

constexpr std::size_t kFileBytesMax = 16 * 1024;

Json moment_json(const Moment& moment) {
    return Json{{"wall_us", moment.wall.value()},
                {"boot_us", moment.boot.value()},
                {"boot_id", moment.boot_id}};
}

Moment moment_of(const Json& json) {
    return {schema::Timestamp{json.at("wall_us").get<std::int64_t>()},
            core::BootTime{json.at("boot_us").get<std::int64_t>()},
            json.at("boot_id").get<std::string>()};
}

}  // namespace

Moment Moment::now(const core::Clock& clock) {
    return {clock.wall(), clock.boot(), clock.boot_id()};
}

std::int64_t Moment::since_us(const core::Clock& clock) const {
    const std::int64_t us = boot_id == clock.boot_id() ? clock.boot().value() - boot.value()
                                                       : clock.wall().value() - wall.value();
    return std::max<std::int64_t>(us, 0);
}

std::string call_record_text(const CallRecord& record) {
    Json out;
    out["began"] = moment_json(record.began);
    out["ended"] = moment_json(record.ended);
    if (record.done) out["done"] = moment_json(*record.done);
    out["failures"] = record.failures;
    out["outcome"] = record.outcome;
    out["error"] = record.error;
    const CallCost& cost = record.cost;
    out["cost"] = {cost.us,         cost.bytes_in,   cost.bytes_out,  cost.events_in,
                   cost.events_out, cost.waiting_in, cost.waiting_out};
    return dump(out) + "\n";
}

Result<CallRecord> parse_call_record(std::string_view text) try {
    const Json json = Json::parse(text);
    CallRecord record;
    record.began = moment_of(json.at("began"));
    record.ended = moment_of(json.at("ended"));
    if (json.contains("done")) record.done = moment_of(json.at("done"));
    record.failures = std::max<std::int64_t>(json.at("failures").get<std::int64_t>(), 0);
    record.outcome = json.at("outcome").get<std::string>();
    record.error = json.at("error").get<std::string>();
    const Json& cost = json.at("cost");
    record.cost.us = cost.at(0).get<std::int64_t>();
    std::uint64_t* const counts[] = {&record.cost.bytes_in,   &record.cost.bytes_out,
                                     &record.cost.events_in,  &record.cost.events_out,
                                     &record.cost.waiting_in, &record.cost.waiting_out};
    for (std::size_t i = 0; i < std::size(counts); ++i) {
        *counts[i] = cost.at(i + 1).get<std::uint64_t>();
    }
    return record;
} catch (const Json::exception& e) {
    return schema::fail(Errc::corrupt, std::string("no record of a call: ") + e.what());
}

std::optional<CallRecord> last_call(const std::filesystem::path& folder) {
    const auto text = read_file(folder / "last.json", kFileBytesMax);
    if (!text) return std::nullopt;
    auto record = parse_call_record(*text);
    if (!record) return std::nullopt;
    return std::move(*record);
}

Result<void> save_call(const std::filesystem::path& folder, const CallRecord& record) {
    return write_file(folder / "last.json", call_record_text(record));
}

core::CallFacts call_facts(const std::optional<CallRecord>& record, const core::Clock& clock) {
    core::CallFacts facts;
    facts.now = core::local_time(clock.wall());
    if (!record) return facts;
    facts.failures = record->failures;
    facts.since_try_us = record->began.since_us(clock);
    if (!record->done) return facts;
    facts.done = core::local_time(record->done->wall);
    facts.since_done_us = record->done->since_us(clock);
    return facts;
}

}  // namespace filial::cli
