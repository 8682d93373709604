# shellcheck shell=bash
# For scripts that build; to be sourced in the project's root.

# build PRESET: configures if that was never done, then builds what changed. Two that build the same
# preset at a time wait for each other.
build() {
    local preset=$1
    mkdir -p build
    ( flock 9 && build_alone "$preset" ) 9>"build/.$preset.lock"
}

build_alone() {
    local preset=$1
    if [[ ! -f build/$preset/build.ninja ]]; then
        if ! cmake --preset "$preset" >"build/configure-$preset.log" 2>&1; then
            cat "build/configure-$preset.log" >&2
            echo "configuring $preset failed; scripts/install-deps --list names what is missing" >&2
            return 1
        fi
    fi
    # One line for each step at a terminal, a line now and then elsewhere.
    if [[ -t 1 ]]; then
        cmake --build --preset "$preset"
    else
        NINJA_STATUS='[%f/%t, %e s] ' cmake --build --preset "$preset" |
            awk -v preset="$preset" '
                /^\[[0-9]+\// { last = $0; if (++n % 25) next }
                { print preset ": " $0; fflush(); last = "" }
                END { if (last != "") print preset ": " last }'
    fi
}
