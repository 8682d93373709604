#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "test/golden/samples.h"

namespace {

using namespace filial;
using golden::Sample;

std::filesystem::path path_of(const Sample& sample) {
    return std::filesystem::path(GOLDEN_DIR) / (sample.file + ".hex");
}

std::string from_hex(const std::string& hex) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
        bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
    }
    return bytes;
}

std::string read_hex(const std::filesystem::path& path) {
    std::ifstream in(path);
    std::string bytes, line;
    while (std::getline(in, line)) bytes += from_hex(line);
    return bytes;
}

void write_hex(const std::filesystem::path& path, const std::string& bytes) {
    std::ofstream out(path);
    for (std::size_t at = 0; at < bytes.size(); at += 40) {
        out << schema::to_hex(std::string_view(bytes).substr(at, 40)) << '\n';
    }
}

}  // namespace

TEST_CASE("golden: every format is written today byte for byte as its file says") {
    for (const Sample& sample : golden::samples()) {
        CAPTURE(sample.file);
        const bool write = std::getenv("FILIAL_GOLDEN_ADD") != nullptr;
        if (write && !std::filesystem::exists(path_of(sample))) {
            write_hex(path_of(sample), sample.bytes);
        }
        REQUIRE(std::filesystem::exists(path_of(sample)));
        if (sample.same_bytes) {
            CHECK(schema::to_hex(sample.bytes) == schema::to_hex(read_hex(path_of(sample))));
        }
    }
}

TEST_CASE("golden: the bytes of every release are read as the values they were made from") {
    for (const Sample& sample : golden::samples()) {
        CAPTURE(sample.file);
        CHECK(sample.wrong(read_hex(path_of(sample))) == "");
        CHECK(sample.wrong(sample.bytes) == "");
    }
}

TEST_CASE("golden: every file is the file of a sample") {
    std::set<std::string> known;
    for (const Sample& sample : golden::samples()) {
        CHECK_MESSAGE(known.insert(sample.file).second, sample.file);
    }
    for (const auto& entry : std::filesystem::directory_iterator(GOLDEN_DIR)) {
        if (entry.path().extension() != ".hex") continue;
        CHECK_MESSAGE(known.contains(entry.path().stem().string()), entry.path().string());
    }
}

TEST_CASE("golden: every kind of message has a sample") {
    std::set<schema::MessageKind> kinds;
    for (const schema::Message& message : golden::messages()) {
        kinds.insert(schema::kind_of(message));
    }
    CHECK(kinds.size() == std::variant_size_v<schema::Message>);
}

TEST_CASE("golden: docs/formats.md names every file") {
    std::ifstream in(std::filesystem::path(GOLDEN_DIR) / "../../docs/formats.md");
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    for (const Sample& sample : golden::samples()) {
        CHECK_MESSAGE(text.find("`" + sample.file + "`") != std::string::npos, sample.file);
    }
}

TEST_CASE("golden: the example in docs/protocol.md is what this version says") {
    std::ifstream in(std::filesystem::path(GOLDEN_DIR) / "../../docs/protocol.md");
    std::string line, hex;
    bool inside = false;
    int messages = 0;
    while (std::getline(in, line)) {
        if (line == "```hex") {
            inside = true;
            hex.clear();
        } else if (line == "```" && inside) {
            inside = false;
            ++messages;
            CAPTURE(hex);
            schema::Parser parser;
            const auto message = schema::decode_message(parser, from_hex(hex));
            REQUIRE(message);
            CHECK(schema::to_hex(encode(*message)) == hex);
            const auto* carrier = std::get_if<schema::BlockMessage>(&*message);
            if (carrier != nullptr) CHECK(schema::unpack(carrier->block).has_value());
        } else if (inside) {
            hex += line;
        }
    }
    CHECK(messages == 9);
}

TEST_CASE("golden: docs/protocol.md has every error with its row") {
    std::ifstream in(std::filesystem::path(GOLDEN_DIR) / "../../docs/protocol.md");
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    for (const schema::ErrorInfo& row : schema::error_table()) {
        const std::string expected =
            "| " + std::to_string(static_cast<unsigned>(row.code)) + " | " + std::string(row.name) +
            " | " + std::to_string(row.exit_code) + " | " + (row.retry ? "yes" : "no") + " | " +
            std::string(row.actor) + " |";
        CHECK_MESSAGE(text.find(expected) != std::string::npos, expected);
    }
}
