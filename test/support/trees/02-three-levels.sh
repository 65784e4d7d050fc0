# Three generations in one group.
here=$(dirname "$0")
sh -c 'sh "$0/beat.sh" "$1" grandchild & exec sh "$0/beat.sh" "$1" child' "$here" "$1" &
exec sh "$here/beat.sh" "$1" leader
