#include "schema/walker.h"

#include "schema/limits.h"

namespace filial::schema {

bool Walker::wrong(std::string_view why) {
    error_ = why;
    return false;
}

bool Walker::number(std::size_t size, std::uint64_t& value) {
    if (left() < size) return wrong("cut off");
    value = 0;
    for (std::size_t i = 0; i < size; ++i) value = value << 8 | byte();
    return true;
}

bool Walker::pass(std::uint64_t size) {
    if (left() < size) return wrong("cut off");
    at_ += static_cast<std::size_t>(size);
    return true;
}

/// Over a length of `size` bytes and so many bytes as it says, and `more`.
bool Walker::sized(std::size_t size, std::uint64_t more) {
    std::uint64_t length = 0;
    return number(size, length) && pass(length + more);
}

bool Walker::fits(std::uint64_t elements) {
    if (elements > kArrayElementsMax) return wrong("too many elements");
    return elements <= left() || wrong("cut off");
}

bool Walker::array_head(std::uint64_t& elements) {
    if (left() == 0) return wrong("cut off");
    const unsigned char type = byte();
    if ((type & 0xf0) == 0x90) {
        elements = type & 0x0fu;
        return fits(elements);
    }
    if (type != 0xdc && type != 0xdd) return wrong("not an array");
    return number(type == 0xdc ? 2 : 4, elements) && fits(elements);
}

bool Walker::skip() {
    std::uint64_t open[kNestingMax + 1] = {1};  // Values still to come, by depth.
    std::size_t depth = 0;
    for (;;) {
        while (open[depth] == 0) {
            if (depth == 0) return true;
            --depth;
        }
        --open[depth];
        std::uint64_t inside = 0;
        if (!one(inside)) return false;
        if (inside == 0) continue;
        if (depth == kNestingMax) return wrong("nested too deeply");
        open[++depth] = inside;
    }
}

/// Over one value, or over the head of one that has `inside` others.
bool Walker::one(std::uint64_t& inside) {
    if (left() == 0) return wrong("cut off");
    const unsigned char type = byte();
    if (type <= 0x7f || type >= 0xe0) return true;
    if (type >= 0xa0 && type <= 0xbf) return pass(type & 0x1fu);
    if (type <= 0x9f) {
        inside = type & 0x0fu;
        if (type <= 0x8f) inside *= 2;
        return fits(inside);
    }
    switch (type) {
        case 0xc0:  // nil
        case 0xc2:  // false
        case 0xc3:  // true
            return true;
        case 0xc4:  // bin
        case 0xd9:  // str
            return sized(1);
        case 0xc5:
        case 0xda:
            return sized(2);
        case 0xc6:
        case 0xdb:
            return sized(4);
        case 0xc7:  // ext: a type byte as well
            return sized(1, 1);
        case 0xc8:
            return sized(2, 1);
        case 0xc9:
            return sized(4, 1);
        case 0xcc:  // integers and floats
        case 0xd0:
            return pass(1);
        case 0xcd:
        case 0xd1:
            return pass(2);
        case 0xca:
        case 0xce:
        case 0xd2:
            return pass(4);
        case 0xcb:
        case 0xcf:
        case 0xd3:
            return pass(8);
        case 0xd4:  // fixext: 1, 2, 4, 8, 16
        case 0xd5:
        case 0xd6:
        case 0xd7:
        case 0xd8:
            return pass(1 + (std::uint64_t{1} << (type - 0xd4)));
        case 0xdc:  // array
        case 0xdd:
            return number(type == 0xdc ? 2 : 4, inside) && fits(inside);
        case 0xde:  // map
        case 0xdf:
            if (!number(type == 0xde ? 2 : 4, inside)) return false;
            inside *= 2;
            return fits(inside);
        default:
            return wrong("no msgpack");
    }
}

}  // namespace filial::schema
