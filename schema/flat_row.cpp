#include "schema/flat_row.h"

#include <cstring>

#include "schema/limits.h"

namespace filial::schema {
namespace {

/// Walks over one value that is encoded as `Writer` does it and nothing else.
class Opener {
  public:
    explicit Opener(FlatRow& into) : into_(into) {}

    bool row() {
        if (at_ >= end_ || (byte() & 0xf0) != 0x90) return false;
        std::size_t elements = byte() & 0x0fu;
        if (elements == 0 || !put(take())) return false;
        if (!kind()) return false;
        for (--elements; elements > 0; --elements) {
            if (!value(1, true)) return false;
        }
        return at_ == end_;
    }

  private:
    unsigned char byte() const { return static_cast<unsigned char>(into_.bytes[at_]); }
    unsigned char take() { return static_cast<unsigned char>(into_.bytes[at_++]); }
    bool put(unsigned char element) {
        if (into_.form_size == kFormMax) return false;
        into_.form_bytes[into_.form_size++] = static_cast<char>(element);
        return true;
    }
    bool add(Form form, Leaf leaf) {
        if (into_.count == kLeavesMax) return false;
        into_.add(leaf);
        return put(static_cast<unsigned char>(form));
    }

    bool kind() {
        if (at_ >= end_ || (byte() & 0xe0) != 0xa0) return false;
        const std::size_t size = take() & 0x1fu;
        if (end_ - at_ < size || kFormMax - into_.form_size < 2 + size) return false;
        put(static_cast<unsigned char>(Form::kind));
        put(static_cast<unsigned char>(size));
        std::memcpy(into_.form_bytes.data() + into_.form_size, into_.bytes.data() + at_, size);
        into_.form_size += size;
        at_ += size;
        return true;
    }

    /// Big-endian; false where a shorter head would have done.
    bool number(std::size_t size, std::uint64_t least, std::uint64_t& value) {
        if (end_ - at_ < size) return false;
        value = 0;
        for (std::size_t i = 0; i < size; ++i) value = value << 8 | take();
        return value >= least;
    }
    bool positive(std::size_t size, std::uint64_t least) {
        std::uint64_t value = 0;
        if (!number(size, least, value) || value > INT64_MAX) return false;
        return add(Form::number, {Leaf::Kind::number, static_cast<std::int64_t>(value), 0, 0});
    }
    bool negative(std::size_t size, std::int64_t below) {
        std::uint64_t bits = 0;
        if (!number(size, 0, bits)) return false;
        const unsigned shift = static_cast<unsigned>(64 - 8 * size);
        const auto value = static_cast<std::int64_t>(bits << shift) >> shift;
        return value < below && add(Form::number, {Leaf::Kind::number, value, 0, 0});
    }
    bool text(Form form, Leaf::Kind kind, std::uint64_t size) {
        if (end_ - at_ < size) return false;
        const Leaf leaf{kind, 0, static_cast<std::uint32_t>(at_), static_cast<std::uint32_t>(size)};
        at_ += static_cast<std::size_t>(size);
        return add(form, leaf);
    }

    bool bytes(std::uint64_t size, bool open) {
        if (end_ - at_ < size) return false;
        if (open && size > 0 && (byte() & 0xf0) == 0x90) {
            const std::size_t at = at_, form = into_.form_size, count = into_.count;
            const std::size_t numbers = into_.number_count, texts = into_.text_count;
            const std::size_t outer = end_;
            end_ = at_ + static_cast<std::size_t>(size);
            const bool whole =
                put(static_cast<unsigned char>(Form::opened)) && value(2, false) && at_ == end_;
            end_ = outer;
            if (whole) return true;
            at_ = at;
            into_.form_size = form;
            into_.count = count;
            into_.number_count = numbers;
            into_.text_count = texts;
        }
        return text(Form::bytes, Leaf::Kind::bytes, size);
    }

    bool value(std::size_t depth, bool open) {
        if (at_ >= end_) return false;
        const unsigned char type = take();
        if (type <= 0x7f) {
            return add(Form::number, {Leaf::Kind::number, type, 0, 0});
        }
        if (type >= 0xe0) {
            return add(Form::number,
                       {Leaf::Kind::number, static_cast<std::int64_t>(type) - 256, 0, 0});
        }
        if (type >= 0xa0 && type <= 0xbf) return text(Form::text, Leaf::Kind::text, type & 0x1fu);
        if (type >= 0x90 && type <= 0x9f) {
            if (depth >= kNestingMax || !put(type)) return false;
            for (std::size_t left = type & 0x0fu; left > 0; --left) {
                if (!value(depth + 1, open)) return false;
            }
            return true;
        }
        std::uint64_t size = 0;
        switch (type) {
            case 0xc0:
            case 0xc2:
            case 0xc3:
                return put(type);
            case 0xc4:
                return number(1, 0, size) && bytes(size, open);
            case 0xc5:
                return number(2, 0x100, size) && bytes(size, open);
            case 0xd9:
                return number(1, 32, size) && text(Form::text, Leaf::Kind::text, size);
            case 0xda:
                return number(2, 0x100, size) && text(Form::text, Leaf::Kind::text, size);
            case 0xcc:
                return positive(1, 0x80);
            case 0xcd:
                return positive(2, 0x100);
            case 0xce:
                return positive(4, 0x1'0000);
            case 0xcf:
                return positive(8, 0x1'0000'0000);
            case 0xd0:
                return negative(1, -32);
            case 0xd1:
                return negative(2, -128);
            case 0xd2:
                return negative(4, -32'768);
            case 0xd3:
                return negative(8, -2'147'483'648);
            default:
                return false;  // No array is larger than 15 in what columns are made for.
        }
    }

    FlatRow& into_;
    std::size_t at_ = sizeof(ClientId);
    std::size_t end_ = into_.bytes.size();
};

}  // namespace

void take_apart(ByteView row, const ClientId& client, Sequence seq, FlatRow& into) {
    const auto begin = [&] {
        into.begin(view(client));
        into.add({Leaf::Kind::text, 0, 0, static_cast<std::uint32_t>(client.size())});
        into.add({Leaf::Kind::number, static_cast<std::int64_t>(seq.value()), 0, 0});
        into.bytes += row;
    };
    begin();
    if (Opener(into).row()) return;
    begin();
    into.form_bytes[into.form_size++] = static_cast<char>(Form::whole);
    into.add({Leaf::Kind::bytes, 0, static_cast<std::uint32_t>(client.size()),
              static_cast<std::uint32_t>(row.size())});
}

}  // namespace filial::schema
