#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/link/allow_list.h"
#include "core/link/exchange.h"
#include "core/link/keys.h"
#include "core/link/socket.h"
#include "core/options.h"
#include "schema/result.h"

/// What the programs that run for ever have in common: flags, options, signals, the loop, the exit
/// code. Their own code is the body given to `run_process`.
namespace filial::core {

/// Exit codes of the daemons, architecture section "command line".
constexpr int kExitDone = 0;
constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;

/// What the body of a daemon stands on. Everything in it lives until the body has returned.
class Process {
  public:
    ~Process();
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    const Options& options() const { return options_; }
    const Clock& clock() const { return clock_; }
    /// Its ZAP handler is bound already and asks `allow`.
    Network& network() { return *network_; }
    /// Read at the start, and again by `run` once a second where the file changed.
    AllowList& allow() { return allow_; }

    /// The store's keys. Null where there are none and no endpoint of these is tcp; without keys
    /// for a tcp endpoint the error that says what to run.
    schema::Result<const Keys*> keys_for(const std::vector<std::string>& endpoints);

    /// Turns the exchange until SIGTERM or SIGINT, which is not an error, or until a turn or
    /// `each_turn` fails, or `over` says so. `each_turn` may be empty; it runs after every turn and
    /// must be quick.
    schema::Result<void> run(Exchange& exchange,
                             const std::function<schema::Result<void>(BootTime)>& each_turn = {},
                             const std::function<bool()>& over = {});

    /// True once a signal asked for the end: for bodies that have long work before `run`.
    bool stop_requested();

  private:
    friend int run_process(int, const char* const*, const std::string&, const std::string&,
                           const std::function<schema::Result<void>(Process&)>&);
    explicit Process(Options options);
    schema::Result<void> open();

    Options options_;
    SystemClock clock_;
    AllowList allow_;
    std::unique_ptr<Keys> keys_;
    std::unique_ptr<Network> network_;
    int signal_fd_ = -1;
    bool stop_ = false;
    std::string allow_error_;  ///< The last one logged, so that it is logged once.
};

/// Reads flags (--config, --data, --set, --check-config, --version, --help), environment and file,
/// takes the signals before any thread exists, makes the folders, and runs `body`. An error is one
/// line on stderr. Returns the exit code: 0 after a clean end, 2 for usage or configuration (also
/// when the body fails with `invalid`), 1 for anything else. `name` is "publisher", `about` one
/// sentence for --help.
int run_process(int argc, const char* const* argv, const std::string& name,
                const std::string& about,
                const std::function<schema::Result<void>(Process&)>& body);

/// Memory of this process that is resident now, in bytes; 0 where the system does not say.
std::uint64_t resident_bytes();

}  // namespace filial::core
