#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "schema/mark.h"

/// An official answer: every store that matters says, to a nonce drawn for this question, how far
/// its log goes now, and the replica has read up to there. Pure; no clock decides anything here.
namespace filial::ledger {

/// A store whose word is needed, and why, for people.
struct Needed {
    schema::StoreId store;
    std::string why;
    friend bool operator==(const Needed&, const Needed&) = default;
};

/// What is asked, and what this store's replica knows of it.
struct OfficialQuestion {
    std::string topic;
    std::string place;                    ///< Of stock and application topics; empty: every store.
    std::string home;                     ///< Of the customer; empty where it is not known.
    std::set<std::string> holders;        ///< Stores with an open grant of his credit.
    std::vector<schema::StoreId> stores;  ///< Every store that is known.
    std::set<schema::StoreId> retired;    ///< Stores whose log has ended.
};

/// Who has to answer. Of a place's stock only the place. Of a customer or a debt every store but
/// those that retired: any of them may have taken a payment, or booked a fact, of which nobody has
/// heard. Home and who may still charge say so.
std::vector<Needed> who_matters(const OfficialQuestion& question);

/// The answers to one nonce.
class Confirmations {
  public:
    Confirmations() = default;
    /// `topics`: what of each log the value is made of.
    Confirmations(std::uint64_t nonce, std::vector<Needed> needed, std::vector<std::string> topics);

    std::uint64_t nonce() const { return nonce_; }
    /// Takes an answer. False, and nothing changes: it is to another nonce, of a store that does
    /// not matter, or came before. A later epoch of a store takes the place of an earlier one,
    /// never the reverse.
    bool hear(std::uint64_t nonce, const schema::Mark& mark);
    const schema::Mark* find(const schema::StoreId& store) const;

    /// Why there is no official answer yet.
    enum class Lack : std::uint8_t {
        silent,     ///< It has not answered.
        behind,     ///< It has, but the replica has not read up to there.
        old_epoch,  ///< It has, from an earlier life of its log than the replica has read.
    };
    struct Missing {
        Needed needed;
        Lack lack = Lack::silent;
    };
    /// How far the replica is in one log.
    using ReachedOf = std::function<schema::Reached(const schema::StoreId&)>;
    std::vector<Missing> missing(const ReachedOf& reached) const;

    const std::vector<Needed>& needed() const { return needed_; }

  private:
    std::uint64_t nonce_ = 0;
    std::vector<Needed> needed_;
    std::vector<std::string> topics_;
    std::map<schema::StoreId, schema::Mark> heard_;
};

}  // namespace filial::ledger
