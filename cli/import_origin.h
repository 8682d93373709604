#pragma once

#include <filesystem>
#include <string>

#include "schema/ids.h"

namespace filial::cli {

/// Which file an import last came from, `data/imports/CLIENT.from`: two files of one name in two
/// folders are one --source, and a person who is told that the lines differ has to know of which.
/// Only for telling; where it cannot be read or written nothing is said.
class ImportOrigin {
  public:
    ImportOrigin(const std::filesystem::path& folder, const schema::ClientId& client,
                 const std::string& file);

    /// "; those came from /other/sales.jsonl: ..." where that was another file; else empty.
    std::string advice() const;
    /// This file is the one: nothing was imported before, or its lines are the same.
    void note();

  private:
    std::filesystem::path note_file_;
    std::string file_;     ///< Absolute; empty for standard input.
    std::string earlier_;  ///< Empty: not known.
};

}  // namespace filial::cli
