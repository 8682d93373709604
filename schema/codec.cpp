#include "schema/codec.h"

#include <msgpack.hpp>

#include <cstdint>
#include <new>

#include "schema/codec_tree.h"
#include "schema/limits.h"
#include "schema/walker.h"

namespace filial::schema {
namespace {

using Kind = Value::Kind;

/// A first allocation that most values fit into; from there on the string doubles itself.
constexpr std::size_t kFirstBytes = 112;

const Value& as_value(const void* element) { return *static_cast<const Value*>(element); }

struct Sink {
    Bytes& bytes;
    void write(const char* data, std::size_t size) { bytes.append(data, size); }
};

template <class Packed>
void pack(Bytes& bytes, const Packed& value) {
    Sink sink{bytes};
    msgpack::packer<Sink>(sink).pack(value);
}

}  // namespace

Writer& Writer::array(std::size_t elements) {
    if (bytes_.capacity() < kFirstBytes) bytes_.reserve(kFirstBytes);
    Sink sink{bytes_};
    msgpack::packer<Sink>(sink).pack_array(static_cast<std::uint32_t>(elements));
    return *this;
}

Writer& Writer::u64(std::uint64_t value) {
    pack(bytes_, value);
    return *this;
}

Writer& Writer::i64(std::int64_t value) {
    pack(bytes_, value);
    return *this;
}

Writer& Writer::boolean(bool value) {
    pack(bytes_, value);
    return *this;
}

Writer& Writer::nil() {
    Sink sink{bytes_};
    msgpack::packer<Sink>(sink).pack_nil();
    return *this;
}

Writer& Writer::str(std::string_view text) {
    Sink sink{bytes_};
    msgpack::packer<Sink> packer(sink);
    packer.pack_str(static_cast<std::uint32_t>(text.size()));
    packer.pack_str_body(text.data(), static_cast<std::uint32_t>(text.size()));
    return *this;
}

Writer& Writer::bin(ByteView bytes) {
    Sink sink{bytes_};
    msgpack::packer<Sink> packer(sink);
    packer.pack_bin(static_cast<std::uint32_t>(bytes.size()));
    packer.pack_bin_body(bytes.data(), static_cast<std::uint32_t>(bytes.size()));
    return *this;
}

Writer& Writer::raw(ByteView encoded) {
    bytes_.append(encoded);
    return *this;
}

const void* Fields::take() {
    if (at_ >= size_) {
        ++at_;
        return nullptr;
    }
    return static_cast<const Value*>(elements_) + at_++;
}

std::uint64_t Fields::u64() {
    const void* element = take();
    if (element == nullptr) return 0;
    const Value& value = as_value(element);
    if (value.kind == Kind::positive) return value.number;
    parser_->wrong("a number from 0");
    return 0;
}

std::uint32_t Fields::u32() {
    const std::uint64_t value = u64();
    if (value <= UINT32_MAX) return static_cast<std::uint32_t>(value);
    parser_->wrong("a number below 2^32");
    return 0;
}

std::int64_t Fields::i64() {
    const void* element = take();
    if (element == nullptr) return 0;
    const Value& value = as_value(element);
    if (value.kind == Kind::negative) return value.minus;
    if (value.kind == Kind::positive && value.number <= INT64_MAX) {
        return static_cast<std::int64_t>(value.number);
    }
    parser_->wrong("a number of 64 bits");
    return 0;
}

bool Fields::boolean() {
    const void* element = take();
    if (element == nullptr) return false;
    const Value& value = as_value(element);
    if (value.kind == Kind::boolean) return value.number != 0;
    parser_->wrong("true or false");
    return false;
}

std::string_view Fields::str() {
    const void* element = take();
    if (element == nullptr) return {};
    const Value& value = as_value(element);
    if (value.kind == Kind::text) return value.view();
    if (value.kind != Kind::nil) parser_->wrong("text");
    return {};
}

ByteView Fields::bin() {
    const void* element = take();
    if (element == nullptr) return {};
    const Value& value = as_value(element);
    if (value.kind == Kind::bytes) return value.view();
    if (value.kind != Kind::nil) parser_->wrong("bytes");
    return {};
}

Fields Fields::array() {
    const void* element = take();
    Fields none;
    none.parser_ = parser_;
    if (element == nullptr) return none;
    const Value& value = as_value(element);
    if (value.kind == Kind::array) return parser_->fields_of(element);
    if (value.kind != Kind::nil) parser_->wrong("an array");
    return none;
}

void Fields::refuse(std::string_view expected) {
    if (parser_ != nullptr) parser_->wrong(expected);
}

bool Fields::next_is_nil() const {
    if (at_ >= size_) return true;
    return static_cast<const Value*>(elements_)[at_].kind == Kind::nil;
}

struct Parser::Memory {
    ValueTree tree;
};

Parser::Parser() : memory_(std::make_unique<Memory>()) {}
Parser::~Parser() = default;

Fields Parser::fields_of(const void* array) {
    const Value& value = as_value(array);
    Fields fields;
    fields.elements_ = memory_->tree.elements(value);
    fields.size_ = value.size;
    fields.parser_ = this;
    return fields;
}

Result<Fields> Parser::array(ByteView bytes) try {
    error_.clear();
    if (bytes.size() > kMessageBytesMax) return fail(Errc::too_large, "longer than any message");
    ValueTree& tree = memory_->tree;
    if (!tree.read(bytes)) return fail(Errc::corrupt, std::string(tree.error()));
    if (tree.root().kind != Kind::array) return fail(Errc::corrupt, "not an array");
    return fields_of(&tree.root());
} catch (const std::bad_alloc&) {
    return fail(Errc::too_large, "no memory to decode the value");
}

Result<void> Parser::finish(std::string_view what) const {
    if (error_.empty()) return {};
    return fail(Errc::corrupt, std::string(what) + ": " + error_);
}

void Parser::wrong(std::string_view expected) {
    if (error_.empty()) error_ = "expected " + std::string(expected);
}

Result<ByteView> Parser::elements_from(ByteView bytes, std::size_t index) {
    Walker walker(bytes);
    std::uint64_t elements = 0;
    if (!walker.array_head(elements)) return fail(Errc::corrupt, std::string(walker.error()));
    std::size_t begin = bytes.size();
    for (std::uint64_t i = 0; i < elements; ++i) {
        if (i == index) begin = walker.at();
        if (!walker.skip()) return fail(Errc::corrupt, std::string(walker.error()));
    }
    if (walker.left() > 0) return fail(Errc::corrupt, "bytes behind the value");
    return bytes.substr(begin);
}

Result<std::size_t> Parser::count_values(ByteView bytes) {
    Walker walker(bytes);
    std::size_t count = 0;
    for (; walker.left() > 0; ++count) {
        if (!walker.skip()) return fail(Errc::corrupt, std::string(walker.error()));
    }
    return count;
}

bool is_utf8(std::string_view text) {
    std::size_t i = 0;
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
    while (i < text.size()) {
        const unsigned char lead = byte(i);
        std::size_t tail = 0;
        std::uint32_t value = 0;
        if (lead < 0x80) {
            ++i;
            continue;
        } else if (lead >= 0xc2 && lead <= 0xdf) {
            tail = 1, value = lead & 0x1fu;
        } else if (lead >= 0xe0 && lead <= 0xef) {
            tail = 2, value = lead & 0x0fu;
        } else if (lead >= 0xf0 && lead <= 0xf4) {
            tail = 3, value = lead & 0x07u;
        } else {
            return false;
        }
        if (i + tail >= text.size()) return false;
        for (std::size_t k = 1; k <= tail; ++k) {
            if ((byte(i + k) & 0xc0) != 0x80) return false;
            value = value << 6 | (byte(i + k) & 0x3fu);
        }
        const bool overlong = (tail == 2 && value < 0x800) || (tail == 3 && value < 0x10000);
        if (overlong || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) return false;
        i += tail + 1;
    }
    return true;
}

}  // namespace filial::schema
