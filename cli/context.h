#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/console.h"
#include "cli/exit.h"
#include "cli/link.h"
#include "core/clock.h"
#include "core/options.h"

namespace filial::cli {

/// What every verb gets: the global flags, the store's options, and ways to reach its programs.
class Context {
  public:
    Context(Console& to, const core::Clock& with) : console(to), clock(with) {}

    Console& console;
    const core::Clock& clock;

    std::string config;             ///< --config; empty for the default places.
    std::vector<std::string> sets;  ///< --set section.key=value, in their order.
    /// What the chosen verb does, put here when the command line was read.
    std::function<schema::Result<int>()> action;

    /// Reads the configuration once. `invalid` with the file and line where it is wrong, and with
    /// what to do when there is none.
    schema::Result<const core::Options*> options();

    /// A connection to a program of this store. Whether anybody is there shows with the first ask.
    schema::Result<std::unique_ptr<Link>> connect(Process process);
    schema::Result<std::unique_ptr<Link>> connect(const core::Remote& remote);

  private:
    schema::Result<std::unique_ptr<Link>> open_line(const core::Remote& remote,
                                                    const core::Options& opts);

  public:
    /// Tests put their own here.
    std::function<schema::Result<std::unique_ptr<Link>>(const core::Remote&)> dial;
    std::optional<core::Options> loaded;
};

/// Adds what to do to an error of talking to a program: start it, ask head office.
schema::Error with_advice(const schema::Error& error, const std::string& doing, Process process);

/// Asks and expects an answer of type T; a Trouble is its error.
template <class T>
schema::Result<T> ask_for(Link& link, schema::Message message, std::chrono::milliseconds deadline) {
    auto answer = link.ask(std::move(message), deadline);
    if (!answer) return tl::unexpected(answer.error());
    if (auto* wanted = std::get_if<T>(&*answer)) return std::move(*wanted);
    if (auto* trouble = std::get_if<schema::Trouble>(&*answer)) {
        return schema::fail(trouble->code, trouble->message);
    }
    return schema::fail(schema::Errc::corrupt, "an answer of an unexpected kind");
}

}  // namespace filial::cli
