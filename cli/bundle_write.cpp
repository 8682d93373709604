#include <algorithm>
#include <charconv>

#include "cli/bundle.h"
#include "cli/bundle_gatherer.h"
#include "cli/bundle_memory.h"
#include "cli/bundled_log.h"
#include "cli/converse.h"
#include "cli/file.h"
#include "cli/queue.h"
#include "cli/time_text.h"
#include "core/link/allow_list.h"

namespace filial::cli {

using schema::Errc;
using schema::Position;
using schema::Result;
using schema::Sequence;
using schema::StoreId;

namespace {

using Positions = std::map<StoreId, Position>;

/// Which topics of any log the addressee may have: all where the configuration names him to send
/// to, else what his admission says.
Result<std::vector<std::string>> topics_for(const StoreId& to, const core::Options& options) {
    for (const auto* remotes : {&options.hubs, &options.peers}) {
        for (const core::Remote& remote : *remotes) {
            if (remote.name == to.value()) return std::vector{std::string(schema::kAllTopics)};
        }
    }
    core::AllowList allow(options.allow_file());
    if (const auto read = allow.refresh(); !read) return tl::unexpected(read.error());
    const core::Admission* entry = allow.find_store(to.value());
    if (entry == nullptr) {
        return schema::fail(Errc::not_allowed,
                            to.value() +
                                " may have nothing of this store: it is neither a [[hub]] "
                                "nor a [[peer]] here, nor admitted; `filial admit " +
                                to.value() + " KEY` admits it");
    }
    if (core::AllowList::may_read(*entry, "*")) return std::vector{std::string(schema::kAllTopics)};
    std::vector<std::string> topics = entry->read;
    topics.emplace_back(schema::kTopicControl);
    // His publisher acts on it.
    const bool accounts =
        entry->publish || core::AllowList::may_read(*entry, schema::kTopicAccounts);
    if (accounts) topics.emplace_back(schema::kTopicAccounts);
    std::sort(topics.begin(), topics.end());
    topics.erase(std::unique(topics.begin(), topics.end()), topics.end());
    return topics;
}

/// --after N and --after STORE:N.
Result<Positions> chosen_positions(const std::vector<std::string>& texts, const StoreId& own) {
    Positions chosen;
    for (const std::string& text : texts) {
        const std::size_t colon = text.find(':');
        Position position;
        position.store = colon == std::string::npos ? own : StoreId{text.substr(0, colon)};
        const std::string digits = colon == std::string::npos ? text : text.substr(colon + 1);
        std::uint64_t seq = 0;
        const auto [end, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), seq);
        if (error != std::errc() || end != digits.data() + digits.size()) {
            return schema::fail(Errc::invalid, "--after " + text +
                                                   ": expected a position, such as 120, or one of "
                                                   "another log, such as store3:120");
        }
        position.seq = Sequence{seq};
        chosen[position.store] = position;
    }
    return chosen;
}

/// What the programs here know of the addressee's receivers, if he has a line at times: the least
/// of them, where all that a machine has are among them.
void add_registered(const std::vector<ProcessReport>& reports, const StoreId& to,
                    Positions& known) {
    std::map<StoreId, std::map<std::string, std::uint64_t>> held;
    for (const ProcessReport& report : reports) {
        if (!report.status) continue;
        for (const schema::Leg& leg : report.status->legs) {
            const bool his = leg.direction == "out" && leg.peer.starts_with(to.value() + "/");
            if (!his || leg.origin.empty()) continue;
            const std::string role = leg.peer.substr(to.value().size() + 1);
            auto& at = held[StoreId{leg.origin}].try_emplace(role, leg.position).first->second;
            at = std::min(at, leg.position);
        }
    }
    for (const auto& [store, roles] : held) {
        const auto broker = roles.find("broker");
        const auto publisher = roles.find("publisher");
        const auto subscriber = roles.find("subscriber");
        std::uint64_t seq = 0;
        if (broker != roles.end()) seq = broker->second;
        if (publisher != roles.end() && subscriber != roles.end()) {
            seq = std::max(seq, std::min(publisher->second, subscriber->second));
        }
        Position& position = known.try_emplace(store, Position{store, {}, {}}).first->second;
        if (position.seq.value() < seq) position.seq = Sequence{seq};
    }
}

/// One writing of a bundle.
class Writing {
  public:
    Writing(Context& context, const core::Options& options, StoreId to)
        : context_(context), options_(options), to_(std::move(to)) {}

    void know(const BundleMemory& memory, const Positions& chosen,
              const std::vector<ProcessReport>& reports);
    Result<void> gather(Process process);
    /// The bytes; the header tells what is in them.
    schema::Bytes pack(schema::BundleHeader& header, const std::vector<std::string>& topics);
    const std::vector<std::string>& notes() const { return notes_; }

  private:
    std::optional<Position> known_of(const StoreId& store) const;
    void hold(const GatheredLog& log, Process process);
    std::vector<Position> held() const;

    Context& context_;
    const core::Options& options_;
    StoreId to_;
    Positions known_;
    std::vector<GatheredLog> logs_;
    /// What each program here holds of other logs.
    std::map<Process, Positions> holds_;
    std::vector<std::string> notes_;
};

void Writing::know(const BundleMemory& memory, const Positions& chosen,
                   const std::vector<ProcessReport>& reports) {
    known_ = memory.holds;
    add_registered(reports, to_, known_);
    for (const auto& [store, position] : chosen) known_[store] = position;
}

std::optional<Position> Writing::known_of(const StoreId& store) const {
    if (store == to_) return std::nullopt;  // He has his own.
    for (const GatheredLog& log : logs_) {
        if (log.store == store && log.wanted) return std::nullopt;
    }
    const auto at = known_.find(store);
    return at == known_.end() ? Position{store, {}, {}} : at->second;
}

Result<void> Writing::gather(Process process) {
    auto link = context_.connect(remote_of(process, options_));
    if (!link) return tl::unexpected(link.error());
    BundleGatherer gatherer(options_.store.value(),
                            "bundle-" + schema::to_hex(schema::random_bytes(4)),
                            [this](const StoreId& store) { return known_of(store); });
    holds_[process];
    const auto read = converse(context_, **link, gatherer, [] { return Result<void>(); });
    if (!read) return tl::unexpected(with_advice(read.error(), "read the log", process));
    for (GatheredLog& log : gatherer.take_logs()) {
        hold(log, process);
        if (log.wanted && log.after > log.end) {
            notes_.push_back(to_.value() + " is known to hold " + log.store.value() + " up to " +
                             grouped(log.after.value()) + ", more than is here (" +
                             grouped(log.end.value()) + "): nothing of it is written");
        } else if (log.wanted) {
            logs_.push_back(std::move(log));
        }
    }
    return {};
}

/// A publisher's mark says what the replica beside it had applied and which notices were taken; a
/// broker holds what it holds.
void Writing::hold(const GatheredLog& log, Process process) {
    Positions& holds = holds_[process];
    if (process == Process::broker) {
        holds[log.store] = {log.store, log.epoch, log.end};
        return;
    }
    if (!log.newest) return;
    Positions taken;
    for (const Position& position : log.newest->taken) taken[position.store] = position;
    for (const schema::Reached& reached : log.newest->applied) {
        const auto notices = taken.find(reached.store);
        if (notices == taken.end() || reached.topics.empty()) continue;
        Position least = notices->second;
        least.epoch = std::min(least.epoch, reached.epoch);
        for (const schema::TopicEnd& topic : reached.topics) {
            least.seq = std::min(least.seq, topic.seq);
        }
        holds[reached.store] = least;
    }
}

/// What every program here holds: a bundle is handed to all of them.
std::vector<Position> Writing::held() const {
    Positions least;
    bool first = true;
    for (const auto& [process, holds] : holds_) {
        if (first) least = holds;
        first = false;
        for (auto at = least.begin(); at != least.end();) {
            const auto other = holds.find(at->first);
            if (other == holds.end()) {
                at = least.erase(at);
                continue;
            }
            at->second.seq = std::min(at->second.seq, other->second.seq);
            at->second.epoch = std::min(at->second.epoch, other->second.epoch);
            ++at;
        }
    }
    std::vector<Position> list;
    for (const auto& [store, position] : least) {
        if (position.seq.value() > 0 && store != options_.store) list.push_back(position);
    }
    return list;
}

schema::Bytes Writing::pack(schema::BundleHeader& header, const std::vector<std::string>& topics) {
    for (const GatheredLog& log : logs_) {
        header.logs.push_back({log.store, log.epoch, log.incarnation, topics, log.after, log.upto});
    }
    header.holds = held();
    schema::BundleWriter out(header);
    for (const GatheredLog& log : logs_) {
        BundlePacker packer;
        for (const schema::Range& range : log.ranges) {
            out.add(schema::BlockMessage{0, packer.pack(part_of(range, topics, range.after))});
        }
        if (log.mark) {
            schema::MarkMessage mark = *log.mark;
            mark.session = 0;
            out.add(mark);
        }
    }
    return out.take();
}

}  // namespace

Result<int> run_bundle_write(Context& context, const BundleWriteArgs& args) {
    const auto loaded = context.options();
    if (!loaded) return tl::unexpected(loaded.error());
    const core::Options& options = **loaded;
    if (const auto own = check_own_log(options); !own) return tl::unexpected(own.error());
    const auto to = schema::parse_store_id(args.to);
    if (!to) return schema::fail("bundle write: --to", to.error());
    if (*to == options.store) {
        return schema::fail(Errc::invalid,
                            "bundle write: --to " + args.to + ": that is this store");
    }
    const auto topics = topics_for(*to, options);
    if (!topics) return schema::fail("bundle write", topics.error());
    const auto chosen = chosen_positions(args.after, options.store);
    if (!chosen) return schema::fail("bundle write", chosen.error());
    const auto memory_file = bundle_memory_file(options.data, *to);
    auto memory = load_bundle_memory(memory_file);
    if (!memory) return schema::fail("bundle write", memory.error());
    const auto reports = ask_processes(context);
    if (!reports) return tl::unexpected(reports.error());

    schema::BundleHeader header;
    header.written = context.clock.wall();
    Writing writing(context, options, *to);
    writing.know(*memory, *chosen, *reports);
    bool any = false;
    for (const ProcessReport& report : *reports) {
        if (report.process == Process::subscriber) continue;
        if (!report.status) {
            if (!report.expected) continue;
            return tl::unexpected(with_advice(report.error, "bundle write", report.process));
        }
        const auto gathered = writing.gather(report.process);
        if (!gathered) return schema::fail("bundle write", gathered.error());
        any = true;
    }
    if (!any) {
        return schema::fail(Errc::unreachable,
                            "bundle write: no publisher and no broker runs here, so that there is "
                            "no log to write; look at `filial status`");
    }
    header.id = session_nonce();
    header.number = memory->number + 1;
    header.from = options.store;
    header.to = *to;
    header.software = std::string("filial ") + FILIAL_VERSION;
    const schema::Bytes bytes = writing.pack(header, *topics);
    if (const auto written = write_file(args.file, bytes); !written) {
        return schema::fail("bundle write", written.error());
    }
    memory->number = header.number;
    if (const auto saved = save_bundle_memory(memory_file, *memory); !saved) {
        return schema::fail("bundle write", saved.error());
    }
    for (const std::string& note : writing.notes()) context.console.say("filial: " + note);
    const auto bundle = schema::parse_bundle(bytes);
    if (!bundle) return schema::fail("bundle write", bundle.error());
    if (context.console.json) {
        Json json = bundle_json(*bundle);
        json["file"] = args.file;
        json["bytes"] = bytes.size();
        context.console.line(dump(json));
        return kDone;
    }
    context.console.line(bundle_title(header) + ": " +
                         bytes_text(static_cast<std::int64_t>(bytes.size())) + " in " + args.file);
    for (const schema::BundleLog& log : header.logs) {
        context.console.line("  " + log.store.value() + ": " + range_text(log.after, log.upto));
    }
    return kDone;
}

}  // namespace filial::cli
