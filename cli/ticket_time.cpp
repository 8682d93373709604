#include "cli/ticket_time.h"

#include <sstream>
#include <string>

#include "cli/file.h"

namespace filial::cli {
namespace {

/// Two numbers and a newline.
constexpr std::size_t kTimeBytesMax = 64;

}  // namespace

schema::Timestamp time_of_ticket(const std::filesystem::path& data, const schema::ClientId& client,
                                 std::uint64_t number, schema::Timestamp now) {
    const auto folder = data / "clients";
    const auto file = folder / schema::to_hex(schema::view(client));
    if (const auto kept = read_file(file, kTimeBytesMax)) {
        std::istringstream text(*kept);
        std::uint64_t kept_number = 0;
        std::int64_t kept_time = 0;
        if (text >> kept_number >> kept_time && kept_number == number) {
            return schema::Timestamp{kept_time};
        }
    }
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    const std::string text = std::to_string(number) + " " + std::to_string(now.value()) + "\n";
    // Without it only a second try is told otherwise: no reason to refuse the first one.
    [[maybe_unused]] const auto written = write_file(file, text);
    return now;
}

}  // namespace filial::cli
