# One member is stopped: it takes no signal but KILL and CONT.
here=$(dirname "$0")
sh -c 'echo . >> "$1/stopped.beat"; echo $$ > "$1/stopped.pid"; kill -STOP $$; exec sh "$0/beat.sh" "$1" stopped' "$here" "$1" &
exec sh "$here/beat.sh" "$1" leader
