// The readers of files that people write: options and the allow list.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/link/allow_list.h"
#include "core/options.h"
#include "core/options_toml.h"

using namespace filial;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);

    const auto tables = core::parse_toml(text, "file");
    core::Options options;
    options.file = "/etc/filial/filial.toml";
    if (core::parse_options(options, text)) {
        schema::check(tables.has_value(), "options are TOML");
        for (const auto& option : core::option_origins(options)) {
            schema::check(!option.name.empty(), "every option has a name");
        }
        if (options.sockets.empty()) options.sockets = options.data;
        (void)core::check_options(options).has_value();
    }
    if (const auto size_read = core::parse_size(text)) {
        const auto again = core::parse_size(core::size_text(*size_read));
        schema::check(again && *again == *size_read, "a size reads back as written");
    }
    core::CallPlan plan;
    if (core::parse_call_word(plan, text)) {
        core::CallPlan again;
        for (const std::string& word : core::call_words(plan)) {
            schema::check(core::parse_call_word(again, word).has_value(),
                          "what is written is read");
        }
        schema::check(again == plan, "a plan reads back as written");
    }
    if (const auto hours = core::parse_hours(text)) {
        const auto again = core::parse_hours(core::hours_text(*hours));
        schema::check(again && *again == *hours, "hours read back as written");
    }
    const auto admitted = core::AllowList::parse_allow_list(text, "file");
    if (admitted) schema::check(tables.has_value(), "an allow list is TOML");
    return 0;
}
