#include "schema/codec_tree.h"

#include <algorithm>
#include <msgpack.hpp>
#include <utility>

#include "schema/limits.h"

namespace filial::schema {

using Kind = Value::Kind;

static_assert(sizeof(Value) == 16);

namespace {

/// Places that a tree begins with, 1 KiB: most values have fewer.
constexpr std::size_t kFirst = 64;
/// Places kept for the next value, 256 KiB: a block's thousand events fit; more is rare.
constexpr std::size_t kKept = 16 * 1024;

}  // namespace

/// msgpack-c's parser calls it for each value in turn, before it has spent anything on it.
class TreeBuilder : public msgpack::null_visitor {
  public:
    TreeBuilder(ValueTree& tree, std::size_t bytes) : tree_(tree), bytes_(bytes) {}
    std::string_view error() const { return error_; }

    bool visit_nil() { return put({}); }
    bool visit_boolean(bool value) { return number(Kind::boolean, value ? 1 : 0); }
    bool visit_positive_integer(std::uint64_t value) { return number(Kind::positive, value); }
    bool visit_negative_integer(std::int64_t value) {
        Value made;
        made.kind = Kind::negative;
        made.minus = value;
        return put(made);
    }
    bool visit_float32(float) { return number(Kind::other, 0); }
    bool visit_float64(double) { return number(Kind::other, 0); }
    bool visit_ext(const char*, std::uint32_t) { return number(Kind::other, 0); }
    bool visit_str(const char* at, std::uint32_t size) { return view(Kind::text, at, size); }
    bool visit_bin(const char* at, std::uint32_t size) { return view(Kind::bytes, at, size); }
    bool start_array(std::uint32_t elements) { return open(Kind::array, elements); }
    bool start_map(std::uint32_t pairs) { return open(Kind::other, 2 * std::uint64_t{pairs}); }
    bool end_array() { return close(); }
    bool end_map() { return close(); }
    void parse_error(std::size_t, std::size_t) { error_ = "no msgpack"; }
    void insufficient_bytes(std::size_t, std::size_t) { error_ = "cut off"; }

  private:
    bool wrong(std::string_view why) {
        error_ = why;
        return false;
    }
    bool put(const Value& value) {
        tree_.places_[next_[depth_]++] = value;
        return true;
    }
    bool number(Kind kind, std::uint64_t value) {
        Value made;
        made.kind = kind;
        made.number = value;
        return put(made);
    }
    bool view(Kind kind, const char* at, std::uint32_t size) {
        Value made;
        made.kind = kind;
        made.size = size;
        made.at = at;
        return put(made);
    }
    /// An empty one is closed at once: it takes no level.
    bool open(Kind kind, std::uint64_t elements) {
        if (elements > kArrayElementsMax) return wrong("too many elements");
        // Each takes a byte at least: what was claimed so far, all levels together, must be there.
        if (tree_.taken_ + elements > bytes_) return wrong("cut off");
        Value made;
        made.kind = kind;
        made.size = static_cast<std::uint32_t>(elements);
        made.number = tree_.taken_;
        put(made);
        empty_ = elements == 0;
        if (empty_) return true;
        if (depth_ == kNestingMax) return wrong("nested too deeply");
        next_[++depth_] = tree_.take(made.size, bytes_);
        return true;
    }
    bool close() {
        if (!empty_) --depth_;
        empty_ = false;
        return true;
    }

    ValueTree& tree_;
    std::size_t bytes_;
    std::size_t next_[kNestingMax + 1] = {};  ///< Of each level: the place of the next element.
    std::size_t depth_ = 0;
    bool empty_ = false;
    std::string_view error_;
};

std::size_t ValueTree::take(std::size_t count, std::size_t most) {
    const std::size_t from = taken_;
    if (from + count > room_) {
        const std::size_t room = std::max(from + count, std::min(2 * room_ + kFirst, most));
        auto more = std::make_unique<Value[]>(room);
        std::copy_n(places_.get(), from, more.get());
        places_ = std::move(more);
        room_ = room;
    }
    taken_ = from + count;
    return from;
}

bool ValueTree::read(ByteView bytes) {
    if (room_ > kKept) {
        places_.reset();
        room_ = 0;
    }
    taken_ = 0;
    take(1, bytes.size());
    TreeBuilder builder(*this, bytes.size());
    std::size_t end = 0;
    const bool whole = msgpack::parse(bytes.data(), bytes.size(), end, builder);
    error_ = builder.error();
    if (!whole) {
        if (error_.empty()) error_ = "cut off";
        return false;
    }
    if (end == bytes.size()) return true;
    error_ = "bytes behind the value";
    return false;
}

}  // namespace filial::schema
