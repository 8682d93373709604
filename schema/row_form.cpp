// What the rows of one form have alike, read and written.
#include <algorithm>

#include "schema/flat_row.h"
#include "schema/limits.h"

namespace filial::schema {
namespace {

Form as_form(char element) { return static_cast<Form>(static_cast<unsigned char>(element)); }
bool is_array(char element) { return (static_cast<unsigned char>(element) & 0xf0) == 0x90; }
std::size_t elements_of(char element) { return static_cast<unsigned char>(element) & 0x0fu; }
bool is_constant(char element) {
    const auto byte = static_cast<unsigned char>(element);
    return byte == 0xc0 || byte == 0xc2 || byte == 0xc3;
}

/// Reads a form as a value of its own: one array, its kind first.
class FormReader {
  public:
    FormReader(ByteView form, std::vector<Leaf::Kind>& leaves) : form_(form), leaves_(leaves) {}

    bool row() {
        if (form_.size() < 3 || !is_array(form_[0]) || elements_of(form_[0]) == 0) return false;
        if (as_form(form_[1]) != Form::kind) return false;
        const std::size_t size = static_cast<unsigned char>(form_[2]);
        if (size > 31 || form_.size() < 3 + size) return false;
        at_ = 3 + size;
        for (std::size_t left = elements_of(form_[0]) - 1; left > 0; --left) {
            if (!value(1, false)) return false;
        }
        return at_ == form_.size();
    }

  private:
    bool value(std::size_t depth, bool opened) {
        if (at_ == form_.size()) return false;
        const char element = form_[at_++];
        if (is_constant(element)) return true;
        if (is_array(element)) {
            if (depth >= kNestingMax) return false;
            for (std::size_t left = elements_of(element); left > 0; --left) {
                if (!value(depth + 1, opened)) return false;
            }
            return true;
        }
        switch (as_form(element)) {
            case Form::opened:
                return !opened && at_ < form_.size() && is_array(form_[at_]) && value(2, true);
            case Form::number:
                return add(Leaf::Kind::number);
            case Form::text:
                return add(Leaf::Kind::text);
            case Form::bytes:
                return add(Leaf::Kind::bytes);
            default:
                return false;
        }
    }
    bool add(Leaf::Kind leaf) {
        if (leaves_.size() == kLeavesMax) return false;
        leaves_.push_back(leaf);
        return true;
    }

    ByteView form_;
    std::vector<Leaf::Kind>& leaves_;
    std::size_t at_ = 0;
};

void big_endian(Bytes& out, std::uint64_t value, unsigned size) {
    for (unsigned i = size; i > 0; --i) out.push_back(static_cast<char>(value >> (8 * (i - 1))));
}

void head(Bytes& out, unsigned char type, std::uint64_t value, unsigned size) {
    out.push_back(static_cast<char>(type));
    big_endian(out, value, size);
}

void bytes_head(Bytes& out, std::size_t size) {
    if (size < 0x100) return head(out, 0xc4, size, 1);
    if (size < 0x1'0000) return head(out, 0xc5, size, 2);
    head(out, 0xc6, size, 4);
}

void put_number(Bytes& out, std::int64_t value) {
    const auto bits = static_cast<std::uint64_t>(value);
    if (value >= 0) {
        if (value < 0x80) return out.push_back(static_cast<char>(value));
        if (value < 0x100) return head(out, 0xcc, bits, 1);
        if (value < 0x1'0000) return head(out, 0xcd, bits, 2);
        if (value < 0x1'0000'0000) return head(out, 0xce, bits, 4);
        return head(out, 0xcf, bits, 8);
    }
    if (value >= -32) return out.push_back(static_cast<char>(value));
    if (value >= -128) return head(out, 0xd0, bits, 1);
    if (value >= -32'768) return head(out, 0xd1, bits, 2);
    if (value >= -2'147'483'648) return head(out, 0xd2, bits, 4);
    head(out, 0xd3, bits, 8);
}

}  // namespace

std::vector<Leaf::Kind> leaves_of(ByteView form) {
    std::vector<Leaf::Kind> leaves{Leaf::Kind::text, Leaf::Kind::number};
    if (form.size() == 1 && as_form(form[0]) == Form::whole) {
        leaves.push_back(Leaf::Kind::bytes);
        return leaves;
    }
    if (form.size() > kFormMax || !FormReader(form, leaves).row()) leaves.clear();
    return leaves;
}

/// One value of the opened payload is complete; so may be the arrays around it, and the payload.
void RowBuilder::close() {
    if (!opened_) return;
    while (depth_ > 0 && --open_[depth_ - 1] == 0) --depth_;
    if (depth_ > 0) return;
    opened_ = false;
    Bytes& out = into_.bytes;
    const std::size_t size = out.size() - opened_at_;
    Bytes front;
    bytes_head(front, size);
    out.insert(opened_at_, front);
    for (std::size_t i = 0; i < into_.count; ++i) {
        Leaf& leaf = into_.leaves[i];
        if (leaf.kind != Leaf::Kind::number && leaf.from >= opened_at_) {
            leaf.from += static_cast<std::uint32_t>(front.size());
        }
    }
}

bool RowBuilder::next() {
    Bytes& out = into_.bytes;
    while (at_ < form_.size()) {
        const char element = form_[at_++];
        if (is_constant(element)) {
            out.push_back(element);
            close();
        } else if (is_array(element)) {
            out.push_back(element);
            const std::size_t elements = elements_of(element);
            if (opened_ && elements > 0) {
                open_[depth_++] = static_cast<std::uint8_t>(elements);
            } else if (opened_) {
                close();
            }
        } else if (as_form(element) == Form::opened) {
            opened_ = true;
            opened_at_ = out.size();
            depth_ = 0;
        } else if (as_form(element) == Form::kind) {
            const std::size_t size = static_cast<unsigned char>(form_[at_++]);
            out.push_back(static_cast<char>(0xa0 | size));
            out += form_.substr(at_, size);
            at_ += size;
        } else {
            return true;
        }
    }
    return false;
}

void RowBuilder::number(std::int64_t value) {
    put_number(into_.bytes, value);
    into_.add({Leaf::Kind::number, value, 0, 0});
    close();
}

void RowBuilder::text(ByteView text) {
    Bytes& out = into_.bytes;
    if (text.size() < 32) {
        out.push_back(static_cast<char>(0xa0 | text.size()));
    } else if (text.size() < 0x100) {
        head(out, 0xd9, text.size(), 1);
    } else if (text.size() < 0x1'0000) {
        head(out, 0xda, text.size(), 2);
    } else {
        head(out, 0xdb, text.size(), 4);
    }
    into_.add({Leaf::Kind::text, 0, static_cast<std::uint32_t>(out.size()),
               static_cast<std::uint32_t>(text.size())});
    out += text;
    close();
}

void RowBuilder::bytes(ByteView bytes) {
    Bytes& out = into_.bytes;
    const bool whole = as_form(form_[0]) == Form::whole;
    if (!whole) bytes_head(out, bytes.size());
    into_.add({Leaf::Kind::bytes, 0, static_cast<std::uint32_t>(out.size()),
               static_cast<std::uint32_t>(bytes.size())});
    out += bytes;
    close();
}

}  // namespace filial::schema
