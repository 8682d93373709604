#include "cli/context.h"

#include "cli/central_link.h"

namespace filial::cli {

using schema::Errc;
using schema::Error;
using schema::Result;

Result<const core::Options*> Context::options() {
    if (loaded) return &*loaded;
    core::Overrides overrides;
    for (const std::string& set : sets) {
        const std::size_t equals = set.find('=');
        if (equals == std::string::npos || equals == 0) {
            return schema::fail(Errc::invalid, "--set " + set +
                                                   ": expected section.key=value, such as "
                                                   "publisher.mark_every=5s");
        }
        overrides[set.substr(0, equals)] = set.substr(equals + 1);
    }
    const std::filesystem::path file =
        config.empty() ? core::default_options_file() : std::filesystem::path(config);
    std::error_code ignored;
    if (!std::filesystem::exists(file, ignored)) {
        return schema::fail(Errc::invalid,
                            "read the configuration: there is no " + file.string() +
                                "; run `filial init STORE` first, or name the file with --config");
    }
    auto read = core::load_options(file, overrides);
    if (!read) return tl::unexpected(read.error());
    // Where stderr is read as JSON too, a line of words would break it.
    for (const std::string& warning : read->warnings) {
        if (!console.json) console.say("filial: " + warning);
    }
    loaded = std::move(*read);
    return &*loaded;
}

Result<std::unique_ptr<Link>> Context::connect(Process process) {
    const auto opts = options();
    if (!opts) return tl::unexpected(opts.error());
    return connect(remote_of(process, **opts));
}

Result<std::unique_ptr<Link>> Context::connect(const core::Remote& remote) {
    const auto opts = options();
    if (!opts) return tl::unexpected(opts.error());
    const auto& central = (*opts)->central;
    const bool far = (*opts)->is_central() && (remote.endpoint == central.publisher ||
                                               remote.endpoint == central.subscriber);
    auto line = open_line(remote, **opts);
    if (!line || !far) return line;
    return std::unique_ptr<Link>(new CentralLink(std::move(*line), remote));
}

Result<std::unique_ptr<Link>> Context::open_line(const core::Remote& remote,
                                                 const core::Options& opts) {
    if (dial) return dial(remote);
    auto link = NetworkLink::open(remote, opts);
    if (!link) return tl::unexpected(link.error());
    return std::unique_ptr<Link>(std::move(*link));
}

Error with_advice(const Error& error, const std::string& doing, Process process) {
    Error out{error.code, doing + ": " + error.message};
    if (error.message.find(kLineAdvice) != std::string::npos) return out;
    const std::string program = "filial-" + name_of(process);
    if (error.code == Errc::unreachable) {
        out.message += "; start " + program + ", or look at `filial status`";
    } else if (error.code == Errc::timeout) {
        out.message += "; look at `filial status` and the log of " + program;
    }
    return out;
}

}  // namespace filial::cli
