#include "cli/import_origin.h"

#include "cli/file.h"

namespace filial::cli {
namespace {

constexpr std::size_t kPathBytesMax = 64 * 1024;

}  // namespace

ImportOrigin::ImportOrigin(const std::filesystem::path& folder, const schema::ClientId& client,
                           const std::string& file)
    : note_file_(folder / (schema::to_hex(schema::view(client)) + ".from")) {
    std::error_code error;
    if (file != "-") file_ = std::filesystem::absolute(file, error).lexically_normal().string();
    if (auto earlier = read_file(note_file_, kPathBytesMax)) earlier_ = std::move(*earlier);
}

std::string ImportOrigin::advice() const {
    if (earlier_.empty() || earlier_ == file_) return {};
    return "; those came from " + earlier_ + ": another file needs a name of its own, by --source";
}

void ImportOrigin::note() {
    if (file_.empty() || earlier_ == file_) return;
    if (write_file(note_file_, file_)) earlier_ = file_;
}

}  // namespace filial::cli
