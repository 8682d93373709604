#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "cli/context.h"

namespace filial::cli {

struct ParkedArgs {
    std::string key;     ///< Empty: all.
    std::string at;      ///< Only of this store's log.
    std::string topic;   ///< Only of this topic.
    std::string reason;  ///< Of a waiver.
};

/// `filial parked list`: keys whose events this store's replica cannot apply, since where and why,
/// and what was given up, by whom and why.
schema::Result<int> run_parked_list(Context& context, const ParkedArgs& args);
/// `filial parked show KEY`: its events, those that were given up too. `invalid` where several logs
/// have a parked key of this name and none is chosen.
schema::Result<int> run_parked_show(Context& context, const ParkedArgs& args);
/// `filial parked retry [KEY]`: applies what this program can apply now, in order. Exit code 1
/// while something of it is still parked.
schema::Result<int> run_parked_retry(Context& context, const ParkedArgs& args);
/// `filial parked waive KEY --reason TEXT`: gives up what cannot be applied of one key, on the
/// record, and applies what stands behind it.
schema::Result<int> run_parked_waive(Context& context, const ParkedArgs& args);

/// How many keys of these topics are parked in the replica behind `link`; `at`: only of this
/// store's log. 0 where it is another shop's replica, which does not say it.
schema::Result<std::size_t> parked_keys(Link& link, const std::vector<std::string_view>& topics,
                                        const std::string& at);
/// For whoever gets an answer over many keys.
std::string parked_sentence(std::size_t keys);

}  // namespace filial::cli
