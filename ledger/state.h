#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "schema/bytes.h"
#include "schema/codec.h"
#include "schema/result.h"

namespace filial::ledger {

/// A value where a state holds it in memory, and what its reader made of it: most rows are read far
/// more often than they change.
struct Row {
    std::optional<schema::Bytes> value;
    mutable std::shared_ptr<const void> read_as;  ///< Of the one type that rows of this key have.
};

/// What one store knows from its own log: a fold over its own events and nothing else, kept by key.
/// It changes only through `apply`, so replaying the log makes the same state again.
class State {
  public:
    virtual ~State() = default;
    /// The value now; nullopt if there is none.
    virtual std::optional<schema::Bytes> get(schema::ByteView key) const = 0;
    /// The same uncopied, valid until the next call; nullptr where this state does not hold it in
    /// memory, and `get` has to be asked.
    virtual const Row* row(schema::ByteView key) const;
    virtual void put(schema::ByteView key, schema::Bytes value) = 0;
    virtual void erase(schema::ByteView key) = 0;
    /// The same as `put`, for a key that has no value yet and that hardly anybody will ask for: a
    /// state in memory need neither look for it nor keep it.
    virtual void put_new(schema::ByteView key, schema::Bytes value) { put(key, std::move(value)); }
    /// Adds `part` at the end of a value that nobody but the decision in hand can have made, as the
    /// parts before it; the first one makes it, as `put_new` does. What gathers the changes of one
    /// decision looks nowhere else.
    virtual void add_part(schema::ByteView key, schema::Bytes part);

    using Visit = std::function<void(schema::ByteView key, schema::ByteView value)>;
    /// Every value whose key begins with `prefix`, each once, in no order. States that cannot be
    /// walked through say `invalid`.
    virtual schema::Result<void> scan(schema::ByteView prefix, const Visit& visit) const;
};

struct KeyHash {
    using is_transparent = void;
    std::size_t operator()(schema::ByteView key) const {
        return std::hash<schema::ByteView>{}(key);
    }
};

struct Change {
    schema::Bytes key;
    std::optional<schema::Bytes> value;  ///< nullopt: erased.
    bool is_new = false;                 ///< As `put_new` gave it.
};

/// Each key once.
using Changes = std::vector<Change>;

/// A state as it would be: reads through to `base`, keeps every change of one decision to itself.
class Scratch : public State {
  public:
    /// `base` must outlive it and must not change meanwhile.
    explicit Scratch(const State& base) : base_(base) {}
    std::optional<schema::Bytes> get(schema::ByteView key) const override;
    const Row* row(schema::ByteView key) const override;
    void put(schema::ByteView key, schema::Bytes value) override;
    void erase(schema::ByteView key) override;
    void put_new(schema::ByteView key, schema::Bytes value) override;
    void add_part(schema::ByteView key, schema::Bytes part) override;
    schema::Result<void> scan(schema::ByteView prefix, const Visit& visit) const override;
    Changes take();

  private:
    const Change* find(schema::ByteView key) const;
    void set(schema::ByteView key, std::optional<schema::Bytes> value, bool is_new);

    const State& base_;
    Changes changes_;
    /// Of all changes where they are many: the place of each by its key's hash.
    std::unordered_multimap<std::size_t, std::size_t> places_;
};

/// Makes `changes` in `state`.
void write(State& state, Changes changes);

/// A state in memory: for rebuilding, tests and the simulator.
class MapState : public State {
  public:
    std::optional<schema::Bytes> get(schema::ByteView key) const override;
    void put(schema::ByteView key, schema::Bytes value) override;
    void erase(schema::ByteView key) override;
    schema::Result<void> scan(schema::ByteView prefix, const Visit& visit) const override;
    const std::map<schema::Bytes, schema::Bytes, std::less<>>& all() const { return values_; }

  private:
    std::map<schema::Bytes, schema::Bytes, std::less<>> values_;
};

/// The row as a T, which `read` makes of its value unless somebody did so before; a default T where
/// there is none. `read` gives a Result<T> and asks the state nothing.
template <class T, class Read>
schema::Result<std::shared_ptr<const T>> kept_row(const State& state, schema::ByteView key,
                                                  Read read) {
    static const auto none = std::make_shared<const T>();
    const Row* row = state.row(key);
    if (row != nullptr && row->read_as) return std::static_pointer_cast<const T>(row->read_as);
    std::optional<schema::Bytes> copy;
    if (row == nullptr) copy = state.get(key);
    const auto& value = row != nullptr ? row->value : copy;
    if (!value) return none;
    schema::Result<T> made = read(schema::ByteView(*value));
    if (!made) return tl::unexpected(made.error());
    auto kept = std::make_shared<const T>(std::move(*made));
    if (row != nullptr) row->read_as = kept;
    return kept;
}

/// A sum kept in the state, 8 bytes; 0 where there is none. `corrupt` if it is anything else.
schema::Result<std::int64_t> read_sum(const State& state, schema::ByteView key);
void write_sum(State& state, schema::ByteView key, std::int64_t value);

/// The parser of this thread for the ledger's own short reads: no decoding here lasts longer than
/// the function that began it.
schema::Parser& parser();

}  // namespace filial::ledger
