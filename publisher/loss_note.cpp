#include "publisher/loss_note.h"

#include <filesystem>

#include "core/disk_text.h"

namespace filial::publisher {

namespace {

constexpr std::size_t kNoteBytesMax = 4'096;
constexpr std::string_view kBy = "\nby ";

void trim(std::string& text) {
    while (!text.empty() && text.back() == '\n') text.pop_back();
}

}  // namespace

std::optional<LossNote> LossNote::read(const core::Options& options) {
    auto text = core::read_text(options.publisher_dir() / kAcceptLoss, kNoteBytesMax);
    if (!text) return std::nullopt;
    LossNote note{std::move(*text), {}};
    trim(note.reason);
    const std::size_t by = note.reason.rfind(kBy);
    if (by != std::string::npos && note.reason.find('\n', by + 1) == std::string::npos) {
        note.who = note.reason.substr(by + kBy.size());
        note.reason.resize(by);
        trim(note.reason);
    }
    if (note.reason.empty()) return std::nullopt;
    return note;
}

schema::Result<void> LossNote::forget(const core::Options& options) {
    const auto note = options.publisher_dir() / kAcceptLoss;
    std::error_code error;
    if (!std::filesystem::remove(note, error) && !error) return {};
    if (error) {
        return schema::fail(schema::Errc::io, "remove " + note.string() + ": " + error.message());
    }
    return core::sync_folder(options.publisher_dir());
}

}  // namespace filial::publisher
