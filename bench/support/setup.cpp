#include "bench/support/setup.h"

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>
#include <optional>

#include "bench/support/child.h"
#include "bench/support/figure.h"
#include "bench/support/folder.h"

namespace filial::bench {

using schema::Errc;
using schema::fail;
using schema::Result;

namespace {

constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;

std::filesystem::path own_folder() {
    std::error_code failed;
    return std::filesystem::read_symlink("/proc/self/exe", failed).parent_path();
}

/// data/retail-first10.tar.xz, from the working folder or above the programs' folder.
Result<std::filesystem::path> kept_data(const std::filesystem::path& bin) {
    for (std::filesystem::path from : {std::filesystem::current_path(), bin}) {
        for (; from.has_relative_path(); from = from.parent_path()) {
            const auto kept = from / "data" / "retail-first10.tar.xz";
            if (std::filesystem::exists(kept)) return kept;
        }
    }
    return fail(Errc::invalid,
                "data/retail-first10.tar.xz is not here; name a folder with ops/ by --data");
}

Result<void> prepare(Setup& setup, std::optional<Folder>& folder) {
    if (setup.bin.empty()) setup.bin = own_folder();
    if (setup.work.empty()) {
        const char* named = std::getenv("TMPDIR");
        setup.work = named != nullptr ? named : "/var/tmp";
    }
    auto made = Folder::make(setup.work);
    if (!made) return tl::unexpected(made.error());
    setup.work = made->path();
    folder.emplace(std::move(*made));
    if (!setup.data.empty()) return {};
    const auto kept = kept_data(setup.bin);
    if (!kept) return tl::unexpected(kept.error());
    setup.data = setup.work / "data";
    std::filesystem::create_directories(setup.data);
    const auto unpacked =
        run({"/usr/bin/env", "tar", "-xJf", kept->string(), "-C", setup.data.string()});
    if (!unpacked) return tl::unexpected(unpacked.error());
    return {};
}

}  // namespace

int run_bench(int argc, char** argv, const std::string& name, const std::string& about,
              std::size_t rounds, const std::function<Result<void>(const Setup&, Report&)>& body) {
    Setup setup;
    setup.rounds = rounds;
    CLI::App app(about, name);
    app.add_option("--data", setup.data, "Folder with ops/*.jsonl; default: ten days, in data/");
    app.add_option("--bin", setup.bin, "Folder of the programs; default: this program's");
    app.add_option("--work", setup.work,
                   "Folder on the disk to measure; default: $TMPDIR, /var/tmp");
    app.add_option("--json", setup.json, "Write the figures to this file");
    app.add_option("--rounds", setup.rounds, "How often each figure and its limit are taken")
        ->check(CLI::Range(1, 99))
        ->capture_default_str();
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
        return app.exit(e) == 0 ? 0 : kExitUsage;
    }
    std::optional<Folder> folder;
    auto done = prepare(setup, folder);
    Report report(setup, name);
    if (done) done = body(setup, report);
    if (done) done = report.write();
    if (done) return 0;
    std::cerr << name << ": " << done.error().message << "\n";
    return done.error().code == Errc::invalid ? kExitUsage : kExitFailed;
}

}  // namespace filial::bench
