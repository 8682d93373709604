#include <algorithm>
#include <charconv>

#include "schema/leaf_memory.h"
#include "schema/limits.h"

namespace filial::schema {
namespace {

constexpr std::uint8_t kTextsNearby = 6;

/// Ways in which a text is foreseen.
struct TextWay {
    enum : std::uint8_t {
        same = 0,
        one_more = 1,    ///< The last one with the number at its end raised by one.
        next_known = 2,  ///< What came first behind the last one when that was new.
        end_of_key = 3,  ///< What stands behind the last '-' of this row's key.
        last_for_key =
            4,  ///< The last one with this row's key in place of what is behind its last '-'.
        before_0 = 5,                     ///< The row before's texts.
        own_0 = before_0 + kTextsNearby,  ///< This row's texts before this one.
        start_0 = own_0 + kTextsNearby,   ///< The row before's, up to the last character that is no
                                          ///< letter or digit.
        ways = start_0 + kTextsNearby,
    };
};

/// Bits that say how a text is written that was not foreseen.
enum TextKind : std::size_t {
    is_known = 0,  ///< It is in the table: its place there, from the last one on or from 0.
    is_near = 1,
    is_counted = 2,   ///< As one before but for its numbers: differences.
    is_prefixed = 3,  ///< So many bytes as the last one has, then the rest.
    is_kind = 4,      ///< And above: which one it is counted from.
};
/// Places in the table's order up to which a text is near the last one.
constexpr std::size_t kNear = 256;

constexpr std::size_t kKey = 1;  ///< Among a row's texts; 0 is the client.
constexpr std::size_t kTableTextMax = 256;
/// Texts below are told apart by their number in a table, not by their digits.
constexpr std::size_t kCountedFrom = 8;
constexpr std::size_t kDigitsMax = 18;
constexpr std::size_t kNumbersMax = 8;
constexpr std::size_t kKinds = 4;  ///< The last text and those of other kinds.

bool digit(char c) { return c >= '0' && c <= '9'; }
bool letter_or_digit(char c) {
    return digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           static_cast<unsigned char>(c) >= 0x80;
}

/// A text cut into numbers and what is between them. Digits that begin with 0 are no number.
struct Counted {
    struct Number {
        std::size_t from, size;
        std::int64_t value;
    };
    std::array<Number, kNumbersMax> numbers;
    std::size_t count = 0;
    bool fits = true;

    explicit Counted(ByteView text) {
        for (std::size_t i = 0; i < text.size();) {
            if (!digit(text[i])) {
                ++i;
                continue;
            }
            std::size_t end = i;
            while (end < text.size() && digit(text[end])) ++end;
            const bool number = text[i] != '0' || end == i + 1;
            if (number) {
                if (end - i > kDigitsMax || count == kNumbersMax) {
                    fits = false;
                    return;
                }
                std::int64_t value = 0;
                for (std::size_t k = i; k < end; ++k) value = value * 10 + (text[k] - '0');
                numbers[count++] = {i, end - i, value};
            }
            i = end;
        }
        fits = count > 0;
    }
};

/// True if the two differ in numbers only.
bool alike(ByteView a, const Counted& in_a, ByteView b, const Counted& in_b) {
    if (!in_a.fits || !in_b.fits || in_a.count != in_b.count) return false;
    std::size_t at_a = 0, at_b = 0;
    for (std::size_t i = 0; i <= in_a.count; ++i) {
        const std::size_t end_a = i < in_a.count ? in_a.numbers[i].from : a.size();
        const std::size_t end_b = i < in_b.count ? in_b.numbers[i].from : b.size();
        if (a.substr(at_a, end_a - at_a) != b.substr(at_b, end_b - at_b)) return false;
        if (i == in_a.count) break;
        at_a = end_a + in_a.numbers[i].size;
        at_b = end_b + in_b.numbers[i].size;
    }
    return true;
}

bool counts(ByteView last, ByteView actual) {
    if (last.size() < kCountedFrom || actual.size() < kCountedFrom) return false;
    return alike(last, Counted(last), actual, Counted(actual));
}

void append_number(std::string& text, std::int64_t value) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    text.append(digits, end);
}

/// The last number of `text` raised by one, where it ends with one.
bool raise(ByteView text, std::string& into) {
    std::size_t from = text.size();
    while (from > 0 && digit(text[from - 1]) && text.size() - from < kDigitsMax) --from;
    if (from == text.size() || (text[from] == '0' && from + 1 < text.size())) return false;
    if (from > 0 && digit(text[from - 1])) return false;
    into.assign(text);
    std::size_t at = into.size();
    while (at > from && into[at - 1] == '9') into[--at] = '0';
    if (at > from) {
        ++into[at - 1];
    } else {
        into.insert(from, 1, '1');
    }
    return true;
}

/// Whether `raise` makes `actual` of `text`.
bool raised(ByteView text, ByteView actual) {
    const std::size_t more = actual.size() - text.size();
    if (more > 1 || actual.empty() || !digit(actual.back())) return false;
    std::size_t from = text.size();
    while (from > 0 && digit(text[from - 1]) && text.size() - from < kDigitsMax) --from;
    if (from == text.size() || (text[from] == '0' && from + 1 < text.size())) return false;
    if (from > 0 && digit(text[from - 1])) return false;
    std::size_t at = text.size();
    while (at > from && text[at - 1] == '9') --at;
    const bool longer = at == from;
    if (longer != (more == 1)) return false;
    const std::size_t kept = longer ? from : at - 1;
    const char next = longer ? '1' : static_cast<char>(text[at - 1] + 1);
    if (text.substr(0, kept) != actual.substr(0, kept) || actual[kept] != next) return false;
    return actual.find_first_not_of('0', kept + 1) == ByteView::npos;
}

/// Whether `actual` is `whole` up to its last character that is no letter or digit.
bool is_start(ByteView whole, ByteView actual) {
    if (whole.size() <= actual.size() || letter_or_digit(whole[actual.size()])) return false;
    for (std::size_t i = whole.size() - 1; i > actual.size(); --i) {
        if (!letter_or_digit(whole[i])) return false;
    }
    return whole.substr(0, actual.size()) == actual;
}

std::size_t common(ByteView a, ByteView b) {
    const std::size_t most = std::min(a.size(), b.size());
    std::size_t same_bytes = 0;
    while (same_bytes < most && a[same_bytes] == b[same_bytes]) ++same_bytes;
    return same_bytes;
}

}  // namespace

TextMemory::TextMemory(std::size_t ordinal)
    : choice_(ordinal == 0 ? TextWay::before_0 : TextWay::same) {}

bool TextMemory::by_way(const Nearby& nearby, std::size_t ordinal, std::uint8_t way,
                        const TextTable& table, ByteView& text) {
    const auto give = [&](ByteView found) {
        text = found;
        return true;
    };
    if (way == TextWay::same) return give(last_);
    if (way == TextWay::one_more) return raise(last_, next_) && give(next_);
    if (way == TextWay::next_known) {
        if (last_id_ == TextTable::kNone || last_id_ + 1 >= table.size()) return false;
        return give(table.at(last_id_ + 1).text);
    }
    if (way == TextWay::end_of_key) {
        if (ordinal <= kKey) return false;
        const ByteView key = nearby.own.text_at(kKey);
        const std::size_t dash = key.rfind('-');
        if (dash == ByteView::npos) return false;
        return give(key.substr(dash + 1));
    }
    if (way == TextWay::last_for_key) {
        const std::size_t dash = last_.rfind('-');
        if (ordinal <= kKey || dash == std::string::npos) return false;
        next_.assign(last_, 0, dash + 1);
        next_ += nearby.own.text_at(kKey);
        return give(next_);
    }
    if (way >= TextWay::start_0) {
        const std::size_t at = way - TextWay::start_0;
        if (ordinal <= kKey || at <= kKey || at >= nearby.before.text_count) return false;
        const ByteView whole = nearby.before.text_at(at);
        std::size_t end = whole.size();
        while (end > 0 && letter_or_digit(whole[end - 1])) --end;
        if (end == 0) return false;
        return give(whole.substr(0, end - 1));
    }
    const bool own = way >= TextWay::own_0;
    const std::size_t at = way - (own ? TextWay::own_0 : TextWay::before_0);
    if (at >= (own ? ordinal : nearby.before.text_count)) return false;
    return give((own ? nearby.own : nearby.before).text_at(at));
}

/// The first way in which `actual` would have been foreseen: as `by_way`, with nothing built.
std::uint8_t TextMemory::right_way(const Nearby& nearby, std::size_t ordinal,
                                   const TextTable& table, ByteView actual) const {
    if (actual == last_) return TextWay::same;
    if (raised(last_, actual)) return TextWay::one_more;
    const bool behind = last_id_ != TextTable::kNone && last_id_ + 1 < table.size();
    if (behind && table.at(last_id_ + 1).text == actual) return TextWay::next_known;
    const FlatRow &before = nearby.before, &own = nearby.own;
    if (ordinal > kKey) {
        const ByteView key = own.text_at(kKey);
        const std::size_t dash = key.rfind('-');
        if (dash != ByteView::npos && key.substr(dash + 1) == actual) return TextWay::end_of_key;
        const std::size_t last_dash = last_.rfind('-');
        const bool for_key =
            last_dash != std::string::npos && actual.size() == last_dash + 1 + key.size() &&
            actual.substr(last_dash + 1) == key &&
            actual.substr(0, last_dash + 1) == ByteView(last_).substr(0, last_dash + 1);
        if (for_key) return TextWay::last_for_key;
    }
    const auto nearby_texts = [](std::size_t count) {
        return static_cast<std::uint8_t>(std::min<std::size_t>(count, kTextsNearby));
    };
    const std::uint8_t texts_before = nearby_texts(before.text_count);
    for (std::uint8_t at = 0; at < texts_before; ++at) {
        if (before.text_at(at) == actual) return static_cast<std::uint8_t>(TextWay::before_0 + at);
    }
    for (std::uint8_t at = 0; at < nearby_texts(ordinal); ++at) {
        if (own.text_at(at) == actual) return static_cast<std::uint8_t>(TextWay::own_0 + at);
    }
    for (std::uint8_t at = kKey + 1; ordinal > kKey && at < texts_before; ++at) {
        if (is_start(before.text_at(at), actual)) {
            return static_cast<std::uint8_t>(TextWay::start_0 + at);
        }
    }
    return Choice::kNoWay;
}

/// Where the text that is written differs from one before in its numbers only.
bool TextMemory::code_counted(BitCoder& coder, LeafModels& models, std::string& text) const {
    const Counted to(coder.writing() ? ByteView(text) : ByteView());
    std::size_t kind = kKinds;
    if (coder.writing() && text.size() >= kCountedFrom) {
        const auto fits = [&](const std::string& last) {
            return last.size() >= kCountedFrom && alike(last, Counted(last), text, to);
        };
        kind = 0;
        while (kind < kKinds && !fits(of_kind(kind))) ++kind;
    }
    const bool counted = coder.bit(models.kinds[is_counted], kind < kKinds);
    if (!counted) return false;
    const bool older = coder.bit(models.kinds[is_kind], kind > 0);
    const bool second = older && coder.bit(models.kinds[is_kind + 1], kind > 1);
    const bool third = second && coder.bit(models.kinds[is_kind + 2], kind > 2);
    kind = std::size_t{older} + std::size_t{second} + std::size_t{third};
    const std::string& last = of_kind(kind);
    const Counted from(last);
    if (!from.fits) {
        text.clear();
        return true;
    }
    std::string read;
    std::size_t at = 0;
    for (std::size_t i = 0; i < from.count; ++i) {
        const auto& number = from.numbers[i];
        const std::int64_t more = coder.writing() ? to.numbers[i].value - number.value : 0;
        NumberModel& model = i + 1 == from.count ? models.number : models.further;
        const std::uint64_t value =
            static_cast<std::uint64_t>(number.value) +
            static_cast<std::uint64_t>(unfold(model.code(coder, fold(more))));
        read.append(last, at, number.from - at);
        append_number(read, static_cast<std::int64_t>(value & INT64_MAX));
        at = number.from + number.size;
    }
    read.append(last, at);
    text = std::move(read);
    return true;
}

bool TextMemory::code_text(BitCoder& coder, LeafModels& models, LetterModel& letters,
                           const TextTable& table, std::string& text, std::uint32_t& id) const {
    id = coder.writing() ? table.find(text) : TextTable::kNone;
    if (coder.bit(models.kinds[is_known], id != TextTable::kNone)) {
        std::size_t from = 0, at = 0;
        bool near = false;
        if (last_id_ != TextTable::kNone) {
            from = table.rank_of(last_id_) + 1;
            if (coder.writing()) at = table.rank_of(id);
            near = coder.bit(models.kinds[is_near], at >= from && at - from < kNear);
        }
        if (near) {
            at = from + static_cast<std::size_t>(models.number.code(coder, at - from));
            if (at >= table.size()) return false;
            id = table.ranked(at);
        } else {
            const std::uint64_t found = models.further.code(coder, id);
            if (found >= table.size()) return false;
            id = static_cast<std::uint32_t>(found);
        }
        if (!coder.writing()) text = table.at(id).text;
        return true;
    }
    if (code_counted(coder, models, text)) return !text.empty();
    std::size_t prefix = coder.writing() ? common(last_, text) : 0;
    if (coder.bit(models.kinds[is_prefixed], prefix > 0)) {
        prefix = static_cast<std::size_t>(models.further.code(coder, prefix));
        if (prefix > last_.size()) return false;
        if (!coder.writing()) text.assign(last_, 0, prefix);
    } else {
        prefix = 0;
        if (!coder.writing()) text.clear();
    }
    const std::uint64_t rest =
        models.further.code(coder, coder.writing() ? text.size() - prefix : 0);
    if (rest > kEventBytesMax) return false;
    if (!coder.writing()) text.resize(prefix + static_cast<std::size_t>(rest));
    for (std::size_t i = prefix; i < text.size(); ++i) text[i] = letters.code(coder, text[i]);
    return true;
}

bool TextMemory::code(BitCoder& coder, LeafModels& models, LetterModel& letters, Nearby& nearby,
                      std::size_t ordinal, TextTable& table, std::string& text) {
    ByteView seen;
    const bool there = by_way(nearby, ordinal, choice_.way(), table, seen);
    const bool right =
        there && coder.bit(foreseen_[nearby.calm ? 1 : 0], coder.writing() && text == seen);
    if (right) {
        choice_.hit();
        if (!coder.writing()) text.assign(seen);
        learn(choice_.way() == TextWay::one_more, ordinal, text, TextTable::kNone, table);
        return true;
    }
    nearby.calm = false;
    std::uint32_t id = TextTable::kNone;
    if (!code_text(coder, models, letters, table, text, id)) return false;
    choice_.missed(right_way(nearby, ordinal, table, text));
    learn(false, ordinal, text, id, table);
    return true;
}

/// `one_more`: it is the last one with its number raised. `id`: where the table has it.
void TextMemory::learn(bool one_more, std::size_t ordinal, ByteView actual, std::uint32_t id,
                       TextTable& table) {
    if (actual == last_) return;
    // Document numbers are never seen again: they would only fill the table.
    const bool counted = one_more ? last_.size() >= kCountedFrom : counts(last_, actual);
    const bool keep = actual.size() <= kTableTextMax && (ordinal <= kKey || !counted);
    if (keep && id == TextTable::kNone) id = table.find(actual);
    if (keep && id == TextTable::kNone) id = table.add(actual);
    last_id_ = keep ? id : TextTable::kNone;
    if (!counted && ordinal > kKey) keep_kinds(actual);
    last_.assign(actual);
}

/// `actual` takes the place of the last one of its kind, the last one that of an older kind.
void TextMemory::keep_kinds(ByteView actual) {
    if (last_.size() < kCountedFrom) return;
    std::size_t free = older_.size() - 1;
    for (std::size_t i = 0; i < older_.size(); ++i) {
        if (counts(older_[i], actual)) free = i;
    }
    for (; free > 0; --free) older_[free].swap(older_[free - 1]);
    older_[0] = last_;
}

}  // namespace filial::schema
