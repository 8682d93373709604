#include "cli/tap.h"

#include <filesystem>

#include "cli/file.h"
#include "cli/tap_output.h"
#include "cli/tap_session.h"
#include "schema/hash.h"

namespace filial::cli {

using schema::Errc;
using schema::Message;
using schema::Result;
using std::chrono::milliseconds;

namespace {

/// Lines gathered before they are written; a batch ends earlier when nothing more has come.
constexpr std::size_t kBatchBytes = 1024 * 1024;
constexpr milliseconds kTurn{200};
constexpr milliseconds kSendWait{2'000};

std::uint64_t random_nonce() {
    std::uint64_t nonce = 0;
    for (const char c : schema::random_bytes(8)) {
        nonce = nonce << 8 | static_cast<unsigned char>(c);
    }
    return nonce | 1;
}

Result<core::Remote> remote_for(const TapArgs& args, const core::Options& options) {
    if (args.publisher && !args.hub.empty()) {
        return schema::fail(Errc::invalid, "--hub and --publisher: choose one");
    }
    if (args.publisher || (args.hub.empty() && options.hubs.empty())) {
        return remote_of(Process::publisher, options);
    }
    for (const core::Remote& hub : options.hubs) {
        if (args.hub.empty() || hub.name == args.hub) return hub;
    }
    return schema::fail(Errc::invalid, "--hub " + args.hub + ": " + options.file.string() +
                                           " has no [[hub]] of this name");
}

/// A tap's name is part of a file's name and of a receiver's.
Result<void> check_name(const std::string& name) {
    if (name.empty()) return {};
    const auto ok = schema::parse_store_id(name);
    if (!ok) return schema::fail(Errc::invalid, "--name " + name + ": 1 to 32 of a-z 0-9 and -");
    return {};
}

/// The tap's run: messages, lines, positions.
class Tap {
  public:
    Tap(Context& context, Link& link, TapSession& session, TapOutput& output, TapState& state,
        std::filesystem::path memory)
        : context_(context),
          link_(link),
          session_(session),
          output_(output),
          state_(state),
          memory_(std::move(memory)) {}

    Result<int> go();

  private:
    core::BootTime now() const { return context_.clock.boot(); }
    Result<void> speak();
    Result<void> listen();
    Result<void> write();
    Result<void> remember();

    Context& context_;
    Link& link_;
    TapSession& session_;
    TapOutput& output_;
    TapState& state_;
    std::filesystem::path memory_;  ///< Empty for a tap without a name.
    TapState saved_;
    bool told_ = false;
};

Result<void> Tap::speak() {
    // A block that takes long to come is heard by its bytes.
    const auto quiet = session_.silent(now()) ? link_.quiet_us() : std::nullopt;
    if (quiet) session_.bytes_came(core::BootTime{now().value() - *quiet});
    if (quiet && session_.silent(now())) {
        link_.hang_up();
        session_.lost();
    }
    if (session_.must_greet(now())) session_.greet(random_nonce(), context_.clock.wall(), now());
    session_.tick(now());
    for (const Message& message : session_.take_messages()) {
        const auto sent = link_.send(message, kSendWait);
        if (sent) continue;
        if (sent.error().code != Errc::unreachable) return sent;
        if (!told_) context_.console.say("filial: tap: " + sent.error().message + "; trying again");
        told_ = true;
        session_.lost();  // What was not sent is said again after the next greeting.
        return {};
    }
    return {};
}

Result<void> Tap::listen() {
    auto at_most = kTurn;
    while (session_.bytes_waiting() < kBatchBytes && !session_.done()) {
        const auto message = link_.receive(at_most);
        if (!message && message.error().code == Errc::timeout) return {};
        if (!message) return tl::unexpected(message.error());
        const auto taken = session_.take(*message, context_.clock.wall(), now());
        if (!taken) return taken;
        if (session_.established()) told_ = false;
        at_most = milliseconds(0);
    }
    return {};
}

Result<void> Tap::write() {
    const std::string lines = session_.take_lines();
    if (const auto written = output_.write(lines, state_); !written) return written;
    if (!memory_.empty() && !lines.empty()) {
        if (const auto synced = output_.sync(); !synced) return synced;
    }
    session_.written();
    return remember();
}

Result<void> Tap::remember() {
    if (memory_.empty() || state_ == saved_) return {};
    if (const auto kept = save_tap(memory_, state_); !kept) return kept;
    saved_ = state_;
    return {};
}

Result<int> Tap::go() {
    if (const auto kept = remember(); !kept) return tl::unexpected(kept.error());
    while (!stop_requested() && !session_.done()) {
        for (const auto step : {&Tap::speak, &Tap::listen, &Tap::write}) {
            const auto done = (this->*step)();
            if (!done) return tl::unexpected(done.error());
        }
        for (const std::string& note : session_.take_notes()) {
            context_.console.say("filial: tap: " + note);
        }
    }
    if (const auto bye = session_.bye()) {
        const auto sent = link_.send(*bye, milliseconds(200));
        if (!sent) return kDone;  // The other end notices the silence.
    }
    return kDone;
}

}  // namespace

Result<int> run_tap(Context& context, const TapArgs& args) {
    if (args.topic != schema::kAllTopics) {
        const auto topic = schema::parse_topic(args.topic);
        if (!topic) return schema::fail("tap", topic.error());
    }
    if (!args.store.empty()) {
        const auto store = schema::parse_store_id(args.store);
        if (!store) return schema::fail("tap: --store", store.error());
    }
    if (const auto ok = check_name(args.name); !ok) return schema::fail("tap", ok.error());
    if (args.live && args.from) {
        return schema::fail(Errc::invalid, "tap: --live and --from: choose one");
    }
    const auto options = context.options();
    if (!options) return tl::unexpected(options.error());
    const auto remote = remote_for(args, **options);
    if (!remote) return schema::fail("tap", remote.error());

    TapState state;
    std::filesystem::path memory;
    FileLock lock;
    if (!args.name.empty()) {
        const auto folder = (*options)->data / "taps";
        std::error_code error;
        std::filesystem::create_directories(folder, error);
        memory = folder / (args.name + ".json");
        if (const auto locked = lock.take(folder / (args.name + ".lock")); !locked) {
            return schema::fail("tap: the name " + args.name, locked.error());
        }
        auto loaded = load_tap(memory);
        if (!loaded) return schema::fail("tap", loaded.error());
        state = std::move(*loaded);
        if (!state.topic.empty() && state.topic != args.topic) {
            return schema::fail(Errc::invalid, "tap: the name " + args.name + " reads topic " +
                                                   state.topic + "; choose another --name");
        }
    }
    state.topic = args.topic;
    auto output = TapOutput::open(args.out);
    if (!output) return schema::fail("tap", output.error());
    if (const auto ready = output->recover(state); !ready) {
        return schema::fail("tap", ready.error());
    }
    auto link = context.connect(*remote);
    if (!link) return schema::fail("tap", link.error());
    catch_signals();

    TapSettings settings;
    settings.topic = args.topic;
    settings.store = args.store;
    settings.from = args.from;
    settings.live = args.live || (!args.from && args.name.empty());
    settings.count = args.count;
    settings.own_store = (*options)->store.value();
    const bool named = !args.name.empty();
    settings.name = named ? args.name : "tap-" + schema::to_hex(schema::random_bytes(4));
    settings.durable = named;
    settings.peer = remote->name;
    settings.local = remote->endpoint.starts_with("ipc://");
    TapSession session(settings, state);
    auto done = Tap(context, **link, session, *output, state, memory).go();
    if (!done) return schema::fail("tap " + args.topic, done.error());
    return done;
}

}  // namespace filial::cli
