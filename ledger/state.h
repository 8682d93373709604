#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "schema/bytes.h"
#include "schema/codec.h"
#include "schema/result.h"

namespace filial::ledger {

/// What one store knows from its own log: a fold over its own events and nothing else, kept by key.
/// It changes only through `apply`, so replaying the log makes the same state again.
class State {
  public:
    virtual ~State() = default;
    /// The value now; nullopt if there is none.
    virtual std::optional<schema::Bytes> get(schema::ByteView key) const = 0;
    virtual void put(schema::ByteView key, schema::Bytes value) = 0;
    virtual void erase(schema::ByteView key) = 0;
};

/// Values by key; nullopt: erased.
using Changes = std::map<schema::Bytes, std::optional<schema::Bytes>, std::less<>>;

/// A state as it would be: reads through to `base`, keeps every change to itself.
class Scratch : public State {
  public:
    /// `base` must outlive it and must not change meanwhile.
    explicit Scratch(const State& base) : base_(base) {}
    std::optional<schema::Bytes> get(schema::ByteView key) const override;
    void put(schema::ByteView key, schema::Bytes value) override;
    void erase(schema::ByteView key) override;
    Changes take() { return std::move(changes_); }

  private:
    const State& base_;
    Changes changes_;
};

/// Makes `changes` in `state`.
void write(State& state, Changes changes);

/// A state in memory: for rebuilding, tests and the simulator.
class MapState : public State {
  public:
    std::optional<schema::Bytes> get(schema::ByteView key) const override;
    void put(schema::ByteView key, schema::Bytes value) override;
    void erase(schema::ByteView key) override;
    const std::map<schema::Bytes, schema::Bytes, std::less<>>& all() const { return values_; }

  private:
    std::map<schema::Bytes, schema::Bytes, std::less<>> values_;
};

/// A sum kept in the state, 8 bytes; 0 where there is none. `corrupt` if it is anything else.
schema::Result<std::int64_t> read_sum(const State& state, schema::ByteView key);
void write_sum(State& state, schema::ByteView key, std::int64_t value);

/// The parser of this thread for the ledger's own short reads: no decoding here lasts longer than
/// the function that began it.
schema::Parser& parser();

}  // namespace filial::ledger
