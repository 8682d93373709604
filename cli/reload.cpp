#include "cli/reload.h"

#include "cli/exit.h"
#include "cli/json.h"
#include "schema/digest.h"

namespace filial::cli {

using schema::Errc;
using schema::Result;

namespace {

/// A year's log is dropped in seconds.
constexpr std::chrono::milliseconds kDropWait{120'000};

}  // namespace

Result<int> run_reload(Context& context, const ReloadArgs& args) {
    if (args.at.empty() && args.topic.empty()) {
        return schema::fail(Errc::invalid,
                            "name a store, --topic or both; to load everything again stop the "
                            "subscriber, take its folder away and start it");
    }
    auto link = context.connect(Process::subscriber);
    if (!link) return tl::unexpected(link.error());
    schema::DigestAsk ask;
    ask.store = schema::StoreId{args.at};
    ask.topic = args.topic;
    ask.reload = true;
    const auto done = ask_for<schema::Digests>(**link, ask, kDropWait);
    if (!done) return tl::unexpected(with_advice(done.error(), "reload", Process::subscriber));
    if (context.console.json) {
        Json json;
        json["store"] = args.at.empty() ? Json(nullptr) : Json(args.at);
        json["topic"] = args.topic.empty() ? Json(nullptr) : Json(args.topic);
        json["dropped"] = true;
        context.console.line(dump(json));
        return kDone;
    }
    const std::string log = args.at.empty() ? "every log" : "the log of " + args.at;
    context.console.say(
        (args.topic.empty() ? log : args.topic + " of " + log) +
        " was dropped here and is loaded again; answers say how current they are meanwhile");
    return kDone;
}

}  // namespace filial::cli
