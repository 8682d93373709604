#pragma once

#include <filesystem>
#include <string>

#include "schema/result.h"

namespace filial::core {

/// Which machine, and which file system, a data folder was made on. A copy of the folder, on
/// another disk or in another machine, is told from the folder itself by it: a store's log may go
/// on in one place only. The file `machine` in the folder, one line
///
///     1 MACHINE-ID PRODUCT-UUID INODE
///
/// with the system's id, that of the hardware where this user may read it (else "-"), and the
/// number of the file itself, which a copy does not keep. A virtual machine that is set back with
/// its disk as it was is not told: nothing on it differs.
struct Machine {
    std::string id = "-";
    std::string product = "-";
    std::string inode = "-";
    friend bool operator==(const Machine&, const Machine&) = default;
};

/// What differs between the machine that is noted and the one that is here, for people; empty for
/// the same one. What is not known on either side counts for nothing.
std::string difference(const Machine& noted, const Machine& here);

/// Empty where `data` was made here, or has no note yet and gets one now; else what differs.
/// `corrupt` for a note that cannot be read, or `io`.
schema::Result<std::string> check_machine(const std::filesystem::path& data);
/// Notes that the folder is of this machine from now on. Durable on return.
schema::Result<void> note_machine(const std::filesystem::path& data);

/// What this machine is called in its network, for people.
std::string host_name();

}  // namespace filial::core
