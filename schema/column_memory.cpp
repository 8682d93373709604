#include "schema/column_memory.h"

#include <algorithm>

#include "schema/limits.h"

namespace filial::schema {
namespace {

/// What a log of the product makes is far below: 40 forms, 2,500 leaves.
constexpr std::size_t kShapesMax = 256;
constexpr std::size_t kMemoryLeavesMax = 16'384;
constexpr std::size_t kMemoryTextsMax = 16'384;
constexpr std::size_t kMemoryTextBytesMax = 2 * 1024 * 1024;
constexpr std::uint32_t kNoShape = UINT32_MAX;

constexpr std::size_t kKeyText = 1;        ///< Among a row's texts.
constexpr std::size_t kNumbersBefore = 6;  ///< Numbers of a row before those of its payload.

}  // namespace

/// What a row's leaf is among those of its kind.
struct ColumnMemory::Place {
    Leaf::Kind kind;
    std::uint8_t ordinal;
    std::unique_ptr<LeafModels> models;
    LeafModels& made() {
        if (!models) models = std::make_unique<LeafModels>();
        return *models;
    }
};

/// Values of one shape behind a row of another one.
struct ColumnMemory::Context {
    std::uint32_t before;
    std::vector<NumberMemory> numbers;
    std::vector<TextMemory> texts;
};

/// A topic and a form.
struct ColumnMemory::Shape {
    std::string topic;
    Bytes form;
    std::vector<Place> places;
    std::size_t tables = 0;  ///< Index of its topic's.
    std::vector<std::unique_ptr<Context>> contexts;
    std::size_t last_context = 0;
    std::uint32_t next = kNoShape;  ///< Of the row that came last behind one of this shape.
    BitModel as_foreseen;
};

struct ColumnMemory::Tables {
    TextTable keys;
    TextTable texts;
};

ColumnMemory::ColumnMemory()
    : last_shape_(kNoShape),
      before_(std::make_unique<FlatRow>()),
      own_(std::make_unique<FlatRow>()) {}
ColumnMemory::~ColumnMemory() = default;
ColumnMemory::ColumnMemory(ColumnMemory&&) noexcept = default;
ColumnMemory& ColumnMemory::operator=(ColumnMemory&&) noexcept = default;

std::size_t ColumnMemory::bytes() const {
    std::size_t texts = clients_.size(), text_bytes = clients_.bytes(), models = 0;
    for (const auto& tables : tables_) {
        texts += tables->keys.size() + tables->texts.size();
        text_bytes += tables->keys.bytes() + tables->texts.bytes();
    }
    for (const Shape& shape : shapes_) {
        for (const Place& place : shape.places) models += place.models ? sizeof(LeafModels) : 0;
    }
    return texts * (sizeof(TextTable::Entry) + 48) + text_bytes + leaves_ * sizeof(TextMemory) +
           models + sizeof *this;
}

bool ColumnMemory::crowded() const {
    if (shapes_.size() >= kShapesMax || leaves_ >= kMemoryLeavesMax) return true;
    std::size_t texts = clients_.size(), text_bytes = clients_.bytes();
    for (const auto& tables : tables_) {
        texts += tables->keys.size() + tables->texts.size();
        text_bytes += tables->keys.bytes() + tables->texts.bytes();
    }
    return texts >= kMemoryTextsMax || text_bytes >= kMemoryTextBytesMax;
}

void ColumnMemory::forget() { *this = ColumnMemory(); }

std::uint32_t ColumnMemory::shape_of(std::string_view topic, ByteView form) {
    if (last_shape_ != kNoShape) {
        // Mostly what came last behind such a row, or one more of its own.
        const Shape& last = shapes_[last_shape_];
        for (const std::uint32_t id : {last.next, last_shape_}) {
            if (id == kNoShape) continue;
            if (shapes_[id].form == form && shapes_[id].topic == topic) return id;
        }
    }
    room_.assign(topic);
    room_.push_back('\0');
    room_ += form;
    const auto at = shape_ids_.find(room_);
    return at == shape_ids_.end() ? static_cast<std::uint32_t>(shapes_.size()) : at->second;
}

bool ColumnMemory::code_letters(BitCoder& coder, std::size_t most, std::string& text) {
    const std::uint64_t size = sizes_.code(coder, text.size());
    if (size > most) return false;
    text.resize(static_cast<std::size_t>(size));
    for (char& letter : text) letter = letters_.code(coder, letter);
    return true;
}

bool ColumnMemory::code_new_shape(BitCoder& coder, std::string_view topic, std::uint32_t& shape) {
    std::string name(topic), form(own_->form());
    if (!code_letters(coder, kTopicBytesMax, name) || !code_letters(coder, kFormMax, form)) {
        return false;
    }
    const auto leaves = leaves_of(form);
    if (!coder.writing()) {
        if (!parse_topic(name) || leaves.empty()) return false;
        if (shape_of(name, form) != shapes_.size()) return false;
    }
    shape = static_cast<std::uint32_t>(shapes_.size());
    room_.assign(name).push_back('\0');
    shape_ids_.emplace(room_ + form, shape);
    Shape& added = shapes_.emplace_back();
    const auto tables = topics_.find(name);
    added.tables = tables == topics_.end() ? tables_.size() : tables->second;
    if (tables == topics_.end()) {
        topics_.emplace(name, tables_.size());
        tables_.push_back(std::make_unique<Tables>());
    }
    added.topic = std::move(name);
    added.form = std::move(form);
    std::array<std::uint8_t, 3> ordinals{};
    for (const Leaf::Kind kind : leaves) {
        added.places.push_back({kind, ordinals[static_cast<std::size_t>(kind)]++, nullptr});
    }
    return true;
}

bool ColumnMemory::code_shape(BitCoder& coder, std::string_view topic, std::uint32_t& shape) {
    if (coder.writing()) shape = shape_of(topic, own_->form());
    if (last_shape_ != kNoShape) {
        Shape& last = shapes_[last_shape_];
        if (last.next != kNoShape && coder.bit(last.as_foreseen, last.next == shape)) {
            shape = last.next;
            return true;
        }
    }
    const std::uint64_t id = shape_model_.code(coder, shape);
    if (id > shapes_.size()) return false;
    shape = static_cast<std::uint32_t>(id);
    return id < shapes_.size() || code_new_shape(coder, topic, shape);
}

/// Values behind a row of another shape: those of the shape's last row, as long as none came there.
ColumnMemory::Context& ColumnMemory::context_of(std::uint32_t id) {
    Shape& shape = shapes_[id];
    for (std::size_t i = 0; i < shape.contexts.size(); ++i) {
        if (shape.contexts[i]->before != last_shape_) continue;
        shape.last_context = i;
        return *shape.contexts[i];
    }
    auto context = std::make_unique<Context>();
    if (shape.contexts.empty()) {
        for (const Place& place : shape.places) {
            if (place.kind == Leaf::Kind::number) context->numbers.emplace_back(place.ordinal);
            if (place.kind == Leaf::Kind::text) context->texts.emplace_back(place.ordinal);
        }
    } else {
        *context = *shape.contexts[shape.last_context];
    }
    context->before = last_shape_;
    leaves_ += shape.places.size();
    shape.last_context = shape.contexts.size();
    shape.contexts.push_back(std::move(context));
    return *shape.contexts.back();
}

TextTable& ColumnMemory::table_of(const Shape& shape, std::size_t ordinal) {
    if (ordinal == 0) return clients_;
    Tables& tables = *tables_[shape.tables];
    return ordinal == kKeyText ? tables.keys : tables.texts;
}

bool ColumnMemory::code_text(BitCoder& coder, Shape& shape, Context& context, std::size_t index,
                             Nearby& nearby) {
    Place& place = shape.places[index];
    if (coder.writing()) room_.assign(own_->text(own_->leaves[index]));
    if (place.kind == Leaf::Kind::bytes) return code_letters(coder, kEventBytesMax, room_);
    TextMemory& memory = context.texts[place.ordinal];
    TextTable& table = table_of(shape, place.ordinal);
    if (!memory.code(coder, place.made(), letters_, nearby, place.ordinal, table, room_)) {
        return false;
    }
    if (place.ordinal == kKeyText && memory.id() != TextTable::kNone) {
        key_ = &table.at(memory.id());
        nearby.key = key_;
    }
    return true;
}

/// Writes the leaves of the row in hand, or reads and builds it.
bool ColumnMemory::code_leaves(BitCoder& coder, std::uint32_t id) {
    Context& context = context_of(id);
    Shape& shape = shapes_[id];
    key_ = nullptr;
    RowBuilder builder(shape.form, *own_);
    Nearby nearby{*before_, *own_};
    for (std::size_t i = 0; i < shape.places.size(); ++i) {
        Place& place = shape.places[i];
        if (!coder.writing() && i >= kLeavesBeside) builder.next();
        if (place.kind == Leaf::Kind::number) {
            NumberMemory& memory = context.numbers[place.ordinal];
            const std::int64_t given = coder.writing() ? own_->leaves[i].number : 0;
            const std::int64_t value =
                memory.code(coder, place.made(), nearby, place.ordinal, given);
            if (coder.writing()) continue;
            if (i == kLeafSeq) {
                own_->add({Leaf::Kind::number, value, 0, 0});
            } else {
                builder.number(value);
            }
            continue;
        }
        if (!code_text(coder, shape, context, i, nearby)) return false;
        if (coder.writing()) continue;
        if (i == kLeafClient) {
            if (room_.size() != sizeof(ClientId)) return false;
            own_->begin(room_);
            own_->add({Leaf::Kind::text, 0, 0, sizeof(ClientId)});
        } else if (place.kind == Leaf::Kind::text) {
            builder.text(room_);
        } else {
            builder.bytes(room_);
        }
        if (own_->row().size() > kEventBytesMax) return false;
    }
    if (!coder.writing()) builder.next();
    return own_->row().size() <= kEventBytesMax;
}

void ColumnMemory::next_row(std::uint32_t shape) {
    if (key_ != nullptr) {
        const std::size_t count = own_->number_count > kNumbersBefore
                                      ? std::min(own_->number_count - kNumbersBefore, kNumbersByKey)
                                      : 0;
        for (std::size_t i = 0; i < count; ++i) {
            key_->numbers[i] = own_->number(kNumbersBefore + i);
        }
        key_->count = static_cast<std::uint8_t>(count);
    }
    if (last_shape_ != kNoShape) shapes_[last_shape_].next = shape;
    last_shape_ = shape;
    std::swap(own_, before_);
}

void ColumnMemory::write(BitCoder& coder, std::string_view topic, const ClientId& client,
                         Sequence seq, ByteView row) {
    if (crowded()) forget();
    take_apart(row, client, seq, *own_);
    std::uint32_t shape = kNoShape;
    const bool written = code_shape(coder, topic, shape) && code_leaves(coder, shape);
    check(written, "a row of a log can be written by columns");
    next_row(shape);
}

Result<ColumnMemory::Read> ColumnMemory::read(BitCoder& coder) {
    if (crowded()) forget();
    std::uint32_t shape = kNoShape;
    own_->begin({});
    if (!code_shape(coder, {}, shape) || !code_leaves(coder, shape)) {
        return fail(Errc::corrupt, "columns: what stands there is no row");
    }
    next_row(shape);
    return Read{shapes_[shape].topic, id16_from(before_->text_at(0)),
                Sequence{static_cast<std::uint64_t>(before_->number(0))}, before_->row()};
}

}  // namespace filial::schema
