#include "cli/ticket_time.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "cli/console.h"
#include "cli/file.h"
#include "schema/limits.h"

namespace filial::cli {

using schema::Timestamp;

namespace {

/// Two numbers of 20 digits, a blank and a newline.
constexpr std::size_t kLineBytes = 42;
/// Written anew with the last kAnswersKept numbers once it has grown past this.
constexpr std::size_t kFileBytes = 2 * schema::kAnswersKept * kLineBytes;

std::string line_of(std::uint64_t number, Timestamp time) {
    return std::to_string(number) + " " + std::to_string(time.value()) + "\n";
}

/// One write of one line: two tills with one client's name do not tear each other's.
void append(const std::filesystem::path& file, const std::string& line) {
    const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0) return;
    // Without it only a second try is told otherwise: no reason to refuse the first one.
    [[maybe_unused]] const bool kept = write_all(fd, line).has_value() && ::fdatasync(fd) == 0;
    ::close(fd);
}

}  // namespace

std::map<std::uint64_t, Timestamp> parse_ticket_times(std::string_view text) {
    std::map<std::uint64_t, Timestamp> times;
    while (!text.empty()) {
        const std::size_t size = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, size);
        text.remove_prefix(std::min(size + 1, text.size()));
        std::uint64_t number = 0;
        std::int64_t time = 0;
        const char* const end = line.data() + line.size();
        const auto first = std::from_chars(line.data(), end, number);
        if (first.ec != std::errc() || first.ptr == end || *first.ptr != ' ') continue;
        const auto second = std::from_chars(first.ptr + 1, end, time);
        if (second.ec == std::errc() && second.ptr == end) times.emplace(number, Timestamp{time});
    }
    return times;
}

Timestamp time_of_ticket(const std::filesystem::path& data, const schema::ClientId& client,
                         std::uint64_t number, Timestamp now) {
    const auto folder = data / "clients";
    const auto file = folder / schema::to_hex(schema::view(client));
    // Twice the size is read: a file that several callers appended to before one wrote it anew.
    const auto text = read_file(file, 2 * kFileBytes);
    auto times = parse_ticket_times(text ? *text : std::string());
    if (const auto kept = times.find(number); kept != times.end()) return kept->second;
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    const bool unreadable = !text && text.error().code != schema::Errc::not_found;
    if (!unreadable && (!text || text->size() < kFileBytes)) {
        append(file, line_of(number, now));
        return now;
    }
    times.emplace(number, now);
    while (times.size() > schema::kAnswersKept && times.begin()->first != number) {
        times.erase(times.begin());
    }
    std::string anew;
    for (const auto& [each, time] : times) anew += line_of(each, time);
    [[maybe_unused]] const auto written = write_file(file, anew);
    return now;
}

}  // namespace filial::cli
