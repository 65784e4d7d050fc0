# A pair that does not care for TERM: one starts fifty processes a second.
trap '' TERM
here=$(dirname "$0")
sh -c 'while :; do sh -c "echo . >> \"$1/child.beat\"; exec sleep 0.5" & sleep 0.02; done' respawner "$1" &
exec sh "$here/beat.sh" "$1" leader
