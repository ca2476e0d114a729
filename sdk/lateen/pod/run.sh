# Runs a plain command, "$@", in an image that need not hold anything of ours: the shell and every
# program here are those of busybox. The step's end is the end of this process, the first one.
bb="$LATEEN_GIVEN/busybox"
work="$LATEEN_WORK"
blocks=2048 # of 512 bytes each: what is kept of the log

: >"$work/started"
exec 9<>"$work/ended"
trap 'exit 143' TERM
# Room to tell the end in, whatever the command fills: writing over it takes no more.
printf '%512s\n' '' >"$work/outcome.partial"

# Another process asks the catalog whether the command may begin; it may be starting still, or again.
tries=0
until [ -e "$LATEEN_GIVEN/began" ]; do
    [ $((tries % 50)) -eq 0 ] && echo begin >&9
    tries=$((tries + 1))
    "$bb" sleep 0.02
done
read -r answer <"$LATEEN_GIVEN/began"
if [ "$answer" != yes ]; then
    "$bb" cat "$LATEEN_GIVEN/began" >&2
    exit 3
fi
LATEEN_PARAMETERS="$("$bb" cat "$LATEEN_GIVEN/parameters.json")"
export LATEEN_PARAMETERS

# What the kernel says of this container's memory, by either version of cgroups.
oom_kills() {
    for file in /sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control; do
        [ -r "$file" ] || continue
        while read -r key value; do
            [ "$key" = oom_kill ] && echo "$value" && return
        done <"$file"
    done
    echo 0
}
memory_limit() {
    for file in /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes; do
        [ -r "$file" ] || continue
        read -r value <"$file"
        # Where there is no limit it is a word, or nineteen digits long.
        case "$value" in max | ???????????????????*) echo null ;; *) echo "$value" ;; esac
        return
    done
    echo null
}
killed_before="$(oom_kills)"

# Output goes on to where this process's goes, and its start to the log.
"$bb" rm -f "$work/printed"
"$bb" mkfifo "$work/printed"
(
    trap '' TERM XFSZ
    ulimit -f "$blocks"
    exec "$bb" tee "$work/log" 9>&- 2>/dev/null
) <"$work/printed" &
pump=$!

# Set before the command starts, so that no signal falls between.
asked=false
child=
pass_on() {
    asked=true
    passed_on=true
    [ -z "$child" ] || kill -TERM "$child" 2>/dev/null
}
trap pass_on TERM
("$bb" rm -f "$work/printed"; exec "$@") >"$work/printed" 2>&1 9>&- &
child=$!
[ "$asked" = false ] || kill -TERM "$child" 2>/dev/null
while :; do
    passed_on=false
    wait "$child"
    code=$?
    # A signal ends the wait, with a code that is not the command's: it is asked for again.
    [ "$passed_on" = true ] || break
done

# What the command left running may hold its output open for ever.
tries=0
while kill -0 "$pump" 2>/dev/null && [ "$tries" -lt 50 ]; do
    tries=$((tries + 1))
    "$bb" sleep 0.02
done
[ "$$" -eq 1 ] && kill -KILL -1 2>/dev/null
if [ -f "$work/log" ] && [ "$("$bb" stat -c %s "$work/log")" -ge $((blocks * 512)) ]; then
    printf '\n... the rest of this log was cut here ...\n' >>"$work/log"
fi

exit=$code
[ "$code" -gt 128 ] && [ "$code" -lt 193 ] && exit=$((128 - code))
printf '{"exit": %s, "oomKills": %s, "memoryLimit": %s, "askedToGo": %s}\n' \
    "$exit" "$(($(oom_kills) - killed_before))" "$(memory_limit)" "$asked" >"$work/outcome.partial"
"$bb" mv -f "$work/outcome.partial" "$work/outcome.json"
exit "$code"
