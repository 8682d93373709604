#pragma once

#include <map>
#include <optional>
#include <string>

#include "subscriber/answers.h"

namespace filial::subscriber {

/// Makes one page of a list or an export.
class Pages {
  public:
    /// Both must outlive it.
    Pages(const Answers& answers, const schema::Query& query);

    schema::Result<schema::Answer> page();

  private:
    schema::Result<void> stock();
    schema::Result<void> debts();
    schema::Result<void> debts_by_store();
    schema::Result<void> customers();
    schema::Result<void> in_transit();
    schema::Result<void> conflicts();
    /// A row for each value of the customer's fields that has more than one.
    schema::Result<std::optional<std::int64_t>> owed_together(const CustomerRecord& record,
                                                              schema::AnswerRow& row) const;
    std::vector<schema::AnswerRow> conflict_rows(const CustomerRecord& record) const;

    bool wanted(std::int64_t value, std::int64_t limit, const std::string& store) const;
    /// Both return true while the page has room for another row.
    bool pass(schema::ByteView cursor);
    bool add(schema::AnswerRow row, schema::ByteView cursor);
    const schema::Freshness& freshness_of(const std::string& store);

    const Answers& answers_;
    const schema::Query& query_;
    schema::Answer answer_;
    std::size_t rows_max_;
    std::size_t bytes_ = 0;
    std::size_t visited_ = 0;
    bool full_ = false;
    schema::Bytes cursor_;  ///< Of the last row looked at.
    schema::Freshness all_;
    std::map<std::string, schema::Freshness> by_store_;
};

}  // namespace filial::subscriber
