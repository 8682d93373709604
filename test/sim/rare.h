#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "test/sim/random.h"

namespace filial::sim {

/// What may happen at any time and hardly ever does: here it is common. Each point is armed in a
/// quarter of the seeds, and then happens at a quarter of the places where it may; those from
/// `marks_each_turn` on are of a whole company, in fewer seeds. None of them is a fault: all of it
/// is within what the interfaces say.
enum class Rare {
    short_read,        ///< A read ends with its first commit, whatever was asked for.
    unfinished,        ///< A commit that is on the disk is not ready to be finished.
    no_room,           ///< A commit finds no room, and the next one does.
    look_interrupted,  ///< A look through a journal does not end with this step.
    line_full,         ///< A message is not taken: the line is full.
    late_read,         ///< A message that has come is read in the next turn only.
    young_break,       ///< A connection breaks as soon as it stands.
    small_piece,       ///< A piece of a snapshot has one row.
    read_again,        ///< What is about to come is waited for before a flush.
    idle_turn,         ///< A process turns though there is nothing to do.
    marks_each_turn,   ///< Marks as often as a company may set.
    groups_of_one,     ///< Each ticket is a commit.
    looks_all_day,     ///< A look begins where one has ended.
    count,
};
constexpr std::size_t kRares = static_cast<std::size_t>(Rare::count);
constexpr const char* kRareNames[] = {
    "short reads",          "commits not ready", "commits without room",     "looks interrupted",
    "lines full",           "late reads",        "connections broken young", "pieces of one row",
    "reads before a flush", "idle turns",        "marks in each turn",       "groups of one ticket",
    "looks all day"};
static_assert(sizeof kRareNames / sizeof *kRareNames == kRares, "each has a name");

/// Draws when they happen, and counts how often. Their random numbers are their own: a seed in
/// which none is armed goes as it would without them.
class RarePoints {
  public:
    /// Not in a company of which `quiet` says that nothing befalls it. What makes a
    /// seed take three times as long is armed in few.
    RarePoints(std::uint64_t seed, bool quiet) : random_(seed * 2 + 0x7261'7265) {
        for (std::size_t point = 0; point < kRares; ++point) {
            const auto rare = static_cast<Rare>(point);
            const bool costly = rare == Rare::read_again || rare == Rare::looks_all_day;
            const unsigned often = costly ? 30 : rare < Rare::marks_each_turn ? 250 : 60;
            armed_[point] = random_.chance(often) && !quiet;
        }
    }
    std::string text() const {
        std::string text;
        for (std::size_t point = 0; point < kRares; ++point) {
            if (armed_[point]) text += std::string(text.empty() ? "" : ", ") + kRareNames[point];
        }
        return text.empty() ? "none" : text;
    }
    /// From now on it does not happen any more.
    void disarm(Rare point) { armed_[static_cast<std::size_t>(point)] = false; }
    bool armed(Rare point) const { return armed_[static_cast<std::size_t>(point)]; }
    bool happens(Rare point) {
        if (!armed(point) || !random_.chance(250)) return false;
        ++times_[static_cast<std::size_t>(point)];
        return true;
    }
    /// Of a whole company.
    bool holds(Rare point) {
        if (armed(point)) ++times_[static_cast<std::size_t>(point)];
        return armed(point);
    }
    std::int64_t times(Rare point) const { return times_[static_cast<std::size_t>(point)]; }

  private:
    Random random_;
    std::array<bool, kRares> armed_{};
    std::array<std::int64_t, kRares> times_{};
};

/// Those of the company that runs; nullptr between two.
inline RarePoints* rare_points = nullptr;
inline bool rare(Rare point) { return rare_points != nullptr && rare_points->happens(point); }

}  // namespace filial::sim
