#pragma once

#include <string>
#include <vector>

#include "subscriber/answers.h"

namespace filial::subscriber {

/// What a day's close needs and gives: how far everything of each store is here (or one topic), and
/// the totals of a day that some store closed, made of the events between its cut and the one
/// before.
class DayPages {
  public:
    /// Both must outlive it.
    DayPages(const Answers& answers, const schema::Query& query)
        : answers_(answers), query_(query) {}

    /// Of totals, one store's a page.
    schema::Result<schema::Answer> page();

  private:
    schema::Result<void> reached();
    schema::Result<void> totals();
    schema::Result<void> totals_of(const schema::DayClosed& day, const schema::Position& from,
                                   const schema::Position& upto);

    const Answers& answers_;
    const schema::Query& query_;
    schema::Answer answer_;
    /// What a day is made of; all of it has to be here.
    std::vector<std::string> topics_{
        std::string(schema::kTopicAccounts), std::string(schema::kTopicControl),
        std::string(schema::kTopicCustomers), std::string(schema::kTopicDebts),
        std::string(schema::kTopicStock)};
};

}  // namespace filial::subscriber
