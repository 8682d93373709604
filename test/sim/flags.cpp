#include "test/sim/flags.h"

#include <charconv>

namespace filial::sim {

using schema::Errc;
using schema::Result;

namespace {

Result<std::uint64_t> number(const std::string& flag, const std::string* word, std::uint64_t least,
                             std::uint64_t most) {
    const std::string allowed =
        "; allowed is a whole number from " + std::to_string(least) + " to " + std::to_string(most);
    if (word == nullptr) return schema::fail(Errc::invalid, flag + " lacks its value" + allowed);
    std::uint64_t value = 0;
    const char* end = word->data() + word->size();
    const auto [at, error] = std::from_chars(word->data(), end, value);
    const bool read = error == std::errc() && at == end && !word->empty();
    if (read && value >= least && value <= most) return value;
    return schema::fail(Errc::invalid, flag + " was given \"" + *word + "\"" + allowed);
}

Result<schema::Bug> bug_of(const std::string* word) {
    if (word == nullptr) {
        return schema::fail(Errc::invalid, "--plant lacks its value; --bugs names the mistakes");
    }
#ifdef FILIAL_PLANTED
    for (std::size_t bug = 1; bug < schema::kBugs; ++bug) {
        if (*word == schema::kBugNames[bug]) return static_cast<schema::Bug>(bug);
    }
    return schema::fail(Errc::invalid, "--plant was given \"" + *word +
                                           "\", which is no mistake; --bugs names them");
#else
    return schema::fail(Errc::invalid, "--plant was given \"" + *word +
                                           "\"; this build has no mistakes to plant, the preset "
                                           "sim has");
#endif
}

}  // namespace

Result<Flags> parse_flags(const std::vector<std::string>& words) {
    Flags flags;
    const auto take = [&](const std::string& flag, const std::string* value, std::uint64_t least,
                          std::uint64_t most, std::uint64_t& into) -> Result<void> {
        const auto read = number(flag, value, least, most);
        if (!read) return tl::unexpected(read.error());
        into = *read;
        return {};
    };
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string& flag = words[i];
        const std::string* value = i + 1 < words.size() ? &words[i + 1] : nullptr;
        Result<void> ok;
        bool takes_value = true;
        if (flag == "--seeds") {
            ok = take(flag, value, 1, kSeedsMost, flags.seeds);
        } else if (flag == "--seed") {
            ok = take(flag, value, 0, kSeedMost, flags.first);
            flags.seeds = 1;
        } else if (flag == "--from") {
            ok = take(flag, value, 0, kSeedMost, flags.first);
        } else if (flag == "--twice-each") {
            ok = take(flag, value, 1, kSeedsMost, flags.twice_each);
        } else if (flag == "--planted") {
            ok = take(flag, value, 1, kSeedsMost, flags.planted);
        } else if (flag == "--plant") {
            const auto bug = bug_of(value);
            if (!bug) return tl::unexpected(bug.error());
            flags.plant = *bug;
        } else {
            takes_value = false;
            if (flag == "--trace") {
                flags.trace = true;
            } else if (flag == "--story") {
                flags.story = true;
            } else if (flag == "--twice") {
                flags.twice_each = 1;
            } else if (flag == "--coverage") {
                flags.coverage = true;
            } else if (flag == "--bugs") {
                flags.bugs = true;
            } else if (flag == "--help" || flag == "-h") {
                flags.help = true;
            } else {
                return schema::fail(Errc::invalid, "\"" + flag + "\" is no flag");
            }
        }
        if (!ok) return tl::unexpected(ok.error());
        if (takes_value) ++i;
    }
    return flags;
}

}  // namespace filial::sim
