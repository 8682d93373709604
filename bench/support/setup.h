#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "schema/result.h"

namespace filial::bench {

class Report;

/// What every bench can be told.
struct Setup {
    std::filesystem::path data;  ///< Holds ops/*.jsonl.
    std::filesystem::path bin;   ///< The programs; default: where the bench itself is.
    std::filesystem::path work;  ///< On the disk that is measured; the run's own folder goes there.
    std::filesystem::path json;  ///< Where the figures go as JSON; empty: nowhere.
    std::size_t rounds = 5;      ///< Each measures and its limit, in turns.
};

/// Reads --data, --bin, --work, --json and --rounds, runs `body` and writes the report. Exit code
/// 0 however good the figures are, 1 if they could not be taken, 2 for wrong usage. Without --data
/// the ten days kept in data/ are unpacked into the run's folder, `setup.work`, which is new.
int run_bench(int argc, char** argv, const std::string& name, const std::string& about,
              std::size_t rounds,
              const std::function<schema::Result<void>(const Setup&, Report&)>& body);

}  // namespace filial::bench
