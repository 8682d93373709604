#include "core/process.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "core/last_words.h"
#include "core/log.h"

namespace filial::core {
namespace {

using schema::Errc;
using schema::Error;
using schema::fail;
using schema::Result;

/// The longest that a turn waits for something to read: how late a timer of the host can be.
constexpr std::chrono::milliseconds kTurnMax{50};

struct Flags {
    std::string config;
    std::string data;
    std::vector<std::string> set;
    bool check_config = false;
};

bool is_tcp(const std::string& endpoint) { return endpoint.rfind("tcp:", 0) == 0; }

int report(const std::string& program, const Error& error, int code) {
    std::fprintf(stderr, "%s: %s\n", program.c_str(), error.message.c_str());
    return code;
}

Result<Options> read_options(const Flags& flags) {
    Overrides overrides;
    for (const std::string& one : flags.set) {
        const auto equals = one.find('=');
        if (equals == std::string::npos || equals == 0) {
            return fail(Errc::invalid, "--set " + one + ": write section.key=value");
        }
        overrides[one.substr(0, equals)] = one.substr(equals + 1);
    }
    if (!flags.data.empty()) {
        // Typed at a shell, so relative to where the person stands and not to the file.
        std::error_code ignored;
        const auto absolute = std::filesystem::absolute(flags.data, ignored);
        overrides["data"] = absolute.empty() ? flags.data : absolute.string();
    }
    const std::filesystem::path file =
        flags.config.empty() ? default_options_file() : std::filesystem::path(flags.config);
    return load_options(file, overrides);
}

/// Signals that ask for an end are blocked here, before any library starts a thread, so that they
/// arrive at the descriptor alone.
Result<int> take_signals() {
    std::signal(SIGPIPE, SIG_IGN);
    sigset_t ending;
    sigemptyset(&ending);
    sigaddset(&ending, SIGTERM);
    sigaddset(&ending, SIGINT);
    if (sigprocmask(SIG_BLOCK, &ending, nullptr) != 0) {
        return fail(Errc::io, "block SIGTERM and SIGINT");
    }
    const int fd = signalfd(-1, &ending, SFD_NONBLOCK | SFD_CLOEXEC);
    if (fd < 0) return fail(Errc::io, "open a descriptor for signals");
    return fd;
}

/// Made for the owner alone where it does not exist: sockets and keys in it are open to whoever
/// may enter it.
Result<void> make_folder(const std::filesystem::path& folder) {
    std::error_code error;
    if (!std::filesystem::create_directories(folder, error)) {
        if (error) return fail(Errc::invalid, "create " + folder.string() + ": " + error.message());
        return {};
    }
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
    if (error) return fail(Errc::io, "protect " + folder.string() + ": " + error.message());
    return {};
}

}  // namespace

Process::Process(Options options) : options_(std::move(options)), allow_(options_.allow_file()) {}

Process::~Process() {
    if (signal_fd_ >= 0) close(signal_fd_);
}

Result<void> Process::open() {
    if (const auto made = make_folder(options_.data); !made) return made;
    if (const auto made = make_folder(options_.sockets); !made) return made;
    if (const auto read = allow_.refresh(); !read) {
        return fail(Errc::invalid, read.error().message);
    }
    auto network = Network::open(&allow_);
    if (!network) return fail("open the network", network.error());
    network_ = std::move(*network);
    return {};
}

Result<const Keys*> Process::keys_for(const std::vector<std::string>& endpoints) {
    if (keys_) return keys_.get();
    auto keys = load_keys(options_.keys_dir());
    if (keys) {
        keys_ = std::make_unique<Keys>(std::move(*keys));
        return keys_.get();
    }
    const bool needed = std::any_of(endpoints.begin(), endpoints.end(), is_tcp);
    const bool none = keys.error().code == Errc::not_found;
    if (none && !needed) return nullptr;
    return fail(Errc::invalid, keys.error().message);
}

bool Process::stop_requested() {
    signalfd_siginfo info{};
    while (read(signal_fd_, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
        if (!stop_) log(Level::info, "asked to end", {{"signal", info.ssi_signo}});
        stop_ = true;
    }
    return stop_;
}

Result<void> Process::run(Exchange& exchange,
                          const std::function<Result<void>(BootTime)>& each_turn,
                          const std::function<bool()>& over) {
    exchange.watch_fd(signal_fd_);
    log(Level::info, "started", {{"version", FILIAL_VERSION}});
    BootTime refreshed = clock_.boot();
    while (!stop_requested()) {
        if (const auto turned = exchange.turn(kTurnMax); !turned) return turned;
        const BootTime now = clock_.boot();
        if (each_turn) {
            if (const auto ok = each_turn(now); !ok) return ok;
        }
        if (over && over()) return {};
        if (now.value() - refreshed.value() < kSecond) continue;
        refreshed = now;
        const auto read = allow_.refresh();
        const std::string error = read ? "" : read.error().message;
        if (!error.empty() && error != allow_error_) {
            log(Level::warn, "the list of admitted stores was not read", {{"error", error}});
        }
        allow_error_ = error;
    }
    log(Level::info, "ended");
    return {};
}

int run_process(int argc, const char* const* argv, const std::string& name,
                const std::string& about, const std::function<Result<void>(Process&)>& body) {
    const std::string program = "filial-" + name;
    Flags flags;
    CLI::App app(about, program);
    app.add_option("--config", flags.config, "File with the options; default: filial.toml here");
    app.add_option("--data", flags.data, "Folder of keys, databases and the allow list");
    app.add_option("--set", flags.set, "One option, as section.key=value; wins over the file")
        ->allow_extra_args(false);
    app.add_flag("--check-config", flags.check_config, "Read the options, say if they are fine");
    app.set_version_flag("--version", program + " " + FILIAL_VERSION);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        const bool asked = error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success);
        if (asked) return app.exit(error);
        return report(program, {Errc::invalid, error.what()}, kExitUsage);
    }

    say_last_words(program, kExitFailed);
    const auto signals = take_signals();
    if (!signals) return report(program, signals.error(), kExitFailed);
    auto options = read_options(flags);
    if (!options) return report(program, options.error(), kExitUsage);
    if (options->is_central() && name != "broker") {
        return report(program,
                      {Errc::invalid, options->file.string() + ": [central]: this shop works at " +
                                          options->central.store.value() +
                                          " and has no programs of its own; take [central] out "
                                          "to give it a log"},
                      kExitUsage);
    }
    if (flags.check_config) {
        for (const auto& warning : options->warnings) report(program, {{}, warning}, kExitDone);
        std::printf("%s: the configuration is fine\n", options->file.c_str());
        return kExitDone;
    }
    log_setup(name, options->store.value(), options->log_level, options->log_json);
    for (const std::string& warning : options->warnings) log(Level::warn, warning);

    Process process(std::move(*options));
    process.signal_fd_ = *signals;
    auto done = process.open();
    if (done) done = body(process);
    if (done) return kExitDone;
    const bool configuration = done.error().code == Errc::invalid;
    return report(program, done.error(), configuration ? kExitUsage : kExitFailed);
}

std::uint64_t resident_bytes() {
    std::ifstream statm("/proc/self/statm");
    std::uint64_t all_pages = 0;
    std::uint64_t resident_pages = 0;
    if (!(statm >> all_pages >> resident_pages)) return 0;
    return resident_pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace filial::core
