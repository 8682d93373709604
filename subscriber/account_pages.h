#pragma once

#include <functional>
#include <string>
#include <utility>

#include "subscriber/account_reader.h"
#include "subscriber/answers.h"

namespace filial::subscriber {

/// Answers about limits, grants and official operations: one account, and pages of rounds, grants,
/// requests and tasks, of goods alone where the query names topic stock. A page looks at a bounded
/// number of pots; it may have no rows and still a next one.
class AccountPages {
  public:
    /// Both must outlive it.
    AccountPages(const Answers& answers, const schema::Query& query);

    schema::Result<schema::Answer> page();

    /// "close", "move-home", "merge", "block"; empty for none.
    static std::string purpose_name(schema::RoundFor purpose);
    /// What a customer's row says of his account: "open", "round", "closed", "moved" or "merged".
    static std::string standing_of(const ledger::Pot& pot);
    /// What a customer's row has to say of his account beside what was asked; nothing for an open
    /// one.
    static std::vector<std::pair<std::string, std::string>> remarks(const PotView& view);

  private:
    using Rows = std::vector<schema::AnswerRow>;
    schema::Result<void> account();
    schema::Result<void> list();
    /// Pages of pots, from the cursor's owner on; `begin` stands before every cursor given out.
    schema::Result<void> list_pots(schema::ByteView after, std::string_view begin);
    schema::Result<void> customer_tasks(schema::ByteView after);
    /// What was taken from a holder because less is there than was given away.
    schema::Result<void> holder_tasks(schema::ByteView after);
    static schema::Result<std::pair<std::string, schema::Bytes>> place_of(schema::ByteView after);
    /// What was asked for and refused, by what the askers have read.
    schema::Result<void> refused_requests(schema::ByteView after);
    /// What the stores' living epochs have of others, from the cursor's on; of `only`, if any.
    schema::Result<void> each_room(schema::ByteView after, const std::string& only,
                                   const std::function<void(const schema::StoreId& holder,
                                                            const AccountReader::HeldRoom&)>& each);
    /// Every store, or `only`, from the cursor's on, until the page has a next one.
    schema::Result<void> each_store(
        schema::ByteView after, const std::string& only,
        const std::function<schema::Result<void>(const schema::StoreId&,
                                                 const schema::Bytes& behind)>& scan);
    /// Counts what was looked at.
    bool page_is_full();
    std::size_t rows_max() const;
    schema::Result<PotView> view_of(const AccountReader::Found& found) const;
    schema::Result<void> rows_of(const AccountReader::Found& found, Rows& rows) const;
    schema::Result<void> round_rows(const AccountReader::Found& found, Rows& rows) const;
    schema::Result<void> task_rows(const AccountReader::Found& found, Rows& rows) const;
    schema::AnswerRow row_of(const AccountReader::Found& found, std::int64_t value) const;
    schema::Freshness heard(const std::string& store, schema::GrantOf of) const;
    /// Whether rows about goods, or about customers, were asked for.
    bool asked_for(schema::GrantOf of) const {
        return query_.topic != schema::kTopicStock || of == schema::GrantOf::stock;
    }

    const Answers& answers_;
    const schema::Query& query_;
    schema::Answer answer_;
    std::size_t visited_ = 0;
};

}  // namespace filial::subscriber
