#include "core/quarantine.h"

#include <algorithm>

#include "core/disk_text.h"
#include "schema/hash.h"

namespace filial::core {

using schema::ByteView;
using schema::Errc;
using schema::fail;
using schema::Result;

namespace {

constexpr const char* kQuarantineFile = "quarantine";
constexpr std::size_t kQuarantineBytesMax = 64 * 1024;
constexpr ByteView kAside = "aside ";
constexpr ByteView kWhy = "why ";

std::string one_line(std::string text) {
    std::replace(text.begin(), text.end(), '\n', ' ');
    return text;
}

}  // namespace

Quarantine begin_quarantine(const schema::StoreId& store, std::string reason) {
    Quarantine made{store, {}, {}, one_line(std::move(reason))};
    made.incarnation = schema::id16_from(schema::random_bytes(made.incarnation.size()));
    return made;
}

std::string quarantine_text(const Quarantine& quarantine) {
    std::string text = quarantine.store.value() + " " +
                       schema::to_hex(schema::view(quarantine.incarnation)) + "\n";
    for (const std::string& folder : quarantine.aside) {
        text += std::string(kAside) + one_line(folder) + "\n";
    }
    return text + std::string(kWhy) + one_line(quarantine.reason) + "\n";
}

Result<Quarantine> parse_quarantine(ByteView text) {
    Quarantine found;
    bool named = false;
    bool reasoned = false;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        if (end == ByteView::npos || reasoned) break;
        const ByteView line = text.substr(0, end);
        text.remove_prefix(end + 1);
        if (!named) {
            const std::size_t space = line.find(' ');
            const auto store = schema::parse_store_id(line.substr(0, space));
            const auto id = space == ByteView::npos ? std::nullopt
                                                    : schema::id16_from_hex(line.substr(space + 1));
            if (!store || !id) break;
            found.store = *store;
            found.incarnation = *id;
            named = true;
        } else if (line.starts_with(kAside)) {
            found.aside.emplace_back(line.substr(kAside.size()));
        } else if (line.starts_with(kWhy)) {
            found.reason = line.substr(kWhy.size());
            reasoned = true;
        } else {
            break;
        }
    }
    if (!reasoned || !text.empty()) {
        return fail(Errc::corrupt, "no lines of store and incarnation, aside, why");
    }
    return found;
}

Result<std::optional<Quarantine>> read_quarantine(const std::filesystem::path& data) {
    const auto file = data / kQuarantineFile;
    const auto text = read_text(file, kQuarantineBytesMax);
    if (!text && text.error().code == Errc::not_found) return std::optional<Quarantine>();
    if (!text) return tl::unexpected(text.error());
    auto found = parse_quarantine(*text);
    if (!found) return fail(file.string(), found.error());
    return std::optional<Quarantine>(std::move(*found));
}

Result<void> write_quarantine(const std::filesystem::path& data, const Quarantine& quarantine) {
    return replace_text(data / kQuarantineFile, quarantine_text(quarantine), 0600);
}

Result<void> lift_quarantine(const std::filesystem::path& data) {
    std::error_code error;
    std::filesystem::remove(data / kQuarantineFile, error);
    if (error) {
        return fail(Errc::io,
                    "remove " + (data / kQuarantineFile).string() + ": " + error.message());
    }
    return sync_folder(data);
}

}  // namespace filial::core
