# A leader with one child.
here=$(dirname "$0")
sh "$here/beat.sh" "$1" child &
exec sh "$here/beat.sh" "$1" leader
