# Deaf to every polite signal, and so are its children.
trap '' TERM INT HUP
here=$(dirname "$0")
sh "$here/beat.sh" "$1" child &
exec sh "$here/beat.sh" "$1" leader
