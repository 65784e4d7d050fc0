# A grandchild in a session of its own, whose parent lives.
here=$(dirname "$0")
sh -c 'setsid sh "$0/beat.sh" "$1" grandchild & wait' "$here" "$1" &
exec sh "$here/beat.sh" "$1" leader
