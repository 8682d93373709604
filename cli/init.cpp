#include "cli/init.h"

#include <filesystem>

#include "cli/file.h"
#include "cli/json.h"
#include "cli/store_file.h"
#include "core/link/keys.h"

namespace filial::cli {

using schema::Errc;
using schema::Result;
namespace fs = std::filesystem;

namespace {

constexpr std::string_view kBrokerListen = "tcp://*:7711";

Result<StoreFile> store_file_of(const InitArgs& args) {
    const auto store = schema::parse_store_id(args.store);
    if (!store) return tl::unexpected(store.error());
    StoreFile file;
    file.store = args.store;
    file.broker = args.broker;
    file.listen = args.listen;
    if (file.listen.empty() && args.broker) file.listen = kBrokerListen;
    if (!file.listen.empty() && (!file.listen.starts_with("tcp://") ||
                                 file.listen.find_first_of("\"\\ \t\n") != std::string::npos)) {
        return schema::fail(Errc::invalid,
                            "--listen " + file.listen + ": expected tcp://address:port");
    }
    const bool apart = !args.hub_name.empty() || !args.hub_key.empty();
    if (apart && args.hubs.size() != 1) {
        return schema::fail(Errc::invalid, "--hub-name and --hub-key go with exactly one --hub");
    }
    for (const std::string& text : args.hubs) {
        auto hub = apart ? check_hub({args.hub_name, text, args.hub_key}) : parse_hub(text);
        if (!hub) return tl::unexpected(hub.error());
        file.hubs.push_back(std::move(*hub));
    }
    return file;
}

/// The keys of the folder; new ones unless an interrupted `init` left some.
Result<core::Keys> keys_in(const fs::path& dir) {
    auto found = core::load_keys(dir);
    if (found || found.error().code != Errc::not_found) return found;
    auto made = core::make_keys();
    if (!made) return made;
    if (const auto saved = core::save_keys(dir, *made); !saved) {
        return tl::unexpected(saved.error());
    }
    return made;
}

/// Where stores reach a broker that listens there; * stands for this machine's name.
std::string reachable(const std::string& listen) {
    const std::size_t port = listen.rfind(':');
    const std::string host = listen.substr(6, port - 6);
    const bool any = host == "*" || host == "0.0.0.0";
    return any ? "tcp://HOST" + listen.substr(port) : listen;
}

void print(Console& console, const StoreFile& file, const fs::path& dir, const std::string& key) {
    const fs::path config = dir / "filial.toml";
    const std::string admit = "filial admit " + file.store + " '" + key + "'";
    const std::string hub =
        file.broker ? file.store + "=" + reachable(file.listen) + "=" + key : std::string();
    if (console.json) {
        Json out;
        out["store"] = file.store;
        out["dir"] = fs::absolute(dir).lexically_normal().string();
        out["config"] = fs::absolute(config).lexically_normal().string();
        out["key"] = key;
        out["admit"] = admit;
        if (file.broker) out["hub"] = hub;
        console.line(dump(out));
        return;
    }
    console.line("store " + file.store + " is set up in " + dir.string());
    console.line("  configuration  " + config.string());
    console.line("  public key     " + key);
    if (file.broker) {
        console.line("\nStart the broker:       filial-broker --config " + config.string());
        console.line("Each store needs it as:  filial init STORE --hub '" + hub + "'");
        if (hub.find("=tcp://HOST:") != std::string::npos) {
            console.line("with this machine's name or address for HOST.");
        }
        return;
    }
    console.line("\nHead office must run, in the folder of its broker:\n  " + admit);
    console.line("\nStart the store:\n  filial-publisher --config " + config.string() +
                 "\n  filial-subscriber --config " + config.string());
}

}  // namespace

Result<int> run_init(Context& context, const InitArgs& args) {
    const auto file = store_file_of(args);
    if (!file) return schema::fail("init", file.error());
    const fs::path dir = args.dir.empty() ? fs::path(args.store) : fs::path(args.dir);
    const fs::path config = dir / "filial.toml";
    std::error_code error;
    if (fs::exists(config, error)) {
        return schema::fail(Errc::invalid,
                            "init " + args.store + ": there is a store in " + dir.string() +
                                " already; nothing was changed, choose another --dir");
    }
    const bool fresh = fs::create_directories(dir, error);
    if (error) {
        return schema::fail(Errc::io, "init: make " + dir.string() + ": " + error.message());
    }
    // Keys and local sockets are for the store's own user alone.
    if (fresh) fs::permissions(dir, fs::perms::owner_all, error);

    core::Options options;
    options.store = schema::StoreId{args.store};
    options.data = dir;
    const auto keys = keys_in(options.keys_dir());
    if (!keys) return schema::fail("init", keys.error());
    // Last, so that a folder with a configuration is a whole store.
    if (const auto made = create_file(config, store_file_text(*file)); !made) {
        return schema::fail("init", made.error());
    }
    print(context.console, *file, dir, keys->curve_public);
    return kDone;
}

}  // namespace filial::cli
