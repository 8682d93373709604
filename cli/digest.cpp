#include "cli/digest.h"

#include <algorithm>
#include <set>
#include <thread>

#include "cli/json.h"
#include "cli/pages.h"
#include "cli/table.h"
#include "cli/time_text.h"

namespace filial::cli {

using schema::AnswerRow;
using schema::ChainAt;
using schema::DigestAsk;
using schema::Errc;
using schema::Result;
using schema::Sequence;
using schema::StoreId;

namespace {

constexpr std::chrono::milliseconds kDigestWait{10'000};
constexpr std::chrono::milliseconds kLookEvery{100};
/// Positions asked at once: each is a walk through some thousand events at the replica.
constexpr std::uint64_t kPoints = 16;
/// Digits of a digest that people compare by eye.
constexpr std::size_t kShownDigits = 12;

/// Whom a copy is held against.
struct DigestSource {
    std::string name;
    std::unique_ptr<Link> link;  ///< None: not reached.
};

struct Compared {
    AnswerRow row;
    std::string state = "unknown";  ///< equal, differs, damaged, unknown.
    std::string source;
    std::string there;
    std::string why;
    std::uint64_t first = 0;  ///< Of the range that differs; 0: none.
    std::uint64_t last = 0;
};

std::uint64_t digest_number(const AnswerRow& row, const char* name) {
    return std::strtoull(field_of(row, name).c_str(), nullptr, 10);
}

std::int64_t looks_of(const schema::Status& status) {
    for (const auto& [name, value] : status.counters) {
        if (name == "looks") return value;
    }
    return 0;
}

class Digesting {
  public:
    Digesting(Context& context, const DigestArgs& args, const core::Options& options, Link& replica)
        : context_(context), args_(args), options_(options), replica_(replica) {}

    /// Waits until the replica has looked at everything once more.
    Result<void> look() {
        auto status = ask_for<schema::Status>(replica_, schema::StatusAsk{0, false}, kDigestWait);
        if (!status) return tl::unexpected(status.error());
        const std::int64_t before = looks_of(*status);
        const core::BootTime began = context_.clock.boot();
        for (bool first = true;; first = false) {
            status = ask_for<schema::Status>(replica_, schema::StatusAsk{0, first}, kDigestWait);
            if (!status) return tl::unexpected(status.error());
            if (looks_of(*status) > before) return {};
            const auto spent = context_.clock.boot().value() - began.value();
            if (spent > args_.wait_seconds * core::kSecond) {
                return schema::fail(Errc::timeout, "the replica has not looked at everything yet");
            }
            std::this_thread::sleep_for(kLookEvery);
        }
    }

    Compared compare(AnswerRow row) {
        Compared result;
        result.row = std::move(row);
        const AnswerRow& here = result.row;
        if (!field_of(here, "damage").empty()) {
            result.state = "damaged";
            result.why = field_of(here, "damage");
            result.first = digest_number(here, "after") + 1;
            result.last = digest_number(here, "upto");
            return result;
        }
        if (field_of(here, "chain").empty()) {
            result.why = "it was not looked at since it was loaded";
            return result;
        }
        for (DigestSource& source : sources(here.store)) {
            if (source.link == nullptr) {
                add_why(result, source.name + " is not reached");
                continue;
            }
            const auto there = chains(*source.link, here, {Sequence{position(here)}});
            if (!there) {
                add_why(result, source.name + ": " + there.error().message);
                const Errc code = there.error().code;  // It is waited for once.
                if (code == Errc::timeout || code == Errc::unreachable) source.link.reset();
                continue;
            }
            if (there->empty() || there->front().chain.empty()) {
                add_why(result, source.name + " does not know it at this position");
                continue;
            }
            result.source = source.name;
            result.there = schema::to_hex(there->front().chain);
            result.why.clear();
            result.state = result.there == field_of(here, "chain") ? "equal" : "differs";
            if (result.state == "differs") narrow(*source.link, result);
            break;
        }
        return result;
    }

    /// The log of what differs is dropped there, to be loaded again.
    Result<void> mend(const Compared& result) {
        if (!mended_.insert(result.row.store).second) return {};
        DigestAsk ask;
        ask.store = StoreId{result.row.store};
        ask.reload = true;
        const auto done = ask_for<schema::Digests>(replica_, ask, kDigestWait);
        return done ? Result<void>() : tl::unexpected(done.error());
    }

  private:
    static std::uint64_t position(const AnswerRow& row) {
        return static_cast<std::uint64_t>(row.value);
    }
    static void add_why(Compared& result, const std::string& why) {
        result.why += (result.why.empty() ? "" : "; ") + why;
    }

    Result<std::vector<ChainAt>> chains(Link& link, const AnswerRow& row,
                                        std::vector<Sequence> at) {
        DigestAsk ask;
        ask.store = StoreId{row.store};
        ask.topic = row.key;
        ask.at = std::move(at);
        auto answer = ask_for<schema::Digests>(link, ask, kDigestWait);
        if (!answer) return tl::unexpected(answer.error());
        return std::move(answer->chains);
    }

    /// The own log stands at the own publisher, others' at the brokers.
    std::vector<DigestSource>& sources(const std::string& store) {
        const bool own = store == options_.store.value();
        std::vector<DigestSource>& list = own ? own_ : others_;
        if (!list.empty()) return list;
        const auto add = [&](std::string name, Result<std::unique_ptr<Link>> link) {
            list.push_back({std::move(name), link ? std::move(*link) : nullptr});
        };
        if (own) add("own publisher", context_.connect(Process::publisher));
        if (own) return list;
        for (const core::Remote& hub : options_.hubs) {
            add("broker " + hub.name, context_.connect(hub));
        }
        if (!options_.broker.listen.empty()) add("own broker", context_.connect(Process::broker));
        return list;
    }

    /// Halves the range, and more than that: many positions are asked at once.
    void narrow(Link& source, Compared& result) {
        std::uint64_t equal = 0, differs = position(result.row);
        while (differs - equal > 1) {
            const std::uint64_t step = std::max<std::uint64_t>(1, (differs - equal) / kPoints);
            std::vector<Sequence> at;
            for (std::uint64_t point = equal + step; point < differs; point += step) {
                at.emplace_back(point);
            }
            if (at.size() > schema::kDigestPositionsMax) at.resize(schema::kDigestPositionsMax);
            const auto here = chains(replica_, result.row, at);
            const auto there = chains(source, result.row, at);
            if (!here || !there || here->size() != at.size() || there->size() != at.size()) break;
            const std::uint64_t before = differs;
            for (std::size_t i = 0; i < at.size(); ++i) {
                if ((*there)[i].chain.empty()) continue;
                if ((*here)[i].chain == (*there)[i].chain) {
                    equal = at[i].value();
                    continue;
                }
                differs = at[i].value();
                break;
            }
            if (differs == before && equal + step < differs) break;  // A source that knows nothing.
        }
        result.first = equal + 1;
        result.last = differs;
        result.why = "the events differ from those of the source";
    }

    Context& context_;
    const DigestArgs& args_;
    const core::Options& options_;
    Link& replica_;
    std::vector<DigestSource> own_, others_;
    std::set<std::string> mended_;
};

Json digest_json(const Compared& result) {
    const AnswerRow& row = result.row;
    const auto text = [](const std::string& value) {
        return value.empty() ? Json(nullptr) : Json(value);
    };
    Json json;
    json["store"] = row.store;
    json["topic"] = row.key;
    json["epoch"] = digest_number(row, "epoch");
    json["position"] = row.value;
    json["events"] = row.second;
    json["state"] = result.state;
    json["here"] = text(field_of(row, "chain"));
    json["content"] = text(field_of(row, "content"));
    json["source"] = text(result.source);
    json["there"] = text(result.there);
    json["first"] = result.first == 0 ? Json(nullptr) : Json(result.first);
    json["last"] = result.first == 0 ? Json(nullptr) : Json(result.last);
    json["why"] = text(result.why);
    json["parked"] = digest_number(row, "parked");
    json["waived"] = digest_number(row, "waived");
    return json;
}

std::vector<std::string> digest_cells(const Compared& result) {
    const AnswerRow& row = result.row;
    std::string note = result.why;
    if (result.first != 0) {
        note += " (" + std::to_string(result.first) + " to " + std::to_string(result.last) + ")";
    }
    for (const char* name : {"parked", "waived"}) {
        const std::uint64_t count = digest_number(row, name);
        if (count > 0) note += (note.empty() ? "" : "; ") + grouped(count) + " events " + name;
    }
    return {row.store,
            row.key,
            std::to_string(row.value),
            field_of(row, "chain").substr(0, kShownDigits),
            result.there.substr(0, kShownDigits),
            result.state,
            result.source,
            note};
}

}  // namespace

Result<int> run_digest(Context& context, const DigestArgs& args) {
    const auto options = context.options();
    if (!options) return tl::unexpected(options.error());
    auto link = context.connect(Process::subscriber);
    if (!link) return tl::unexpected(link.error());
    Digesting digesting(context, args, **options, **link);
    const auto advised = [](const schema::Error& error) {
        return tl::unexpected(with_advice(error, "digest", Process::subscriber));
    };
    schema::Query query;
    query.kind = schema::QueryKind::digests;
    query.store = args.at;
    query.topic = args.topic;
    if (!args.last) {
        // A name that is not known is told before the look, which may take minutes.
        const auto known = ask_pages(**link, query, [](const AnswerRow&) {});
        if (!known) return advised(known.error());
        if (const auto looked = digesting.look(); !looked) return advised(looked.error());
    }
    std::vector<AnswerRow> rows;
    const auto asked = ask_pages(**link, query, [&](const AnswerRow& row) { rows.push_back(row); });
    if (!asked) return advised(asked.error());
    Table table({"STORE", "TOPIC", ">POSITION", "HERE", "THERE", "STATE", "SOURCE", "NOTE"});
    std::size_t equal = 0, wrong = 0;
    for (AnswerRow& row : rows) {
        const Compared result = digesting.compare(std::move(row));
        equal += result.state == "equal" ? 1 : 0;
        wrong += result.state == "differs" || result.state == "damaged" ? 1 : 0;
        if (args.mend && result.state == "differs") {
            if (const auto done = digesting.mend(result); !done) return advised(done.error());
        }
        if (context.console.json) {
            context.console.line(dump(digest_json(result)));
        } else {
            table.add(digest_cells(result));
        }
    }
    if (!context.console.json) {
        context.console.out(table.text());
        context.console.say(grouped(equal) + " of " + grouped(rows.size()) + " are equal" +
                            (args.mend && wrong > 0 ? "; what differs is loaded again" : ""));
    }
    if (wrong > 0) return kFailed;
    return equal == rows.size() ? kDone : kStale;
}

}  // namespace filial::cli
