#pragma once

#include <string>
#include <vector>

#include "cli/context.h"
#include "cli/json.h"
#include "schema/bundle.h"

namespace filial::cli {

struct BundleWriteArgs {
    std::string file;
    std::string to;
    std::vector<std::string> after;  ///< "N" for the own log, "STORE:N".
};

/// `filial bundle write`: what the addressee is not known to hold, into a file that is there whole
/// or not at all.
schema::Result<int> run_bundle_write(Context& context, const BundleWriteArgs& args);

struct BundleReadArgs {
    std::string file;
    bool anyway = false;  ///< Also what is meant for another store.
};

/// `filial bundle read`: hands a bundle to the running programs of this machine. Exit code 1 where
/// something is missing before it or of it, 4 where it is for another store or refused.
schema::Result<int> run_bundle_read(Context& context, const BundleReadArgs& args);

/// `filial bundle inspect`: what is in it; touches nothing and asks nobody.
schema::Result<int> run_bundle_inspect(Context& context, const std::string& file);

/// `invalid` in a shop that works at another store and has no log.
schema::Result<void> check_own_log(const core::Options& options);
/// Reads a file as a bundle, as far as it is whole.
schema::Result<schema::Bundle> load_bundle(const std::string& file);
/// "121 to 200", or "nothing above 200".
std::string range_text(schema::Sequence after, schema::Sequence upto);
/// Number, writer, addressee and time.
std::string bundle_title(const schema::BundleHeader& header);
Json bundle_json(const schema::Bundle& bundle);
/// What a person has to know of a bundle that is not whole, and do.
std::string damage_text(const std::string& file, const schema::Bundle& bundle);

}  // namespace filial::cli
