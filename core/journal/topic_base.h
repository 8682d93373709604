#pragma once

#include <functional>
#include <map>
#include <optional>

#include "schema/base_row.h"
#include "schema/segment.h"

namespace filial::core {

/// Folds events of one topic into its base (schema/base_row.h), as a replica would add them up, but
/// without its rules: sums of stock and debts, newest limits and values, and everything else as it
/// was. Pure: rows that are there already are asked for, what changes is given out.
class TopicBase {
  public:
    /// Topics whose events may be folded. What moves between stores (`control`, `accounts`) is what
    /// stores and replicas decide by, and customers' edits refer to one another: these are kept for
    /// ever.
    static bool folds(std::string_view topic);

    /// A row of the base by its key; nullopt if there is none.
    using Get = std::function<schema::Result<std::optional<schema::Bytes>>(schema::ByteView key)>;
    TopicBase(std::string topic, Get get) : topic_(std::move(topic)), get_(std::move(get)) {}

    /// Adds the events of `segment`, which go on behind what is in the base. `corrupt` where one
    /// cannot be read: then nothing of what was given so far may be used.
    schema::Result<void> add(const schema::Segment& segment);

    /// The rows that changed, as key and value.
    std::map<schema::Bytes, schema::Bytes> changes() const;
    /// Of the changed rows, about.
    std::size_t bytes() const { return bytes_; }

  private:
    using Rows = std::map<schema::Bytes, schema::BaseRow>;
    schema::Result<schema::BaseRow*> find(const schema::BaseRow& name);
    schema::BaseRow& put(schema::BaseRow row);
    schema::Result<bool> is_held(const std::string& key);
    schema::Result<bool> fold(const schema::LoggedEvent& logged, const schema::Bytes& row);
    schema::Result<std::optional<std::int64_t>> earlier(const std::string& key,
                                                        schema::Epoch epoch);
    schema::Result<bool> add_number(const schema::LoggedEvent& logged, std::int64_t delta);

    std::string topic_;
    Get get_;
    Rows rows_;                           ///< Changed.
    std::map<schema::Bytes, bool> held_;  ///< Asked for, by key of the event.
    std::map<std::pair<std::string, schema::Epoch>, std::optional<std::int64_t>> earlier_;
    schema::Parser parser_;
    std::size_t bytes_ = 0;
};

}  // namespace filial::core
