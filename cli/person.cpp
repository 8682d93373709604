#include "cli/person.h"

#include <pwd.h>
#include <unistd.h>

namespace filial::cli {

std::string this_person() {
    const passwd* entry = getpwuid(getuid());
    return entry != nullptr ? entry->pw_name : "user " + std::to_string(getuid());
}

}  // namespace filial::cli
