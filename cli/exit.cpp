#include "cli/exit.h"

#include "cli/json.h"

namespace filial::cli {

int exit_code_of(schema::Errc code) { return schema::error_info(code).exit_code; }

std::string error_json(const schema::Error& error) {
    Json inner;
    inner["code"] = std::string(schema::error_info(error.code).name);
    inner["message"] = error.message;
    Json outer;
    outer["error"] = std::move(inner);
    return dump(outer);
}

int report(Console& console, const schema::Error& error) {
    if (console.json) {
        console.line(error_json(error));
    } else {
        std::string text = error.message;
        for (char& c : text) {
            if (c == '\n' || c == '\r') c = ' ';
        }
        console.say("filial: " + text);
    }
    return exit_code_of(error.code);
}

}  // namespace filial::cli
