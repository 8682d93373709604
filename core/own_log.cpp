#include "core/own_log.h"

#include <charconv>

#include "core/disk_text.h"

namespace filial::core {

using schema::ByteView;
using schema::Errc;
using schema::fail;
using schema::Result;

namespace {

constexpr const char* kFileName = "own-log";
constexpr std::size_t kFileBytesMax = 256;

}  // namespace

std::string own_log_text(const OwnLog& log) {
    return log.store.value() + " " + std::to_string(log.epoch.value()) + " " +
           schema::to_hex(schema::view(log.incarnation)) + "\n";
}

Result<OwnLog> parse_own_log(ByteView text) {
    const auto wrong = [] { return fail(Errc::corrupt, "no line of store, epoch, incarnation"); };
    if (text.empty() || text.back() != '\n') return wrong();
    text.remove_suffix(1);
    const std::size_t first = text.find(' ');
    const std::size_t second = first == ByteView::npos ? first : text.find(' ', first + 1);
    if (second == ByteView::npos) return wrong();
    auto store = schema::parse_store_id(text.substr(0, first));
    if (!store) return wrong();
    const ByteView number = text.substr(first + 1, second - first - 1);
    std::uint32_t epoch = 0;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), epoch);
    const bool whole = error == std::errc() && end == number.data() + number.size();
    const auto incarnation = schema::id16_from_hex(text.substr(second + 1));
    if (!whole || !incarnation) return wrong();
    return OwnLog{*store, schema::Epoch{epoch}, *incarnation};
}

Result<std::optional<OwnLog>> read_own_log(const std::filesystem::path& replica) {
    const auto file = replica / kFileName;
    const auto text = read_text(file, kFileBytesMax);
    if (!text && text.error().code == Errc::not_found) return std::optional<OwnLog>();
    if (!text) return tl::unexpected(text.error());
    auto log = parse_own_log(*text);
    if (!log) return fail(file.string(), log.error());
    return std::optional<OwnLog>(std::move(*log));
}

Result<void> write_own_log(const std::filesystem::path& replica, const OwnLog& log) {
    std::error_code error;
    std::filesystem::create_directories(replica, error);
    return replace_text(replica / kFileName, own_log_text(log), 0600);
}

}  // namespace filial::core
